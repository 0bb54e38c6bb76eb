// What is refused on embedded models that know a small language only, before anything is begun: every command that would ask
// them in words which they were not made with, whichever part they take. Their own wording is let through.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { parseTemplate } from "../../constitution/index.ts";
import { checkValue, parseYaml, UserError } from "../../core/index.ts";
import { createTokenizer, trainTokenizer } from "../../transformer/index.ts";
import { recipe as personas } from "../persona-generate.ts";
import { recipe as predict } from "../polis-predict.ts";
import { recipe as classify } from "../prompts-classify.ts";
import { recipe as generate } from "../prompts-generate.ts";
import type { Recipe } from "../recipe.ts";
import { contractSchema, loadContract } from "../settings/contract-settings.ts";
import { recipe as contract } from "../simulate-contract.ts";
import { recipe as games } from "../simulate-games.ts";
import { recipe as sweep } from "../simulate-sweep.ts";
import { recipe as vote } from "../simulate-vote.ts";
import { contextFor } from "../ticking-context.fixture.ts";
import { requireFluent } from "./fluency.ts";
import { type DocumentMix, documentMix, vocabularyText } from "./pretraining-documents.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-fluency-"));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const model = "embedded:covenant-assembly";
const script = (name: string): string => `scripted:${at(`examples/${name}-script.yaml`)}`;
const out = join(folder, "out");

type Settings = Record<string, unknown>;

const planned = (recipe: Recipe, settings: Settings) =>
  recipe.plan(checkValue(recipe.schema, { out, ...settings }, { file: "test" }), contextFor());

const conversation = {
  comments: at("examples/polis/comments.csv"),
  votes: at("examples/polis/participants-votes.csv"),
};
const sandbox = { wording: "full", personas: "sandbox" };
/** A vote that asks no model. */
const unasked = {
  ...sandbox,
  candidates: at("examples/vote-candidates.yaml"),
  sandbox: { voters: "scripted", requests: 0 },
};
const own = (kind: string): Settings => {
  const file = at(`configs/simulate/${kind}/tiny.yaml`);
  return parseYaml(readFileSync(file, "utf8"), { file }) as Settings;
};

