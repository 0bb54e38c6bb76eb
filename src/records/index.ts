// Every shape that crosses a disk or process border. Runs in a browser.
// A shape alone: what makes a record and what it is for is in the folders that write it.
export * from "./constitution.ts";
export * from "./conversation.ts";
export * from "./episodes.ts";
export * from "./evaluation.ts";
export * from "./event.ts";
export * from "./experiments.ts";
export * from "./feedback.ts";
export * from "./forecasts.ts";
export * from "./games.ts";
export * from "./ids.ts";
export * from "./manifest.ts";
export * from "./prompt-sets.ts";
export * from "./record.ts";
export * from "./stakeholders.ts";
export * from "./training.ts";
export * from "./votes.ts";
