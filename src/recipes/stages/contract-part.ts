// What is asked about one part of a run of a social contract, and what comes of it; and what a run begins with. The run as a whole
// is contract-run.ts's part, its parts one after the other contract-meta.ts's.

import type { MetaRecord } from "../../records/index.ts";
import type { Contract, Exchange, MetaReading, Transcript } from "../../simulation/index.ts";
import type { ContractConfig, ContractSetup } from "../settings/contract-settings.ts";

/**
 * What a run begins with. ids: of the records of the documents; given: of all principles that ever were. older: earlier
 * documents as texts, oldest first; earlier: exchanges to remember, by talk.
 */
export type ContractState = {
  readonly contract: Contract;
  readonly ids: readonly string[];
  readonly given: readonly string[];
  readonly older: readonly string[];
  readonly earlier: ReadonlyMap<string, readonly Exchange[]>;
};

/** The settings with what they name. */
export type ContractPlay = { readonly config: ContractConfig; readonly setup: ContractSetup };

export type MetaTask = { readonly play: ContractPlay; readonly state: ContractState; readonly run: number };

export const runName = (run: number): string => `run-${run}`;

export const learnedParts = ["constitution", "contract"] as const;

/** Where a part of a run stands: from 1, of so many. */
export type Place = { readonly part: number; readonly parts: number };

/** " about part 2 of 3" behind a word; "" where there is one part alone. */
export const partWords = (before: "about" | "of", { part, parts }: Place): string =>
  parts === 1 ? "" : ` ${before} part ${part} of ${parts}`;

/** A part as it is asked about. parents: records of what the principles so far came from; earlier: what was asked of it. */
export type Question = Place & {
  readonly transcript: Transcript;
  readonly current: Contract;
  readonly parents: readonly string[];
  readonly earlier: readonly MetaRecord[];
};

/** What is made of a part, and the last record of it, behind earlier ones that it is made of as well. */
export type AskedPart = {
  readonly metas: readonly [...MetaRecord[], MetaRecord];
  readonly reading: MetaReading;
};

/** Asks about a part, or takes what was answered before. */
export type AskPart = (question: Question) => Promise<AskedPart>;

/** A part in records where there are several, and what ids of records about it begin with. */
export const placeOf = (stage: string, { part, parts }: Place) =>
  parts === 1 ? { place: {}, name: stage } : { place: { part }, name: `${stage}/part-${part}` };
