// Records of several files in one: each content once, and each id for one record alone. Files number their rows from 1, so
// two of them often have the same ids for different things. Knows no format.

import { canonicalJson, deriveSeed } from "../../core/index.ts";
import { createDigestMap } from "./digests.ts";

type Numbered = { readonly id: string; readonly stage: string; readonly seed: number };

/**
 * Takes records, file by file. An id that an earlier record has gets a number behind it, and the record the seed of its new
 * id; an id that is there already, made so or not, is never given twice.
 */
export const createUniqueIds = (runSeed: number) => {
  const taken = createDigestMap();
  return <Row extends Numbered>(record: Row): Row => {
    if (taken.add(record.id, 0) === undefined) return record;
    let id = record.id;
    for (let number = 2; taken.add(id, 0) !== undefined; number++) id = `${record.id}-${number}`;
    return { ...record, id, seed: deriveSeed(runSeed, record.stage, id) };
  };
};

/** The same, and null for what a file before has already. content: what makes a record the one that it is; file: its number. */
export const createAcrossFiles = (runSeed: number) => {
  const contents = createDigestMap();
  const unique = createUniqueIds(runSeed);
  return <Row extends Numbered>(record: Row, content: unknown, file: number): Row | null => {
    const earlier = contents.add(canonicalJson(content), file);
    return earlier === undefined || earlier === file ? unique(record) : null;
  };
};
