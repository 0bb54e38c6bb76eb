// The stages of `covenant polis predict`: who is played by which votes (voters), what a model makes of each where it is to
// (personas), and chances of held-out votes (forecasts). What is asked and how it is read is the simulation's part.

import { join } from "node:path";
import { CovenantError, collect, counted, hashJson, sequenceOf, takeFirst } from "../../core/index.ts";
import { inOrder, type Pace, paceOf, piecesOf } from "../../feedback/index.ts";
import type { LanguageModel } from "../../models/index.ts";
import {
  type ForecastRecord,
  forecastRecordSchema,
  type VoterPersonaRecord,
  voterPersonaRecordSchema,
} from "../../records/index.ts";
import type { StageContext } from "../../runs/index.ts";
import {
  type DescribedVoter,
  describeVoters,
  forecastVotes,
  givesChances,
  shownOf,
  type VoteItem,
  type VotingProtocol,
  voterByPersona,
  voterByVotes,
  votingMethod,
} from "../../simulation/index.ts";
import { askInto, askingStage, recordsOf } from "./asking.ts";
import { tryScores } from "./judge-scores.ts";
import type { Prediction } from "./prediction.ts";
import type { Pipeline } from "./stage-model.ts";
import { writeStream } from "./streamed-records.ts";

/** The stages, in their order. */
export const predictStages = ({ config }: Pick<Prediction, "config">): string[] =>
  config.fit === "persona" ? ["voters", "personas", "forecasts"] : ["voters", "forecasts"];

const voterStage = async ({ run }: Pipeline, { setup }: Prediction): Promise<void> => {
  const records = setup.sample.map(({ record }) => record);
  await run.stage({ name: "voters", inputs: { voters: hashJson(records) }, after: [] }, async (stage) => {
    await writeStream(stage, "voters.jsonl", sequenceOf(records), { total: records.length, unit: "voters" });
  });
};

type StageWork<Item> = Pace & {
  readonly items: AsyncIterable<Item>;
  readonly runSeed: number;
  readonly stage: string;
  readonly signal: AbortSignal;
};

/** Work on items in pieces, in their order. */
async function* inPieces<Item, Row>(
  { items, chunk, window, ...stage }: StageWork<Item>,
  ask: (
    piece: readonly Item[],
    stage: Omit<StageWork<Item>, "items" | keyof Pace>,
  ) => Promise<readonly Row[]>,
): AsyncGenerator<{ readonly records: readonly Row[] }> {
  for await (const ready of inOrder(piecesOf(items, chunk), window, (piece) => ask(piece, stage)))
    yield { records: ready.flat() };
}

/** Whether the model gives log-probabilities; null: it knows itself, when it is open. Throws UserError as votingMethod does. */
type TryVoter = (stage: StageContext) => Promise<boolean | null>;

const createTryVoter = (pipeline: Pipeline, { config }: Prediction): TryVoter => {
  const { model, method, wording } = config;
  let found: boolean | null = null;
  return async (stage) => {
    found ??= await tryScores(
      pipeline,
      stage,
      { judge: model, isWritten: method === "answer" },
      async (opened) => {
        const gives = await givesChances(opened, wording, { signal: stage.signal });
        votingMethod(method, opened, gives);
        return gives;
      },
    );
    return found;
  };
};

/** What a model writes of every voter. */
const personaStage = async (
  pipeline: Pipeline,
  { config, setup }: Prediction,
  tryVoter: TryVoter,
): Promise<VoterPersonaRecord[]> => {
  const { words, temperature, topP, maxTokens } = config.persona;
  const { topic, wording } = config;
  const settings = { topic, words, temperature, topP, maxTokens, wording };
  const items = setup.sample.map(
    ({ voter, record }): DescribedVoter => ({
      ...{ id: `personas/${record.voter}`, parents: [record.id], voter: record.voter },
      votes: shownOf(voter),
    }),
  );
  const records = await askingStage(pipeline, {
    ...{ name: "personas", after: ["voters"], file: "personas.jsonl", schema: voterPersonaRecordSchema },
    inputs: { model: setup.personaModel, ...settings, items: hashJson(items) },
    ...{ model: setup.personaModel, items: sequenceOf(items), unit: "descriptions" },
    begin: async (stage) => void (await tryVoter(stage)),
    work: (model, work) => inPieces(work, (piece, stage) => describeVoters(model, piece, settings, stage)),
    check: async (stage, rows) => {
      const all = await collect(rows);
      const lost = all.filter(({ persona }) => persona === null);
      if (lost.length === all.length)
        throw new CovenantError(
          "personas-none",
          `${setup.personaModel} described none of ${counted(all.length, "voter")} (the first: ${lost[0]!.reason}). Look at ${join(stage.folder, "personas.jsonl")}; raise persona.maxTokens, or choose another persona.model.`,
          { model: setup.personaModel },
        );
      if (lost.length > 0)
        stage.warn(
          "personas-missing",
          `${counted(lost.length, "voter")} of ${all.length.toLocaleString("en-US")} could not be described (the first: ${lost[0]!.reason}), and nothing is asked about them. See ${join(stage.folder, "personas.jsonl")}.`,
        );
    },
  });
  return collect(records);
};

