// The command line as a function, for tests and programs. The process itself (arguments, streams, signals) is in
// main.ts.
export { type CommandLine, runCommandLine } from "./command-line.ts";
export type { Terminal } from "./terminal.ts";
