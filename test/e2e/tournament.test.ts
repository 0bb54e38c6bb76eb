// `covenant evaluate tournament` through the command line: models by scripts whose replies a scripted judge tells apart, so
// that who wins is known, however the replies are turned.

import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { covenant, expectStatus, makeFolder } from "./command.fixture.ts";

const { folder, remove } = makeFolder("tournament");
afterAll(remove);

const script = (name: string, ...rules: readonly object[]): string => {
  writeFileSync(join(folder, `${name}.yaml`), JSON.stringify({ batch: 4, rules }));
  return `scripted:${name}.yaml`;
};
const kind = script("kind", { reply: "Here is how to do it." });
const rude = script("rude", { reply: "Find it out yourself." });
const twin = script("twin", { reply: "Here is how to do it." });
const silent = script("silent", { reply: "" });
const judge = script(
  "judge",
  ...[{ when: "(A) Here is how", reply: "(A)" }, { when: "(B) Here is how", reply: "(B)" }, { reply: "(A)" }],
);
writeFileSync(
  join(folder, "prompts.jsonl"),
  Array.from({ length: 12 }, (_, at) =>
    JSON.stringify({ prompt: `Question ${at}?`, kind: at < 6 ? "harmless" : "lookalike" }),
  ).join("\n"),
);

const words = (models: readonly string[], ...more: readonly string[]): string[] => [
  ...["evaluate", "tournament", ...(models.length === 0 ? [] : ["--models", models.join(",")])],
  ...["--judge", judge, "--constitution", "general"],
  ...["--prompts", "prompts.jsonl", ...more],
];

type Standing = {
  rating: { value: number | null };
  wins: number;
  losses: number;
  ties: number;
  unjudged: number;
};
type Document = { anchor: string; models: Record<string, Standing>; kinds: Record<string, unknown> };

const play = async (models: readonly string[], ...more: readonly string[]): Promise<Document> => {
  const { stdout } = expectStatus(await covenant(words(models, ...more, "--json"), folder), 0);
  return JSON.parse(stdout) as Document;
};

