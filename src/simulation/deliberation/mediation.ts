// A mediator writes documents that a group could agree on from what its members said (in the manner of the Habermas Machine,
// Tessler et al. 2024): several drafts, each from what was said in another order. Where more was said than fits, a draft is
// made in parts, each of which amends what came of the part before. A part that stays unreadable amends nothing.

import { createRandom, deriveSeed } from "../../core/index.ts";
import type { Constitution, MediationRecord } from "../../records/index.ts";
import type { PhaseTask } from "../episodes/episode.ts";
import { documentOf } from "../episodes/learned.ts";
import {
  type MetaReading,
  metaAnswerForm,
  type ReadPrinciple,
  readMeta,
  referredTo,
} from "../episodes/meta-reading.ts";
import { episodeWordings } from "../episodes/wordings.ts";
import type { Said } from "./candidates.ts";
import { type AskPhase, type DeliberationOptions, seedOf } from "./deliberation.ts";
import { mediationMessages, type Opinion } from "./wording.ts";

/** Something that was said, with where it stands and by whom. The mediator is told neither. */
export type Voice = Said & Opinion;

/**
 * standing: the document to begin with, null for none. atOnce: of what was said, so much is shown at once. most: principles
 * of a draft at most. attempts: how often a part is asked for where the reply cannot be read.
 */
export type Mediation = {
  readonly standing: { readonly id: string; readonly document: Constitution } | null;
  readonly voices: readonly Voice[];
  readonly drafts: number;
  readonly atOnce: number;
  readonly most: number;
  readonly attempts: number;
};

/**
 * document: null where nothing readable came. parents: the records that it was made of. unread: parts without a readable
 * reply; cut: principles that were left out, being more than a draft may have.
 */
export type Draft = {
  readonly name: string;
  readonly document: Constitution | null;
  readonly parents: readonly string[];
  readonly unread: number;
  readonly cut: number;
};

const briefMost = episodeWordings.brief.metaPrompts.critique.most ?? 0;

type Growing = {
  readonly name: string;
  readonly order: readonly Voice[];
  document: Constitution | null;
  parents: string[];
  unread: number;
  cut: number;
};

/** What a part is asked about: the principles so far, and what is shown of what was said. */
type Shown = { readonly document: Constitution | null; readonly shown: readonly Voice[] };

const statementsOf = (document: Constitution | null): string[] =>
  document?.principles.map(({ title }) => title) ?? [];

/** So many principles at most, in their order: those that most was said for; one that stands has a voice of its own. */
const strongest = (
  principles: readonly ReadPrinciple[],
  most: number,
  standing: readonly string[],
): ReadPrinciple[] => {
  const voices = ({ text, from }: ReadPrinciple): number => from.length + (standing.includes(text) ? 1 : 0);
  const kept = new Set([...principles].sort((one, other) => voices(other) - voices(one)).slice(0, most));
  return principles.filter((one) => kept.has(one));
};

/** A reading with as many principles as there may be, and those that are too many. */
type Cut = { readonly reading: MetaReading; readonly cut: readonly string[] };

const read = (
  { text, finish }: Pick<MediationRecord, "text" | "finish">,
  { document, shown }: Shown,
  options: DeliberationOptions,
  most: number,
): Cut => {
  // the brief wording does not tell how many there may be: of those that the model writes, the strongest count
  const written = options.prompts.wording === "brief" ? Math.max(most, briefMost) : most;
  const standing = statementsOf(document);
  const referred = referredTo(
    standing,
    shown.map(({ said }) => said),
  );
  const bounds = {
    users: options.users.length,
    comments: shown.length,
    ...(episodeWordings[options.prompts.wording].refers ? { referred } : {}),
  };
  const reading = readMeta({ text, finish }, { form: "critique", most: written }, bounds);
  if (reading.type !== "read") return { reading, cut: [] };
  const constitution = strongest(reading.constitution, most, standing);
  const cut = reading.constitution.filter((one) => !constitution.includes(one)).map((one) => one.text);
  return { reading: { ...reading, constitution }, cut };
};

