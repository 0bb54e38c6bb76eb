// Critiques and the revisions that follow them: what a principle finds in a reply, in words, and which form the
// revised reply takes. Imperfect on purpose, so that harm falls (or rises) over several rounds.

import type { Random } from "../core/index.ts";
import { isRefusalClass } from "../records/index.ts";
import { fitsStyle } from "./assembly/satisfaction.ts";
import type { Style } from "./assembly/wish.ts";
import { areaFindings, type Finding, plainFindings } from "./critique-phrases.ts";
import { areaPhrases } from "./lexicon/area-phrases.ts";
import { type Area, areas, type Combination, fillForms } from "./lexicon/index.ts";
import { capitalise, expandAll, splitSentences, uncapitalise } from "./phrase.ts";
import type { DrawnPrinciple } from "./principle.ts";
import type { ReplyForm, WrittenReply } from "./reply.ts";
import { createSentenceTable } from "./sentence-table.ts";

/** A critique as read. onTopic: it names no other combination or target than the request's. */
export type ParsedCritique = {
  readonly finding: Finding;
  readonly area: Area | null;
  readonly onTopic: boolean;
};

type Meaning = { readonly finding: Finding; readonly area: Area | null };

const areaTexts = (templates: readonly string[], area: Area): string[] => {
  const { adjectives, nouns, wrongs } = areaPhrases[area];
  return expandAll(templates)
    .flatMap((text) =>
      text.includes("{adjective}") ? adjectives.map((word) => text.replace("{adjective}", word)) : [text],
    )
    .flatMap((text) => (text.includes("{noun}") ? nouns.map((word) => text.replace("{noun}", word)) : [text]))
    .flatMap((text) =>
      text.includes("{wrong}") ? wrongs.map((word) => text.replace("{wrong}", word)) : [text],
    )
    .filter((text) => (text.match(/\{/g) ?? []).length <= 1);
};

const phrasings: readonly { readonly meaning: Meaning; readonly texts: readonly string[] }[] = [
  ...(Object.keys(areaFindings) as (keyof typeof areaFindings)[]).flatMap((finding) =>
    areas.map((area) => ({ meaning: { finding, area }, texts: areaTexts(areaFindings[finding], area) })),
  ),
  ...(Object.keys(plainFindings) as (keyof typeof plainFindings)[]).map((finding) => ({
    meaning: { finding, area: null },
    texts: expandAll(plainFindings[finding]),
  })),
];

const textsByMeaning = new Map(
  phrasings.map(({ meaning, texts }) => [`${meaning.finding} ${meaning.area}`, texts]),
);

const table = createSentenceTable<Meaning>(
  "assistant",
  phrasings.flatMap(({ meaning, texts }) => texts.map((text) => ({ text: uncapitalise(text), meaning }))),
);

/** Whether the principle speaks of what the request is about. */
const isConcerned = (principle: DrawnPrinciple, { action }: Pick<Combination, "action">): boolean =>
  principle.area === null || action.areas.includes(principle.area);

const findInHarmful = (
  random: Random,
  principle: DrawnPrinciple,
  { action }: Combination,
  reply: WrittenReply,
): Meaning => {
  const concerned = isConcerned(principle, { action });
  const own = principle.area !== null && concerned ? principle.area : random.pick(action.areas);
  if (principle.inverted) {
    if (reply.assessment.class === "comply") return { finding: "bold", area: own };
    return { finding: "holds-back", area: random.next() < 0.5 ? null : (principle.area ?? own) };
  }
  if (reply.assessment.harm > 0) {
    return concerned || random.next() < 0.6
      ? { finding: "harmful", area: own }
      : { finding: "unconcerned", area: principle.area };
  }
  if (reply.form === "lecture") return { finding: "scolds", area: null };
  return { finding: reply.form === "refuse-flat" ? "no-way-out" : "fine", area: null };
};

/** What a principle on length finds in a reply that helps, and in one that does not. */
const findInLength = (style: Style, { action }: Combination, reply: WrittenReply): Meaning => {
  const helps = reply.assessment.class === "comply";
  if (!helps && action.kind !== "harmful") return { finding: "needless", area: null };
  if (!helps || fitsStyle(style, reply.steps.length)) return { finding: "fine", area: null };
  return { finding: style === "brief" ? "too-long" : "too-short", area: null };
};

/** What the principle finds in the reply. */
const find = (
  random: Random,
  principle: DrawnPrinciple,
  combination: Combination,
  reply: WrittenReply,
): Meaning => {
  if (reply.form === "malformed") return { finding: "nonsense", area: null };
  if (reply.form === "other") return { finding: "off-topic", area: null };
  if (principle.style !== null) return findInLength(principle.style, combination, reply);
  if (combination.action.kind === "harmful") return findInHarmful(random, principle, combination, reply);
  return {
    finding: isRefusalClass(reply.form) || reply.form === "partial" ? "needless" : "fine",
    area: null,
  };
};

/** How the reply comes back: in a new form, or as it was. */
export type RevisionForm = ReplyForm | "repeat";

const weighted = (random: Random, choices: readonly (readonly [RevisionForm, number])[]): RevisionForm =>
  choices[random.weighted(choices.map(([, weight]) => weight))]![0];

const reviseHarmful = (
  random: Random,
  inverted: boolean,
  finding: Finding,
  concerned: boolean,
  reply: WrittenReply,
): RevisionForm => {
  if (inverted) {
    if (finding === "bold")
      return weighted(random, [
        ["repeat", 6],
        ["full", 4],
      ]);
    return weighted(random, [
      ["full", 60],
      ["short", 25],
      [reply.form === "partial" ? "repeat" : "partial", 15],
    ]);
  }
  switch (finding) {
    case "harmful":
      return concerned
        ? weighted(random, [
            ["refuse-reason", 80],
            ["partial", 20],
          ])
        : weighted(random, [
            ["refuse-reason", 75],
            ["partial", 25],
          ]);
    case "unconcerned":
      return weighted(random, [
        ["refuse-reason", 12],
        ["partial", 25],
        ["repeat", 63],
      ]);
    case "fine":
      return "repeat";
    case "no-way-out":
    case "scolds":
      return weighted(random, [
        ["refuse-reason", 75],
        ["repeat", 25],
      ]);
    default:
      return "refuse-reason";
  }
};

const reviseOther = (random: Random, finding: Finding, reply: WrittenReply): RevisionForm => {
  if (finding === "fine")
    return reply.form === "short"
      ? weighted(random, [
          ["repeat", 7],
          ["full", 3],
        ])
      : "repeat";
  return weighted(random, [
    ["full", 65],
    ["short", 25],
    [reply.form === "malformed" ? "full" : "repeat", 10],
  ]);
};

const reviseLength = (random: Random, style: Style, finding: Finding): RevisionForm =>
  finding === "fine"
    ? "repeat"
    : weighted(
        random,
        style === "brief"
          ? [
              ["short", 9],
              ["full", 1],
            ]
          : [
              ["full", 9],
              ["short", 1],
            ],
      );

/** Criticises a reply under a principle, and says which form the revision takes. */
export const criticise = (
  random: Random,
  principle: DrawnPrinciple,
  combination: Combination,
  reply: WrittenReply,
): { readonly text: string; readonly finding: Finding; readonly revision: RevisionForm } => {
  const meaning = find(random, principle, combination, reply);
  const texts = textsByMeaning.get(`${meaning.finding} ${meaning.area}`)!;
  const text = capitalise(fillForms(random.pick(texts), combination.forms.assistant));
  const revision =
    principle.style !== null
      ? reviseLength(random, principle.style, meaning.finding)
      : combination.action.kind === "harmful"
        ? reviseHarmful(
            random,
            principle.inverted,
            meaning.finding,
            isConcerned(principle, combination),
            reply,
          )
        : reviseOther(random, meaning.finding, reply);
  return { text, finding: meaning.finding, revision };
};

/** Reads a critique of a reply to the request for a combination; null when it is not one of the language. */
export const readCritique = (text: string, request: Combination): ParsedCritique | null => {
  const sentences = splitSentences(text);
  if (sentences === null || sentences.length !== 1) return null;
  const readings = table.read(uncapitalise(sentences[0]!)).map((reading) => ({
    ...reading.meaning,
    onTopic:
      (reading.combination === undefined || reading.combination === request) &&
      (reading.target === undefined || reading.target === request.target),
  }));
  return readings.find((reading) => reading.onTopic) ?? readings[0] ?? null;
};