describe("covenant-assembly", () => {
  const inBrief = / (?:is|are) not in it .*--wording brief.*--config configs\/simulate\/\w+\/tiny\.yaml/s;
  const cases: readonly (readonly [what: string, Recipe, Settings, RegExp])[] = [
    ["a contract in the full wording", contract, { model }, inBrief],
    ["a contract with the sandbox's people", contract, { model, ...sandbox, tasks: "sandbox" }, inBrief],
    [
      "assistants alone",
      contract,
      {
        model,
        metaPrompt: "critique",
        roles: { user: { model: script("contract") }, meta: { model: script("contract") } },
      },
      inBrief,
    ],
    [
      "a meta-model alone",
      contract,
      { model: script("contract"), metaPrompt: "critique", roles: { meta: { model } } },
      inBrief,
    ],
    [
      "users alone",
      contract,
      { model: script("contract"), metaPrompt: "critique", roles: { user: { model } } },
      inBrief,
    ],
    ["a vote in the full wording", vote, { model }, inBrief],
    ["a vote of the sandbox's people", vote, { model, ...sandbox }, inBrief],
    [
      "proposals of people whose votes are scripted",
      vote,
      { model, ...sandbox, sandbox: { voters: "scripted", requests: 0 } },
      inBrief,
    ],
    [
      "criticism by people whose votes are scripted",
      vote,
      { model, ...unasked, rounds: 1, roles: { mediator: { model: script("vote") } } },
      inBrief,
    ],
    ["a mediator alone", vote, { model: script("vote"), rounds: 1, roles: { mediator: { model } } }, inBrief],
    [
      "answers that are measured after a vote",
      vote,
      { model, ...sandbox, roles: { user: { model: script("vote") }, mediator: { model: script("vote") } } },
      inBrief,
    ],
    ["an ultimatum game", games, { model }, inBrief],
    ["a dictator game", games, { model, game: "dictator" }, inBrief],
    ["a public goods game", games, { model, game: "public-goods", heldOut: { currencies: [] } }, inBrief],
    ["a trade", games, { model, game: "buyer-seller" }, inBrief],
    ["a learner alone", games, { model: script("contract"), learner: model }, inBrief],
    [
      "a cell of a sweep",
      sweep,
      { command: "games", settings: { model }, grid: { wording: ["brief", "full"] } },
      /Cell wording-full\/seed-0: .*--wording brief/s,
    ],
    ["sorting prompts", classify, { model }, /answers with JSON: name another, as --model http/],
    [
      "writing prompts",
      generate,
      { model, kind: "lookalike" },
      /answers with JSON: name another, as --model http/,
    ],
    [
      "writing personas",
      personas,
      { model, traits: "a young beekeeper", out: join(folder, "people.yaml") },
      /follow instructions.*--personas sandbox/s,
    ],
    ["playing voters", predict, { model, ...conversation }, /played and described by .* another --model/],
    [
      "describing voters",
      predict,
      { ...conversation, model: script("predict"), fit: "persona", persona: { model } },
      /another persona\.model/,
    ],
  ];

  it.each(cases)("is refused for %s, and nothing is begun", async (_, recipe, settings, message) => {
    const thrown = await planned(recipe, settings).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(UserError);
    expect((thrown as UserError).code).toBe("model-small-language");
    expect((thrown as UserError).message).toMatch(message);
    expect((thrown as UserError).message).toContain(`${model} knows a small language only`);
    expect(existsSync(out)).toBe(false);
  });

  it.each([
    ["contract", contract],
    ["vote", vote],
    ["games", games],
  ] as const)("takes all parts of a %s in the brief wording", async (kind, recipe) => {
    const { steps } = await planned(recipe, { ...own(kind), out });
    expect(steps.reduce((sum, { calls }) => sum + calls, 0)).toBeGreaterThan(0);
  });

  it("is told all at once what a contract in the brief wording needs, and nothing that was given", async () => {
    const told = planned(contract, { model, wording: "brief", metaPrompt: "contract" });
    const { message } = (await told.catch((error: unknown) => error)) as UserError;
    const [words, sorting, ...more] = message.split("\n");
    expect(words).toMatch(/--personas sandbox --tasks sandbox/);
    expect(sorting).toMatch(/--set roles\.meta\.model=embedded:covenant-voter .*contract\/clauses\.yaml/);
    expect([message.includes("--wording brief"), more]).toEqual([false, []]);
  });

  it.each([
    ["contract", contract],
    ["vote", vote],
    ["games", games],
  ] as const)("is named where another is to take part in a %s in the brief wording", async (kind, recipe) => {
    const tiny = "embedded:covenant-tiny";
    const roles = kind === "games" ? {} : { roles: {} };
    const told = planned(recipe, { ...own(kind), ...roles, model: tiny, out });
    await expect(told).rejects.toThrow(`Name ${model} in its place: it was made with the brief wording`);
  });

  it.each([
    ["classify", classify],
    ["generate", generate],
  ] as const)("is not what covenant-tiny is for either in prompts %s", async (_, recipe) => {
    await expect(planned(recipe, {})).rejects.toThrow("embedded:covenant-tiny knows a small language only");
  });

  it("stands by where a vote asks no model", async () => {
    const { steps } = await planned(vote, { model, ...unasked });
    expect(steps.reduce((sum, { calls }) => sum + calls, 0)).toBe(0);
  });
});

describe("covenant-voter", () => {
  const file = at("configs/simulate/vote/minority.yaml");
  const minority: Settings = {
    ...(parseYaml(readFileSync(file, "utf8"), { file }) as Settings),
    ...{ out, candidates: at("examples/vote-candidates.yaml") },
  };

  // of the first person of these the voter reads several words in pieces
  it.each([0, 8, 62, 92])("votes on given principles whoever comes first (seed %i)", async (seed) => {
    const { steps } = await planned(vote, { ...minority, seed });
    expect(steps.find(({ stage }) => stage === "votes")!.calls).toBe(70);
  });

  it("votes on what it proposes", async () => {
    const { candidates: _, ...proposing } = minority;
    await expect(planned(vote, { ...proposing, proposals: 1 })).resolves.toBeDefined();
  });

  it.each([
    ["answers", { model: "embedded:covenant-voter" }],
    ["drafts", { rounds: 1, roles: { mediator: { model: "embedded:covenant-voter" } } }],
  ])("is refused for %s", async (_, settings) => {
    await expect(planned(vote, { ...minority, ...settings })).rejects.toThrow(
      "embedded:covenant-voter knows a small language only",
    );
  });
});