type PartTask = { readonly part: number; readonly attempt: number; readonly shown: readonly Voice[] };

const draftTask = (
  options: DeliberationOptions,
  { standing, most }: Mediation,
  { name, document, parents }: Growing,
  { part, attempt, shown }: PartTask,
): PhaseTask<MediationRecord> => {
  const { stage, prompts, sampling, words, users } = options;
  const id = `${stage}/${name}/part-${part}-${attempt}`;
  const seed = seedOf(options, id);
  const numbers = shown.map(({ record }) => record);
  const amended = [...(standing === null ? [] : [standing.id]), ...parents.slice(-1)];
  return {
    request: {
      messages: mediationMessages(
        {
          users: users.length,
          statements: statementsOf(document),
          opinions: shown,
          most,
          words: words.document,
        },
        prompts,
      ),
      ...sampling.mediator,
      seed,
      ...(prompts.wording === "full" ? { answer: metaAnswerForm("critique") } : {}),
    },
    record: (reply, model) => {
      const { text, finish } = reply!;
      const { reading: found, cut } = read({ text, finish }, { document, shown }, options, most);
      const critique = found.type === "read" ? found.critique : null;
      return {
        ...{ id, parents: [...amended, ...numbers], stage, seed },
        ...{ draft: name, part, attempt, model, text, finish, numbers },
        ...(critique === null ? {} : { critique }),
        ...(found.type === "read" ? {} : { problem: found.problem }),
        ...(cut.length === 0 ? {} : { cut: [...cut] }),
      };
    },
  };
};

/** Takes a readable reply into its draft. */
const amend = (
  growing: Growing,
  row: MediationRecord,
  options: DeliberationOptions,
  { most }: Mediation,
  { shown }: PartTask,
): void => {
  const { reading: found, cut } = read(row, { document: growing.document, shown }, options, most);
  if (found.type !== "read") return;
  growing.cut += cut.length;
  growing.document = documentOf(found.constitution, {
    part: "constitution",
    previous: growing.document,
    comments: shown.map(({ record, speaker, said }, at) => ({ number: at + 1, record, speaker, said })),
    run: 1,
    model: row.model,
    description: "",
    ...(options.says === undefined ? {} : { says: options.says }),
  });
  growing.parents = [...growing.parents, row.id];
};

/** The drafts of a mediator. */
export const mediate = async (
  options: DeliberationOptions,
  mediation: Mediation,
  ask: AskPhase<MediationRecord>,
): Promise<Draft[]> => {
  const { standing, voices, drafts, atOnce, attempts } = mediation;
  const growing = Array.from({ length: drafts }, (_, at): Growing => {
    const name = `draft-${at + 1}`;
    const order = createRandom(deriveSeed(options.runSeed, options.stage, name, "order")).shuffle(voices);
    return { name, order, document: standing?.document ?? null, parents: [], unread: 0, cut: 0 };
  });
  const parts = Math.max(1, Math.ceil(voices.length / atOnce));
  for (let part = 1; part <= parts; part++) {
    let open = growing;
    for (let attempt = 1; attempt <= attempts && open.length > 0; attempt++) {
      const asked = open.map((one) => ({
        one,
        task: { part, attempt, shown: one.order.slice((part - 1) * atOnce, part * atOnce) },
      }));
      const rows = ask({
        what: "drafts",
        count: asked.length,
        *tasks() {
          for (const { one, task } of asked) yield draftTask(options, mediation, one, task);
        },
      });
      const unread: Growing[] = [];
      let at = 0;
      for await (const row of rows) {
        const { one, task } = asked[at++]!;
        if (row.problem === undefined) amend(one, row, options, mediation, task);
        else unread.push(one);
      }
      open = unread;
    }
    for (const one of open) one.unread++;
  }
  return growing.map(({ document, parents, name, unread, cut }) => ({
    ...{ name, parents, unread, cut },
    document: parents.length === 0 ? null : document,
  }));
};
