// Rounds of criticism in the manner of the Habermas Machine (Tessler et al. 2024): a mediator drafts documents, first from what
// was proposed and then from what users say of the document that stands; users say how much they support each, the one
// that stands among them; Schulze's rule decides which one stands from now on. So no round takes from the group what it ranks
// above all that is new.

import { join } from "node:path";
import { counted, deriveSeed } from "../../core/index.ts";
import type { LanguageModel } from "../../models/index.ts";
import {
  type CandidateRecord,
  type Constitution,
  candidateRecordSchema,
  mediationRecordSchema,
  type SupportRecord,
  supportRecordSchema,
} from "../../records/index.ts";
import type { RecordFile, StageContext } from "../../runs/index.ts";
import {
  type DeliberationOptions,
  type Draft,
  documentOfDraft,
  episodeWordings,
  gatherComments,
  mediate,
  plainText,
  seededBy,
  supportMetric,
  type Voice,
} from "../../simulation/index.ts";
import type { Vote, VoteConfig } from "../settings/vote-settings.ts";
import { type AskingContext, askPhases, withRoleModels } from "./phases.ts";
import type { Pipeline } from "./stage-model.ts";
import {
  askedOf,
  askForSupport,
  choicesOf,
  countRows,
  documentInput,
  optionsOf,
  readVoted,
  type Voted,
  writeVoted,
} from "./vote-run.ts";

/** The stages of rounds: the opening drafts from what was proposed, the others from criticism. */
export const roundNames = (rounds: number): string[] =>
  rounds === 0 ? [] : ["opening", ...Array.from({ length: rounds }, (_, at) => `round-${at + 1}`)];

/** The document that stands, by its name among the candidates of a round. */
export const standingName = "standing";

/** What is drafted from in the opening: what users proposed, in their own words, or what a file names. */
const proposedVoices = ({ candidates }: Voted): Voice[] =>
  candidates.flatMap(({ id, statements, said, source }) =>
    said.length > 0
      ? said.map((one) => ({ ...one, support: null }))
      : [{ record: id, speaker: source ?? "file", said: statements[0]!, support: null }],
  );

/** Whether the mediator is not shown the comment of somebody who supports the document by so much. */
export const isHeldBack = (
  { wording, contentFrom }: Pick<VoteConfig, "wording" | "contentFrom">,
  support: number | null,
): boolean => episodeWordings[wording].holdsBack({ support }, [supportMetric], contentFrom);

/** What users say of the document that stands: all of it, and what the mediator hears of it. */
type Said = { readonly rows: readonly SupportRecord[]; readonly voices: readonly Voice[] };

/** The mediator does not hear thanks of those who are content with the document, where these are held back. */
const askUsers = async (
  { config }: Vote,
  options: DeliberationOptions,
  standing: CandidateRecord,
  file: RecordFile<SupportRecord>,
  { user, ...context }: AskingContext & { readonly user: LanguageModel },
): Promise<Said> => {
  const ask = askPhases(file, context);
  const rows = await gatherComments(options, standing, (phase) => ask(phase, user, "comments"));
  const voices = rows.flatMap(({ id, user: speaker, comment, support }) =>
    comment === "" || isHeldBack(config, support) ? [] : [{ record: id, speaker, said: comment, support }],
  );
  return { rows, voices };
};

/** What became of the replies where the mediator heard nothing. */
const describeUnheard = (rows: readonly SupportRecord[]): string => {
  const silent = rows.filter(({ comment }) => comment === "");
  const empty = silent.filter(
    ({ text, finish }) => text.trim() === "" || (finish !== "stop" && finish !== "length"),
  );
  const heldBack = rows.length - silent.length;
  const without = silent.length - empty.length;
  return [
    ...(heldBack === 0 ? [] : [`${counted(heldBack, "comment")} held back as thanks (contentFrom)`]),
    ...(without === 0 ? [] : [`${counted(without, "reply", "replies")} without a comment that can be read`]),
    ...(empty.length === 0 ? [] : [`${counted(empty.length, "reply", "replies")} empty or missing`]),
  ].join(", ");
};

const textOf = ({ principles }: Constitution): string =>
  principles
    .map(({ title }) => plainText(title))
    .sort()
    .join("\n");

/** A document that stands for choice, by its name in the round. */
type Standing = { readonly record: CandidateRecord; readonly document: Constitution };

/** The document that stands and the drafts; a draft that says what one before it says is none of its own. */
const candidatesOf = (vote: Vote, stage: string, before: Voted, drafts: readonly Draft[]): Standing[] => {
  const { seed } = seededBy(optionsOf(vote, stage));
  const candidate = (name: string, parents: readonly string[], document: Constitution): Standing => {
    const id = `${stage}/${name}`;
    const statements = document.principles.map(({ title }) => title);
    return {
      record: { id, parents: [...parents], stage, seed: seed(id), candidate: name, statements, said: [] },
      document,
    };
  };
  const found = [candidate(standingName, [before.decided.id], before.decided.document)];
  const texts = new Set([textOf(before.decided.document)]);
  const description = `Drafted by a model in ${stage} of a vote of ${counted(vote.setup.users.length, "simulated user")}, who criticised and ranked such documents.`;
  for (const { name, parents, document } of drafts) {
    if (document === null || texts.has(textOf(document))) continue;
    texts.add(textOf(document));
    found.push(candidate(name, parents, documentOfDraft(document, description)));
  }
  return found;
};

