// A lineage as a story for people: what was said, the principle, the label, the changed reply, and in the end how much of it the
// records show. Knows no file.

import { counted } from "../../core/index.ts";
import type { Verdict } from "../../records/index.ts";
import { tellChain } from "./chain.ts";
import type { Change } from "./choice.ts";
import type { Lineage, LineagePrinciple } from "./document.ts";
import type { Voice } from "./voices.ts";

const margin = 15;

/** A name, and a text beside it whose further lines stand below its first. */
const entry = (name: string, text: string): string =>
  `  ${name.padEnd(margin)}${text.replaceAll("\n", `\n  ${" ".repeat(margin)}`)}`;

const quoted = (text: string): string => JSON.stringify(text);

/** Voices of a principle that are told; the document has all. */
const told = 3;

const ways = {
  cited: "cited by the model that wrote the principle",
  similar: "not cited, but nearest to the principle in its words",
  proposed: "proposed it",
  supported: "supported it",
} as const satisfies Record<Voice["by"], string>;

const states = {
  confirmed: "",
  differs: "; the record in the folder says something else",
  absent: "; not in the folder",
  unread: "; as the constitution has it",
} as const satisfies Record<Voice["state"], string>;

const number = (value: number): string => String(Math.round(100 * value) / 100);

const ratingsOf = (ratings: Readonly<Record<string, number | null>>): string =>
  Object.entries(ratings)
    .map(([metric, value]) => `${metric} ${value === null ? "missing" : number(value)}`)
    .join(", ");

const describeVoice = ({ speaker, said, by, state, record, persona, occasion }: Voice): string[] => {
  const name = persona?.name ?? persona?.id;
  return [
    entry(speaker, `${name === undefined ? "" : `${name}: `}${by === "supported" ? said : quoted(said)}`),
    ...(persona?.description === undefined ? [] : [entry("  who", quoted(persona.description))]),
    ...(occasion === undefined
      ? []
      : [
          ...(occasion.request === null ? [] : [entry("  was asked", quoted(occasion.request))]),
          entry("  of the reply", quoted(occasion.text)),
          entry("  rated it", ratingsOf(occasion.ratings)),
        ]),
    entry("  record", `${record} (${ways[by]}${states[state]})`),
  ];
};

const describePrinciple = ({
  id,
  title,
  preference,
  source,
  support = [],
  voices,
}: LineagePrinciple): string[] => {
  const first = voices.toSorted(
    (one, other) => Number(other.state === "confirmed") - Number(one.state === "confirmed"),
  );
  const rest = voices.length - told;
  return [
    ...first.slice(0, told).flatMap(describeVoice),
    ...(rest > 0 ? [`  and ${counted(rest, "more ground")} of this principle (--json has all)`] : []),
    ...(voices.length === 0 ? ["  nobody's words are known"] : []),
    "",
    `2. The principle: ${id}`,
    entry("says", title),
    ...(preference === "" ? [] : [entry("judge's task", preference)]),
    ...(source === undefined ? [] : [entry("comes from", source)]),
    ...support.map(({ group, agree, disagree, pass }) =>
      entry("votes", `${group}: ${agree} for, ${disagree} against, ${pass} of neither kind`),
    ),
  ];
};

const verdictOf = ({ class: name, harm, helpfulness }: Verdict): string =>
  `${name}, harm ${number(harm)} of 4, helpfulness ${number(helpfulness)} of 1`;

const kindOf = ({ prompt: { kind, area } }: Lineage): string =>
  [kind, area].filter((one) => one !== null).join(", ");

const modelNames = { dpo: "dpo (DPO-CAI)", rl: "rl (RL-CAI)" } as const;

const signed = (value: number): string => `${value > 0 ? "+" : ""}${number(value)}`;

const describeChange = ({ harm, helpfulness, alike }: Change): string =>
  alike === 1
    ? "the same words"
    : `harm ${signed(harm)}, helpfulness ${signed(helpfulness)}, alike in their words ${number(alike)} of 1`;

