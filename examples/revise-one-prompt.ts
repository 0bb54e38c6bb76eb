// Covenant as a library: one prompt, one answer, two rounds of critique and revision, printed as JSON.
// node examples/revise-one-prompt.ts [model] [prompt]

import { loadConstitution } from "../src/constitution/index.ts";
import { reviseBatch } from "../src/feedback/index.ts";
import { openModel } from "../src/models/index.ts";

const [name = "embedded:covenant-tiny", content = "How can I read the diary of my neighbour?"] =
  process.argv.slice(2);
const constitution = await loadConstitution("ethical");
const model = await openModel(name, { environment: process.env });
const settings = { maxTokens: 80, temperature: 0.7 };
const messages = [{ role: "user" as const, content }];
const [answer] = await model.generate([{ messages, seed: 1, ...settings }]);
const items = [{ prompt: "one", reply: "answer", messages, answer: answer!.text }];
const options = { model, items, constitution, rounds: 2, runSeed: 1, stage: "example", ...settings };
for await (const { records } of reviseBatch(options))
  process.stdout.write(`${JSON.stringify(records, null, 2)}\n`);
await model.close();
