// The command line without a process around it (main.ts is that): words, streams, environment and clock are values, so
// that tests run whole commands without starting one.
export { runCommandLine } from "./command-line.ts";
export { readEnvironment } from "./environment.ts";
