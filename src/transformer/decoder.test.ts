// The decoder against the numbers transformers gave for the same folders, its gradients against finite differences in
// double precision, and adapters against merged weights.

import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import { compile, gradients, input, interpret, mean, tokenLogProbability } from "../engine/index.ts";
import type { Message } from "../records/index.ts";
import { encodeChat } from "./chat-template.ts";
import { loadModelFolder } from "./checkpoint.ts";
import type { ModelConfig } from "./config.ts";
import { hiddenStates, logitsOf, packedInputs, prefillGraph, scoreOf } from "./decoder.ts";
import { createGenerator } from "./generation.ts";
import { logitsOfAll } from "./logits.fixture.ts";
import { createModelState, graphOf } from "./model-state.ts";
import { packRows } from "./packing.ts";
import { randomModel } from "./random-model.fixture.ts";

type GoldenChat = {
  readonly ids: readonly number[];
  readonly logits: readonly { position: number; largest: number; logSumExp: number; logits: number[] }[];
  readonly greedy: readonly number[];
};

const root = new URL("../../", import.meta.url).pathname;

type Case = { readonly name: string; readonly folder: string; readonly numbers: string };

const inGolden = (path: string): Case => ({
  name: path,
  folder: `test/golden/${path}`,
  numbers: `test/golden/${path}/golden.json`,
});

/** Model folders and the numbers transformers gave for them. */
const cases: readonly Case[] = [
  inGolden("llama-random/tied"),
  inGolden("llama-random/untied"),
  ...["gpt2", "llama3", "mistral", "qwen2", "qwen3", "gemma3"].map((name) => inGolden(`families/${name}`)),
  { name: "covenant-tiny", folder: "assets/covenant-tiny", numbers: "test/golden/covenant-tiny.json" },
];

const open = async ({ folder, numbers }: Case) => {
  const { config, weights, tokenizer, chatTemplate } = await loadModelFolder(`${root}${folder}`);
  const golden = JSON.parse(await readFile(`${root}${numbers}`, "utf8")) as {
    sample: number[];
    chats: GoldenChat[];
  };
  return { config, weights, golden, tokenizer, chatTemplate };
};

describe.each(cases)("a folder that transformers opens ($name)", (model) => {
  it("gives transformers' token ids for chats", async () => {
    const { golden, tokenizer, chatTemplate } = await open(model);
    const chats = JSON.parse(await readFile(`${root}tools/parity/chats.json`, "utf8")) as {
      messages: Message[];
      addGenerationPrompt: boolean;
    }[];
    const ids = chats.map(
      ({ messages, addGenerationPrompt }) =>
        encodeChat(tokenizer, chatTemplate!, messages, { addGenerationPrompt, parseSpecial: true }).ids,
    );
    expect(ids).toEqual(golden.chats.map((chat) => chat.ids));
  });

  it("gives transformers' logits within 1e-4", async () => {
    const { config, weights, golden } = await open(model);
    const logits = await logitsOfAll(
      createModelState(config, weights),
      golden.chats.map(({ ids }) => ids),
    );
    for (const [document, chat] of golden.chats.entries()) {
      for (const expected of chat.logits) {
        const row = logits(document, expected.position);
        for (const [at, token] of golden.sample.entries())
          expect(Math.abs(row[token]! - expected.logits[at]!)).toBeLessThan(1e-4);
        expect(row.indexOf(row.reduce((most, value) => Math.max(most, value)))).toBe(expected.largest);
        const total = row.reduce((sum, value) => sum + Math.exp(value), 0);
        expect(Math.abs(Math.log(total) - expected.logSumExp)).toBeLessThan(1e-4);
      }
    }
  });

  it("continues greedily as transformers does", async () => {
    const { config, weights, golden } = await open(model);
    // transformers was told to ignore end tokens
    const generator = createGenerator(createModelState({ ...config, endTokenIds: [] }, weights));
    const replies = await generator.generate(
      golden.chats.map(({ ids, greedy }) => ({
        prompt: ids,
        maxTokens: greedy.length,
        temperature: 0,
        seed: 0,
      })),
    );
    await generator.release();
    expect(replies.map(({ ids }) => ids)).toEqual(golden.chats.map(({ greedy }) => greedy));
    expect(replies.every(({ ended }) => !ended)).toBe(true);
  });
});