describe("a tournament", () => {
  it("is won by whom the judge prefers, in every order of models and replies", async () => {
    for (const [models, out] of [
      [[rude, kind], "one"],
      [[kind, rude], "other"],
    ] as const) {
      const { anchor, models: found, kinds } = await play(models, "--out", out);
      expect(anchor).toBe(models[0]);
      expect(found[kind]).toMatchObject({ wins: 12, losses: 0, ties: 0, unjudged: 0 });
      expect(found[rude]).toMatchObject({ wins: 0, losses: 12, ties: 0 });
      const [won, lost] = [found[kind]!.rating.value!, found[rude]!.rating.value!];
      expect(won - lost).toBeCloseTo(400 * Math.log10(25), 6);
      expect(Object.keys(kinds)).toEqual(["harmless", "lookalike"]);
    }
  });

  it("has each meet each, or the first alone; the same text twice is a tie", async () => {
    const all = await play([rude, kind, twin], "--out", "all");
    expect(all.models[kind]).toMatchObject({ wins: 12, ties: 12 });
    const first = await play([rude, kind, twin], "--against", "first", "--out", "first");
    expect(first.models[kind]).toMatchObject({ wins: 12, ties: 0 });
    const two = await play([rude, kind], "--out", "two");
    expect(first.models[kind]!.rating.value).toBeCloseTo(two.models[kind]!.rating.value!, 9);
  });

  it("ends where a model says nothing at all, before anybody is judged", async () => {
    const { stderr } = expectStatus(await covenant(words([rude, silent], "--out", "silence"), folder), 1);
    expect(stderr).toContain("scripted:silent.yaml");
    expect(existsSync(join(folder, "silence", "battles"))).toBe(false);
  });

  it("of models that say the same is even", async () => {
    const { models } = await play([kind, twin], "--out", "same");
    expect(models[twin]).toMatchObject({ rating: { value: 0 }, ties: 12, unjudged: 0 });
  });

  it("judges answers that were cut, and says whose were", async () => {
    const long = script("long", { reply: `Here is how to do it. ${"First this, then that. ".repeat(30)}` });
    const cut = words([rude, long], "--max-tokens", "20", "--out", "cut");
    const { stdout } = expectStatus(await covenant(cut, folder), 0);
    expect(stdout).toMatch(/^scripted:long\.yaml +\+559 +\[\?\] +12 +0 +0/m);
    expect(stdout).toContain(
      "Cut at 20 tokens, and judged as they are: 12 of 12 replies of scripted:long.yaml",
    );
  });

  it("is of the prompts of a file that are not marked for training, as many comparisons as a dry run says", async () => {
    writeFileSync(
      join(folder, "marked.jsonl"),
      ["test", "train", undefined]
        .map((split) => JSON.stringify({ prompt: `Of ${split}?`, split }))
        .join("\n"),
    );
    const marked = ["--prompts", "marked.jsonl", "--out", "marked"];
    const { stdout } = expectStatus(
      await covenant(words([rude, kind, twin], ...marked, "--dry-run"), folder),
      0,
    );
    expect(stdout).toContain("6 comparisons in both orders");
    const { models } = await play([rude, kind, twin], ...marked);
    expect(models[rude]).toMatchObject({ losses: 4 });
  });

  it("asks all models from the same seeds, and judges anew where answers changed", async () => {
    await play([rude, kind], "--out", "seeds");
    const seedsOf = (at: number) =>
      readFileSync(join(folder, `seeds/answers-${at}/answers.jsonl`), "utf8")
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { seed: number }).seed);
    expect(seedsOf(1)).toEqual(seedsOf(2));
    const manifest = (at: string) =>
      JSON.parse(readFileSync(join(folder, `seeds/${at}/stage.json`), "utf8")) as { inputs: string };
    const { inputs } = manifest("battles");
    script("kind", { reply: "Here is how to do it, but better." });
    await play([rude, kind], "--out", "seeds", "--fresh");
    expect(manifest("battles").inputs).not.toBe(inputs);
    script("kind", { reply: "Here is how to do it." });
  });

  it("leaves out replies without text, and says so", async () => {
    const half = script("half", { when: "Question 1", reply: "" }, { reply: "Here is how to do it." });
    const { stdout } = expectStatus(await covenant(words([rude, half], "--out", "half"), folder), 0);
    expect(stdout).toContain("No answers: 3 of 12 replies of scripted:half.yaml (3 empty).");
    expect(stdout).toContain(
      "3 battles of 12 without a verdict, which count for nobody: 3 for want of an answer.",
    );
    expect(stdout).toMatch(/^scripted:half\.yaml +\+\d+ +\[\?\] +9 +0 +0/m);
  });

  it("is told as a table with the judge's card, and goes on where it was stopped", async () => {
    const { stdout } = expectStatus(await covenant(words([rude, kind], "--out", "told"), folder), 0);
    expect(stdout).toMatch(/^scripted:kind\.yaml +\+559 +\[\?\] +12 +0 +0 +100\.0 % \[75\.8, 100\.0\]$/m);
    expect(stdout.indexOf("scripted:kind.yaml  ")).toBeLessThan(stdout.indexOf("scripted:rude.yaml  "));
    expect(stdout).toMatch(/^scripted:rude\.yaml +0 +anchor +0 +12 +0$/m);
    expect(stdout).toMatch(/^ratings on prompts that are +harmless, n 6 +lookalike, n 6$/m);
    expect(stdout).toContain('12 prompts, judged by scripted:judge.yaml under "general".');
    expect(stdout).toContain("[?]: every prompt came out alike");
    expect(stdout).toContain("Labels by votes");
    expect(stdout).toContain("prefers what stands first");
    const figures = join(folder, "told", "ratings.json");
    const before = readFileSync(figures, "utf8");
    const labels = join(folder, "told", "battles", "labels.jsonl");
    const whole = readFileSync(labels, "utf8");
    for (const file of ["manifest.json", "battles/stage.json"]) rmSync(join(folder, "told", file));
    writeFileSync(labels, whole.split("\n").slice(0, 5).join("\n"));
    expectStatus(await covenant(words([rude, kind], "--out", "told"), folder), 0);
    expect(readFileSync(labels, "utf8")).toBe(whole);
    const models = (text: string): unknown => (JSON.parse(text) as Document).models;
    expect(models(readFileSync(figures, "utf8"))).toEqual(models(before));
  });

  it("tells of a judge that judges itself", async () => {
    const models = ["evaluate", "tournament", "--models", `${judge},${kind}`, "--out", "own"];
    const own = [...models, "--constitution", "general", "--prompts", "prompts.jsonl"];
    const { stdout } = expectStatus(await covenant(own, folder), 0);
    expect(stdout).toContain("scripted:judge.yaml judged its own replies among others");
  });

  it("tries a judge behind an endpoint before anybody answers", async () => {
    const gone = ["--judge", "http://127.0.0.1:9/v1#gone", "--set", "endpoint.attempts=1", "--out", "gone"];
    const { stderr } = expectStatus(await covenant([...words([rude, kind]), ...gone], folder), 1);
    expect(stderr).toContain("127.0.0.1:9");
    expect(existsSync(join(folder, "gone/answers-1/answers.jsonl"))).toBe(false);
  });

  it.each([
    [[kind], "two models or more are needed"],
    [[kind, kind], "a model is named twice"],
    [[], "two models or more are needed"],
  ])("is refused for too few models: %j", async (models, message) => {
    const { stderr } = expectStatus(await covenant(words(models, "--out", "few"), folder), 2);
    expect(stderr).toContain(message);
  });
});