describe("a small model that was taught the full wording", () => {
  /** Whether a contract is let through where the model splits words that match. */
  const play = async (unknown: RegExp) => {
    const config = contractSchema.parse({ out, model: "embedded:own", metaPrompt: "critique" });
    const setup = await loadContract(config);
    const encode = (text: string) => (unknown.test(text) ? [1, 2] : [1]);
    const languages = { assistant: { tokenizer: { vocabularySize: 4096, encode } } } as never;
    return { config, setup, languages };
  };

  it("may split a word of what it is asked, and not many", async () => {
    const one = await play(/^ ?comment$/);
    expect(() => requireFluent(one, one)).not.toThrow();
    const some = await play(/^ ?(comment|text)$/);
    expect(() => requireFluent(some, some)).toThrow(/7 % of the words/);
  });

  it("need not know words that people write", async () => {
    const { config, setup, languages } = await play(/zorp/);
    const { metaPrompt } = setup;
    if (metaPrompt.sorts === true) throw new Error("expected a meta-prompt that writes");
    const { holes } = metaPrompt.texts.meta;
    const zorps = "zorp ".repeat(50);
    const principle = {
      id: "principle-1",
      title: zorps,
      critique: zorps,
      revision: zorps,
      preference: zorps,
    };
    if (setup.metaPrompt.sorts === true) throw new Error("expected a meta-prompt that writes");
    const changed = {
      ...setup,
      metrics: { ...setup.metrics, own: setup.metrics.own.map((one) => ({ ...one, question: zorps })) },
      metaPrompt: {
        ...metaPrompt,
        texts: {
          meta: parseTemplate("own", `${zorps}${holes.map((hole) => `{${hole}}`).join(" ")}`, holes),
        },
      },
      first: { ...setup.first, constitution: { principles: [principle] } as never },
    };
    expect(() => requireFluent({ config, setup: changed }, { languages })).not.toThrow();
  });
});

describe("a small model that is to sort comments", () => {
  const sandboxOwn = { ...own("contract"), out, model: "scripted:none.yaml" };

  /** Lets a meta-model through, or not, whose words are those of documents of a mix. */
  const metaOf = async (mix: Partial<DocumentMix>, settings: Settings) => {
    const none = Object.fromEntries(documentMix.map((kind) => [kind, 0])) as DocumentMix;
    const options = { seed: 1, mix: { ...none, ...mix }, invertedShare: 0.4, statementShare: 0.15 };
    const files = trainTokenizer(vocabularyText({ ...options, answerWeight: 20, oneWishShare: 0.1 }, 2000), {
      ...{ vocabularySize: 1024, specialTokens: ["<end>", "<pad>"], end: "<end>", pad: "<pad>" },
      ...{ chatTemplate: "{{ messages }}", maxPositions: 512 },
    });
    const roles = { meta: { model: "embedded:own" } };
    const config = contractSchema.parse({ ...sandboxOwn, roles, ...settings });
    const setup = await loadContract(config);
    const languages = { assistant: null, meta: { tokenizer: createTokenizer(files) } } as never;
    return () => requireFluent({ config, setup }, { languages });
  };

  it.each(["rewrite", "contract", "contract-five"])(
    "may with %s, where it was made with stances",
    async (metaPrompt) => {
      const mix = { ballot: 0.38, poll: 0.32, stance: 0.2, persona: 0.1 };
      expect(await metaOf(mix, { metaPrompt })).not.toThrow();
    },
  );

  it("may not where it was not, nor be asked otherwise than it was made with", async () => {
    expect(await metaOf({ ballot: 0.5, poll: 0.5 }, { metaPrompt: "contract" })).toThrow(
      /^embedded:own knows a small language only, .* a share of mix\.stance\)/,
    );
    const prompts = join(folder, "own.yaml");
    writeFileSync(prompts, `stance: "Does this statement, {first}, argue in favour of that one: {second}?"`);
    expect(await metaOf({ stance: 1 }, { metaPrompt: "contract", prompts })).toThrow(/mix\.stance/);
  });

  it("may not where what stands already is not of its language", async () => {
    const standing = { metaPrompt: "contract", constitution: "ethical" };
    expect(await metaOf({ stance: 1 }, standing)).toThrow(/words that it would be asked in are not in it/);
  });
});