const warnOfUnread = (stage: StageContext, drafts: readonly Draft[]): void => {
  const unread = drafts.reduce((sum, draft) => sum + draft.unread, 0);
  if (unread === 0) return;
  const none = drafts.every(({ document }) => document === null);
  stage.warn(
    "drafts-unreadable",
    `The mediator was asked for ${counted(drafts.length, "draft")}, and ${counted(unread, "part")} of them came to nothing that can be used${none ? ": the document stays as it was" : ""}. See ${join(stage.folder, "drafts.jsonl")}; raise roles.mediator.maxTokens, or choose another roles.mediator.model.`,
  );
};

/** Says that a draft had no room for all that the mediator wrote, or that there was nothing to draft from. */
const warnOfLost = (
  { config, setup }: Vote,
  stage: StageContext,
  { rows, voices }: Said,
  drafts: readonly Draft[],
): void => {
  const cut = drafts.reduce((sum, draft) => sum + draft.cut, 0);
  if (cut > 0)
    stage.warn(
      "drafts-cut",
      `The mediator wrote more than the ${counted(config.seats, "principle")} that a draft may have (seats): ${counted(cut, "principle")} that least was said for ${cut === 1 ? "was" : "were"} left out of ${counted(drafts.filter((draft) => draft.cut > 0).length, "draft")}. They are in ${join(stage.folder, "drafts.jsonl")} (cut); give more --seats to keep them.`,
    );
  if (voices.length === 0)
    stage.warn(
      "round-unasked",
      `No comment of ${counted(setup.users.length, "user")} could be shown to the mediator in ${stage.name} (${describeUnheard(rows)}), so nothing was drafted and the document stays as it was. See ${join(stage.folder, "comments.jsonl")}.`,
    );
};

/** In how many parts the mediator is shown what was said. */
export const partsOf = ({ setup }: Vote, voices: number): number =>
  Math.max(1, Math.ceil(voices / setup.atOnce));

/** How many calls a round takes where every reply can be read. */
const callsOfRound = (vote: Vote, isOpening: boolean, voices: number): number => {
  const { config, setup } = vote;
  const users = setup.users.length;
  return (isOpening ? 0 : users) + config.drafts * partsOf(vote, voices) + users * (config.drafts + 1);
};

const playRound = async (
  pipeline: Pipeline,
  stage: StageContext,
  vote: Vote,
  before: Voted,
  isOpening: boolean,
): Promise<void> => {
  const { config, setup } = vote;
  const options = optionsOf(vote, stage.name);
  const standing = before.decided;
  const draftFile = await stage.records("drafts.jsonl", mediationRecordSchema);
  const listed = await stage.records("candidates.jsonl", candidateRecordSchema);
  const supportFile = await stage.records("support.jsonl", supportRecordSchema);
  await withRoleModels(pipeline, stage, setup.models, async (models, countUsage) => {
    const voiceCount = isOpening ? proposedVoices(before).length : setup.users.length;
    const context = {
      stage,
      countUsage,
      onRows: countRows(stage, callsOfRound(vote, isOpening, voiceCount)),
    };
    const toDrafts = askPhases(draftFile, context);
    const toSupport = askPhases(supportFile, context);
    const shown = candidatesOf(vote, stage.name, before, [])[0]!.record;
    const said: Said = isOpening
      ? { rows: [], voices: proposedVoices(before) }
      : await askUsers(vote, options, shown, await stage.records("comments.jsonl", supportRecordSchema), {
          ...context,
          user: models.user,
        });
    const { voices } = said;
    const drafts =
      voices.length === 0
        ? []
        : await mediate(
            options,
            {
              standing: isOpening ? null : { id: standing.id, document: standing.document },
              ...{ voices, drafts: config.drafts, atOnce: setup.atOnce, most: config.seats },
              attempts: config.roles.mediator.attempts,
            },
            (phase) => toDrafts(phase, models.mediator, "drafts"),
          );
    warnOfUnread(stage, drafts);
    warnOfLost(vote, stage, said, drafts);
    const all = candidatesOf(vote, stage.name, before, drafts);
    const records = all.map(({ record }) => record);
    await listed.append(records.slice(listed.existing));
    const table = await askForSupport(vote, stage, records, (phase) =>
      toSupport(phase, models.user, "support"),
    );
    const question = { vote, table, stage: stage.name, decides: "schulze", seats: 1 } as const;
    const [choice] = choicesOf(question, ["schulze"], records);
    const won = all.find(({ record }) => record.candidate === choice!.chosen[0])!;
    const id = `${stage.name}/decided`;
    await writeVoted(stage, [choice!], {
      ...{ id, parents: [choice!.id, won.record.id], stage: stage.name },
      seed: deriveSeed(config.seed, stage.name, id),
      ...{ candidate: won.record.candidate, document: won.document },
    });
  });
};

/** Plays a round, or finds it done. before: the vote, or the round before. */
export const roundStage = async (
  pipeline: Pipeline,
  vote: Vote,
  before: Voted,
  name: string,
): Promise<Voted> => {
  const { config, setup } = vote;
  const inputs = {
    ...askedOf(vote),
    standing: documentInput(before.decided),
    ...{ drafts: config.drafts, seats: config.seats, approveFrom: config.approveFrom },
    contentFrom: config.contentFrom,
    atOnce: Number.isFinite(setup.atOnce) ? setup.atOnce : "all",
  };
  const { folder } = await pipeline.run.stage({ name, inputs, after: [before.stage] }, (stage) =>
    playRound(pipeline, stage, vote, before, name === "opening"),
  );
  return readVoted(vote, name, folder);
};