/** Held-out votes with what the model is told of each voter. */
const itemsOf = (
  { config, setup }: Prediction,
  personas: readonly VoterPersonaRecord[] | null,
): VoteItem[] => {
  const byVoter = new Map(personas?.map((one) => [one.voter, one]));
  return setup.sample.flatMap(({ voter, record, asked }) => {
    const described = byVoter.get(record.voter);
    const persona = described?.persona ?? null;
    const byPersona = persona === null ? null : voterByPersona(config.topic, persona, config.wording);
    const told = personas === null ? voterByVotes(config.topic, shownOf(voter), config.wording) : byPersona;
    return asked.map(
      ({ statement, vote }): VoteItem => ({
        id: `forecasts/${record.voter}/${statement.id}`,
        parents: [record.id, ...(described === undefined ? [] : [described.id])],
        ...{ voter: record.voter, statement, vote, told },
      }),
    );
  });
};

const settle = (
  stage: StageContext,
  { config }: Prediction,
  model: LanguageModel,
  known: boolean | null,
): VotingProtocol => {
  const { orders, answers, temperature, answerTokens, wording } = config;
  const { method, notice } = votingMethod(config.method, model, known ?? model.capabilities.scores);
  if (notice !== null) stage.warn("voter-answers", notice);
  return { method, orders, answers, temperature, answerTokens, wording };
};

const forecastStage = async (
  pipeline: Pipeline,
  prediction: Prediction,
  items: readonly VoteItem[],
  tryVoter: TryVoter,
): Promise<ForecastRecord[]> => {
  const { model, method, orders, answers, temperature, answerTokens, fit, wording } = prediction.config;
  const name = "forecasts";
  const asking = { model, method, orders, answers, temperature, answerTokens, wording };
  const inputs = { ...asking, items: hashJson(items) };
  const after = fit === "persona" ? ["voters", "personas"] : ["voters"];
  await pipeline.run.stage({ name, inputs, after }, async (stage) => {
    const file = await stage.records("forecasts.jsonl", forecastRecordSchema);
    const [begun] = await collect(takeFirst(file.rows(), 1));
    const known = begun === undefined ? await tryVoter(stage) : begun.method === "choice";
    await askInto(pipeline, stage, file, {
      asked: { unit: "votes" },
      ...{ model, items: sequenceOf(items) },
      paceFor: (opened) => paceOf(opened, prediction.config.wording === "brief" ? 1 : orders),
      work(opened, work) {
        const protocol = settle(stage, prediction, opened, known);
        return inPieces(work, (piece, of) => forecastVotes(opened, piece, protocol, of));
      },
      counts: ({ records }) => ({ bounded: records.filter(({ bounded }) => bounded === true).length }),
      onChunk: (rows) => stage.progress(rows, items.length, "votes"),
    });
  });
  return collect(recordsOf(pipeline.run, [name, "forecasts.jsonl"], forecastRecordSchema, items.length));
};

/** Asks, or finds it asked: a record for each held-out vote of the sample, in its order. */
export const predictVotes = async (
  pipeline: Pipeline,
  prediction: Prediction,
): Promise<readonly ForecastRecord[]> => {
  const tryVoter = createTryVoter(pipeline, prediction);
  await voterStage(pipeline, prediction);
  const { fit } = prediction.config;
  const personas = fit === "persona" ? await personaStage(pipeline, prediction, tryVoter) : null;
  return forecastStage(pipeline, prediction, itemsOf(prediction, personas), tryVoter);
};
