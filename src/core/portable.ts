// The part of core that also runs in a browser: no node: import below this line.
// What reads files or hashes is in index.ts alone.
export { type AlignedItem, alignSequences } from "./alignment.ts";
export { type Clock, manualClock, systemClock } from "./clock.ts";
export {
  CovenantError,
  type ErrorFacts,
  InterruptedError,
  messageOf,
  type PackedError,
  packError,
  throwIfAborted,
  UserError,
  unpackError,
} from "./errors.ts";
export { collectFaults, type FaultList } from "./faults.ts";
export { firstOf, firstPlaces } from "./first-of.ts";
export { groupBy } from "./group.ts";
export type { Id } from "./id.ts";
export {
  canonicalJson,
  checkValue,
  describeFields,
  describeIssues,
  describePath,
  describePlace,
  describeValue,
  type KeyLister,
  parseJson,
  parseJsonAs,
  type TextPlace,
} from "./json.ts";
export { nearestWord } from "./nearest.ts";
export { logistic, mean, total } from "./numbers.ts";
export { oneLine } from "./one-line.ts";
export { createRandom, deriveSeed, hashText, type Random } from "./random.ts";
export { createRedact, type Redact } from "./redaction.ts";
export { wilsonInterval } from "./wilson.ts";
export { counted, dollars, durationText, listText, percent, percentRange, quotedWord } from "./wording.ts";
export { describeYamlFault, formatYaml, parseYaml, parseYamlWithLines, yamlLineOf } from "./yaml.ts";