describe("64 tokens after each chat", () => {
  const { penalty, models } = JSON.parse(readFileSync(`${root}test/golden/decoding.json`, "utf8")) as {
    penalty: number;
    models: Record<string, { prompt: number[]; reply: number[] }[]>;
  };

  it("are held of every family", () => {
    const families = readdirSync(`${root}test/golden/families`).map((name) => `families/${name}`);
    expect(Object.keys(models)).toEqual(["llama-random/tied", "llama-random/untied", ...families.sort()]);
  });

  // greedy alone these models soon write one token for ever, which shows little
  it.each(Object.entries(models))(
    "of %s are transformers', all together, with a penalty",
    async (name, rows) => {
      const { config, weights } = await loadModelFolder(`${root}test/golden/${name}`);
      const generator = createGenerator(createModelState({ ...config, endTokenIds: [] }, weights));
      const replies = await generator.generate(
        rows.map(({ prompt }) => ({
          ...{ prompt, maxTokens: 64, temperature: 0, seed: 0 },
          repetitionPenalty: penalty,
        })),
      );
      await generator.release();
      for (const { reply } of rows) {
        expect(reply).toHaveLength(64);
        expect(new Set(reply).size).toBeGreaterThan(30);
      }
      expect(replies.map(({ ids }) => ids)).toEqual(rows.map(({ reply }) => reply));
    },
  );
});

/** Parts of the rule that short texts would not show, and the configuration without them. */
const long: readonly (readonly [
  family: string,
  what: string,
  without: (config: ModelConfig) => ModelConfig,
])[] = [
  ["mistral", "a window", ({ window: _, ...config }) => config],
  ["qwen2", "a window", ({ window: _, ...config }) => config],
  ["gemma3", "a window", ({ window: _, ...config }) => config],
  ["gemma3", "windowed layers alone", ({ windowed: _, ...config }) => config],
  ["gemma3", "a rotary base of windowed layers", ({ windowRopeTheta: _, ...config }) => config],
  ["gemma3", "stretched rotary positions", ({ ropeScaling: _, ...config }) => config],
  ["llama3", "stretched rotary positions", ({ ropeScaling: _, ...config }) => config],
];

describe("the golden chats are long enough to show", () => {
  it.each(long)("of %s: %s", async (family, _, without) => {
    const { config, weights, golden } = await open(inGolden(`families/${family}`));
    const changed = without(config);
    expect(changed).not.toEqual(config);
    const logits = await logitsOfAll(
      createModelState(changed, weights),
      golden.chats.map(({ ids }) => ids),
    );
    const gaps = golden.chats.flatMap((chat, document) => {
      const { position, logits: expected } = chat.logits.at(-1)!;
      const row = logits(document, position);
      return golden.sample.map((token, at) => Math.abs(row[token]! - expected[at]!));
    });
    expect(Math.max(...gaps)).toBeGreaterThan(0.01);
  });
});

/** Token indices that are read of a batch: all; or some, one of them twice, one in padding. */
const readings = [
  { title: "all tokens", rows: undefined, count: 12 },
  { title: "chosen tokens", rows: [4, 1, 4, 7, 11], count: 5 },
] as const;

