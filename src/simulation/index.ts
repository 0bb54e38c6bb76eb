// Stakeholders who argue a constitution into being: what they vote for and how a set is chosen, and what the public said on
// Polis. Asks models only through their interface; knows no run folder.
export * from "./choice/index.ts";
export * from "./episodes/index.ts";
export * from "./stakeholders/index.ts";
