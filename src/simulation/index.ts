// Simulated people: what they do to each other, what they learn from it, and what they decide together.
// Knows no file and no command.
export * from "./games/index.ts";
