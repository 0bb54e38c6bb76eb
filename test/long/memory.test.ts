// How much memory a command takes on a model that is large beside what a process needs anyway: a dry run and a training
// in 4 bits never hold its weights in float32.

import {
  closeSync,
  cpSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  elementCount,
  parameterCount,
  parameterShapes,
  parseModelConfig,
} from "../../src/transformer/index.ts";
import { expectStatus, makeFolder, root, start } from "../e2e/command.fixture.ts";

const { folder, remove } = makeFolder("memory");
let inFloat32 = 0;

/** Makes <folder>/large of the golden model: bfloat16 zeros that take no place on the disk. */
const makeLarge = (): void => {
  cpSync(join(root, "test/golden/llama-random/tied"), join(folder, "small"), { recursive: true });
  cpSync(join(folder, "small"), join(folder, "large"), { recursive: true });
  const file = join(folder, "large/config.json");
  const sizes = { hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 6, head_dim: 256 };
  const raw = { ...JSON.parse(readFileSync(file, "utf8")), ...sizes };
  writeFileSync(file, JSON.stringify(raw));
  const config = parseModelConfig(raw);
  inFloat32 = 4 * parameterCount(config);
  let end = 0;
  const header = Object.entries(parameterShapes(config)).map(([name, shape]) => {
    const begin = end;
    end += 2 * elementCount(shape);
    return [name, { dtype: "BF16", shape, data_offsets: [begin, end] }];
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const path = join(folder, "large/model.safetensors");
  rmSync(path);
  const descriptor = openSync(path, "w");
  writeSync(descriptor, Buffer.concat([length, json]));
  ftruncateSync(descriptor, 8 + json.length + end);
  closeSync(descriptor);
};

const tellPeak = `process.on("exit", () => process.stderr.write("peak " + process.resourceUsage().maxRSS + "\\n"))`;

/** The largest memory, in bytes, of a command that ends well. */
const peakOf = async (...words: string[]): Promise<number> => {
  const option = `--import=data:text/javascript,${encodeURIComponent(tellPeak)}`;
  const env = { ...process.env, NODE_OPTIONS: option };
  const { stderr } = expectStatus(await start(words, folder, undefined, env).ended, 0);
  return 1024 * Number(/^peak (\d+)$/m.exec(stderr)![1]);
};

beforeAll(() => {
  makeLarge();
  writeFileSync(join(folder, "rows.jsonl"), '{"prompt": "How?", "completion": "So."}\n');
});
afterAll(remove);

const words = ["train", "sft", "--data", "rows.jsonl", "--load", "4bit"];
const settings = ["lora.rank=2", "lora.targets=q_proj", "batch=1", "epochs=1", "gradientCheckpointing=true"];
const set = settings.flatMap((one) => ["--set", `sft.${one}`]);

it("of a dry run and of a training in 4 bits stays well below the weights in float32", async () => {
  expect(inFloat32).toBeGreaterThan(360e6);
  const growth = async (more: readonly string[]): Promise<number> => {
    const run = (model: string) =>
      peakOf(...words, ...set, ...more, "--model", model, "--out", `${model}-${more.length}`);
    // garbage that has not been collected yet only adds to a peak; a dry run can be asked for again
    const least = async (model: string): Promise<number> =>
      more.length === 0 ? run(model) : Math.min(await run(model), await run(model));
    return (await least("large")) - (await least("small"));
  };
  expect((await growth(["--dry-run"])) / inFloat32).toBeLessThan(0.25);
  expect((await growth([])) / inFloat32).toBeLessThan(0.75);
}, 240_000);
