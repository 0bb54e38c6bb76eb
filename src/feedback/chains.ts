// Chains of critique and revision that others published (CAI's samples, cai-conversation-harmless), as revision records,
// so that training rows are made of them as of our own. Knows no model.

import { canonicalJson, collectFaults, deriveSeed, sha256Text } from "../core/index.ts";
import type { RevisionRecord, RevisionStep, StageName } from "../records/index.ts";
import type { GivenChain } from "./prompts/format.ts";
import { readFormatted } from "./prompts/formats.ts";

/** format: of the file, where its first row is not to tell it. */
export type ChainOptions = {
  readonly runSeed: number;
  readonly stage?: StageName;
  readonly format?: string;
};

const toRecord = (chain: GivenChain, runSeed: number, stage: StageName): RevisionRecord => {
  const prompt = `prompt-${sha256Text(canonicalJson(chain.messages)).slice(0, 16)}`;
  // One prompt may have several chains: an id holds all of its texts.
  const id = `${stage}/${prompt}-${sha256Text(canonicalJson(chain)).slice(0, 8)}`;
  let before = chain.answer;
  const steps = chain.steps.map((step, at): RevisionStep => {
    const isEmpty = step.revision === "";
    before = isEmpty ? before : step.revision;
    return { ...step, round: at + 1, revision: before, finish: isEmpty ? "empty" : "stop" };
  });
  return {
    id,
    parents: [prompt],
    stage,
    seed: deriveSeed(runSeed, stage, id),
    prompt,
    messages: [...chain.messages],
    answer: chain.answer,
    steps,
  };
};

/**
 * The chains of a file, as a stream, each once; none where its format has none. Throws UserError with every fault as file,
 * line and field.
 */
export async function* readChains(
  file: string,
  { runSeed, stage = "revise", format }: ChainOptions,
): AsyncGenerator<RevisionRecord> {
  const faults = collectFaults(file);
  const seen = new Set<string>();
  for await (const { format: own, place, row } of readFormatted(file, faults.add, format)) {
    if (own.chain === undefined) break;
    const found = faults.attempt(() => own.chain?.(row, place) ?? null);
    if (found === undefined || found === null) continue;
    const record = toRecord(found, runSeed, stage);
    if (seen.has(record.id)) continue;
    seen.add(record.id);
    yield record;
  }
  faults.end();
}