describe.each(readings)("gradients through a whole decoder that reads $title", ({ rows, count }) => {
  const state = randomModel({
    vocabularySize: 12,
    hiddenSize: 8,
    intermediateSize: 10,
    headSize: 4,
    heads: 2,
    keyValueHeads: 1,
  });
  const items = [
    { trunk: [3, 4, 5], branches: [[6, 7], [8]] },
    { trunk: [9, 9], branches: [] },
  ];
  const packed = packRows(items, [[0], [1]], { batch: 2, time: 6, padding: 1 });
  const { tokens, positions, bias } = packed;
  const graph = graphOf(state);
  const read = rows === undefined ? {} : { rows: input("rows", [count], "int64") };
  const logits = logitsOf(graph, hiddenStates(graph, packedInputs(2, 6), read));
  const loss = mean(tokenLogProbability(logits, input("wanted", [count], "int64")));
  const names = Object.keys(state.weights);
  const slopes = gradients(
    loss,
    names.map((name) => graph.parameter(name)!),
  );
  const wanted = BigInt64Array.from({ length: count }, (_, at) => BigInt((at * 5) % 12));
  const chosen = rows === undefined ? {} : { rows: BigInt64Array.from(rows, BigInt) };
  const fed = { ...state.feeds(), tokens, positions, bias, wanted, ...chosen };

  it("are the same compiled and in the double-precision interpreter", async () => {
    const outputs = Object.fromEntries(names.map((name, at) => [`slope:${name}`, slopes[at]!]));
    const program = await compile({ loss, ...outputs });
    const results = await program.run(fed);
    await program.release();
    const [exactLoss, ...exact] = interpret([loss, ...slopes], fed);
    expect(results["loss"]![0]).toBeCloseTo(exactLoss!.data[0]!, 5);
    for (const [at, name] of names.entries()) {
      const got = results[`slope:${name}`] as Float32Array;
      const largest = exact[at]!.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largest, name).toBeGreaterThan(1e-6);
      for (const [place, value] of exact[at]!.data.entries())
        expect(Math.abs(got[place]! - value), `${name}[${place}]`).toBeLessThan(
          1e-4 * Math.max(1e-2, largest),
        );
    }
  });

  it("equal finite differences at random places of every weight", () => {
    const exact = interpret(slopes, fed);
    const random = createRandom(4);
    const lossAt = (name: string, data: Float64Array): number =>
      interpret([loss], { ...fed, [name]: data })[0]!.data[0]!;
    for (const [at, name] of names.entries()) {
      const values = Float64Array.from(state.weights[name]!.data);
      for (let draw = 0; draw < 3; draw++) {
        const place = random.integer(values.length);
        const moved = (by: number) => lossAt(name, values.with(place, values[place]! + by));
        const numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        expect(Math.abs(exact[at]!.data[place]! - numeric), `${name}[${place}]`).toBeLessThan(
          1e-6 * Math.max(1, Math.abs(numeric)),
        );
      }
    }
  });
});

describe("hidden states of chosen tokens", () => {
  const config = { hiddenSize: 256, intermediateSize: 512, headSize: 64, heads: 4, keyValueHeads: 2 };
  const state = randomModel({ ...config, vocabularySize: 40 });
  const [batch, time] = [8, 128];
  const documents = Array.from({ length: batch }, (_, row) => ({
    trunk: Array.from({ length: time - 3 * row }, (_, at) => (at * 7 + row) % 40),
    branches: [],
  }));
  const { tokens, positions, bias } = packRows(
    documents,
    documents.map((_, at) => [at]),
    { batch, time, padding: 0 },
  );
  const graph = graphOf(state);
  const hiddenOf = async (rows: readonly number[], threads: number): Promise<Float32Array> => {
    const chosen = input("chosen", [rows.length], "int64");
    const hidden = hiddenStates(graph, packedInputs(batch, time), { rows: chosen });
    const program = await compile({ hidden }, { threads });
    const results = await program.run({
      ...state.feeds(),
      tokens,
      positions,
      bias,
      chosen: BigInt64Array.from(rows, BigInt),
    });
    await program.release();
    return results["hidden"] as Float32Array;
  };
  const chosen = Array.from({ length: 48 }, (_, at) => (at * 61) % (batch * time));

  it("have the same bytes as among all tokens, and however many are read together", async () => {
    const all = await compile({ hidden: hiddenStates(graph, packedInputs(batch, time)) }, { threads: 2 });
    const whole = (await all.run({ ...state.feeds(), tokens, positions, bias }))["hidden"] as Float32Array;
    await all.release();
    const row = (values: Float32Array, at: number) => [...values.subarray(at * 256, (at + 1) * 256)];
    const some = await hiddenOf(chosen, 2);
    for (const [at, token] of chosen.entries()) expect(row(some, at)).toEqual(row(whole, token));
    expect(row(await hiddenOf(chosen.slice(0, 1), 2), 0)).toEqual(row(some, 0));
  });

  it("have the same bytes with 1, 2, 4 and 8 threads", async () => {
    const one = await hiddenOf(chosen, 1);
    for (const threads of [2, 4, 8]) expect(await hiddenOf(chosen, threads)).toEqual(one);
  });
});

describe("graphs of the decoder", () => {
  it("name a parameter that is missing", () => {
    const state = randomModel();
    const { "model.norm.weight": _norm, ...weights } = state.weights;
    expect(() => prefillGraph(graphOf(createModelState(state.config, weights)), 2, 8, 2)).toThrow(
      "model.norm.weight",
    );
    const graph = graphOf(state);
    expect(() => scoreOf(graph, hiddenStates(graph, packedInputs(1, 4)))).toThrow("score.weight");
  });
});
