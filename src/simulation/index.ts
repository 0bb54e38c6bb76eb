// Stakeholders who argue a constitution into being: what they do to each other and learn from it, what they vote for and how
// a set is chosen, and what the public said on Polis. Asks models only through their interface; knows no run folder.
export * from "./choice/index.ts";
export * from "./deliberation/index.ts";
export * from "./episodes/index.ts";
export * from "./games/index.ts";
export * from "./polis/index.ts";
export * from "./stakeholders/index.ts";
