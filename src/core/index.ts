// Everything core offers. What also runs in a browser is listed in portable.ts.
// Knows no word of the domain, and nothing of the other folders.
export { alignColumns } from "./columns.ts";
export {
  type Appender,
  type DiskWriter,
  dropTornLine,
  fileError,
  isTemporaryName,
  makeFolder,
  openAppender,
  readText,
  readTextNow,
  systemDisk,
  temporaryNameOf,
  writeFileAtomic,
} from "./files.ts";
export { type FolderKind, replaceFolder } from "./folders.ts";
export { hashEach, hashJson, sha256File, sha256Text } from "./hash.ts";
export { expandHome } from "./home.ts";
export { type FileLine, formatJsonLines, readBytes, readJsonLines, readLines } from "./json-lines.ts";
export * from "./portable.ts";
export {
  collect,
  inStep,
  mapped,
  matching,
  type Sequence,
  sequence,
  sequenceOf,
  skipFirst,
  takeFirst,
} from "./sequence.ts";
export { openSetAside, readLineAt, type SetAside } from "./set-aside.ts";
export { covenantVersion } from "./version.ts";