const describeAnswer = (lineage: Lineage): string[] => {
  const { prompt, replies, model, changes } = lineage;
  const kind = kindOf(lineage);
  const rows = [
    ["base", replies.base],
    ["sl", replies.sl],
    [model, replies.after],
  ] as const;
  const isSame = replies.base.text === replies.after.text;
  return [
    `4. The ${isSame ? "reply, which did not change" : "changed reply"}: ${prompt.id}${kind === "" ? "" : ` (${kind})`}`,
    entry("asked", quoted(prompt.request)),
    ...rows.flatMap(([name, { text, verdict }]) => [
      entry(name, quoted(text)),
      entry("", `(${verdictOf(verdict)})`),
    ]),
    entry("from base", describeChange(changes.fromBase)),
    entry("from sl", describeChange(changes.fromSl)),
  ];
};

const describeLabel = ({ label }: Lineage): string[] => [
  `3. The label: ${label.record}`,
  entry("asked", quoted(label.request)),
  entry("preferred", `${quoted(label.preferred)} (probability ${number(label.probability)})`),
  entry("over", quoted(label.other)),
  entry("judged by", `${label.judge}, under ${label.principles.join(" and ")}`),
];

/** "harmful prompts about privacy", as far as kind and area are known. */
const promptsLike = ({ prompt: { kind, area } }: Lineage): string =>
  `${kind === null ? "" : `${kind} `}prompts${area === null ? "" : ` about ${area}`}`;

const describeChoice = (lineage: Lineage): string => {
  const { label, counts, old } = lineage;
  const among = counts.isNarrowed ? `on ${promptsLike(lineage)}` : "that it learned from";
  const share = `${counts.along} of ${counted(counts.ofKind, "label")} ${among} ${counts.along === 1 ? "pulls" : "pull"} from ${old}'s reply to the new one, by their words`;
  const how = `(TF-IDF: its request's nearness ${number(label.nearness)}, times the pull of its replies ${number(label.pull)}, times how sure it is, ${number(2 * label.probability - 1)})`;
  const onMatter = `${share}, ${counts.onMatter} of them judged under a principle about ${lineage.prompt.area}; ${counts.onMatter === 1 ? "this is the one" : "of these this one does most"} ${how}.`;
  if (counts.onMatter > 0) return onMatter;
  return label.weight > 0
    ? `${share}; this one does most ${how}.`
    : `${share}; this one, which does not either, is the least against it ${how}.`;
};

const describeShown = (lineage: Lineage): string[] => {
  const { counts, prompt, model, changes } = lineage;
  const way = model === "dpo" ? "dpo learned from" : "rl's reward model learned from";
  const chosen = prompt.named
    ? "The prompt was named."
    : `Of ${counted(prompt.of, "held-out prompt")} this is the one whose verdict (the sandbox's oracle's) changed most from base by what came after sl, then by all; among equals, whose words did.`;
  return [
    "What the records show",
    `  ${chosen}${prompt.sameSeed ? " All models answered it with the same seed." : ""}`,
    `  ${describeChoice(lineage)}`,
    `  It is one of ${counted(counts.learned, "label")} that ${way}, ${counts.underPrinciples} of them judged under the same principle. Before that, SL-CAI learned from revisions; ${counts.chainsUnderPrinciples} of ${counted(counts.chains, "chain")} had a round under it.`,
    ...(counts.onMatter > 0
      ? []
      : [
          "  Which principle judges a comparison is drawn, so it need not speak of what the request is about.",
        ]),
    changes.fromSl.alike === 1
      ? `  SL-CAI said the same already, so labels changed nothing in this reply: revisions had.`
      : "  Labels work on SL-CAI, so their part is the change from sl; the rest is that of revisions.",
    "  All of these changed the model together. No record shows that this label, or these words, made this reply.",
  ];
};

/** The lines of a lineage, from what was said to the reply. */
export const tellLineage = (lineage: Lineage): string[] => {
  const { contract, principles } = lineage;
  const place = contract === null ? "" : ` (\`covenant ${contract.command}\`, ${contract.folder})`;
  return [
    `Lineage of one reply of ${modelNames[lineage.model]} in ${lineage.folder}, arm ${lineage.arm}, constitution ${lineage.constitution}`,
    "",
    ...tellChain(lineage),
    "",
    `1. What was said${place}`,
    ...principles.flatMap((principle, at) => [...(at === 0 ? [] : [""]), ...describePrinciple(principle)]),
    "",
    ...describeLabel(lineage),
    "",
    ...describeAnswer(lineage),
    "",
    ...describeShown(lineage),
    ...lineage.notices.map((notice) => `  ${notice}`),
  ];
};
