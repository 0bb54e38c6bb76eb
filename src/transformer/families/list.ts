// The model families that are known, a line each: whoever adds one writes its file and names it here. What a family is,
// stands in family.ts.

export { gemma3 } from "./gemma3.ts";
export { gpt2 } from "./gpt2.ts";
export { llama } from "./llama.ts";
export { mistral } from "./mistral.ts";
export { qwen2 } from "./qwen2.ts";
export { qwen3 } from "./qwen3.ts";
