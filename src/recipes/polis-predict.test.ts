// `covenant polis predict` on scripted models and the conversation of examples/polis: it agrees with `polis baselines` on the same
// seed, goes on after an interruption with the same bytes, tells what is missing, and refuses what does not fit beforehand.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { missingOf, publishedFile, titled } from "../core/published.fixture.ts";
import { forecastRecordSchema, voterPersonaRecordSchema, voterRecordSchema } from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import { recipe as baselines } from "./polis-baselines.ts";
import { recipe } from "./polis-predict.ts";
import type { ForecastFigures } from "./summaries/forecast-figures.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const examples = fileURLToPath(new URL("../../examples", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "covenant-predict-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Given = z.input<typeof recipe.schema>;

const files = {
  comments: join(examples, "polis/comments.csv"),
  votes: join(examples, "polis/participants-votes.csv"),
};
const given = (out: string, changes: Partial<Given> = {}): Given => ({
  ...files,
  ...{ out: join(folder, out), model: `scripted:${join(examples, "predict-script.yaml")}`, voters: "all" },
  ...changes,
});
const run = (config: Given, context = contextFor()) => recipe.run(recipe.schema.parse(config), context);

const script = (name: string, value: object): string => {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(value));
  return `scripted:${path}`;
};
const forecastsOf = (out: string) =>
  readRecords(join(folder, out, "forecasts/forecasts.jsonl"), forecastRecordSchema);
const contentOf = (out: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(join(folder, out), { recursive: true, encoding: "utf8" })
      .sort()
      .filter((path) => /\.jsonl$|^metrics\.json$/.test(path) && !/^(events\.jsonl$|calls)/.test(path))
      .map((path) => [path, readFileSync(join(folder, out, path), "utf8")]),
  );

describe("a model of voters", () => {
  it("is measured on the votes of polis baselines, whose figures come out again", async () => {
    const always = script("always.json", { rules: [{ reply: "agree" }] });
    const { document } = await run(given("always", { model: always, seed: 3 }));
    const { predictors, votes, voters } = document as unknown as ForecastFigures;
    const alone = await baselines.run(baselines.schema.parse({ ...files, seed: 3 }), contextFor());
    const { majority, neighbours, heldOut } = alone.document as unknown as {
      majority: object;
      neighbours: object;
      heldOut: number;
    };
    const plain = (figures: object) =>
      Object.fromEntries(
        Object.entries(figures).filter(([name]) => !["low", "high", "intervals"].includes(name)),
      );
    expect([votes, voters]).toEqual([heldOut, 39]);
    expect(plain(predictors.majority)).toEqual(plain(majority));
    expect(plain(predictors.neighbours)).toEqual(plain(neighbours));
    const rows = await forecastsOf("always");
    const agreed = rows.filter(({ vote }) => vote === "agree").length / rows.length;
    expect(predictors.model.accuracy).toBeCloseTo(agreed, 12);
    expect(predictors.model.bins).toMatchObject([{ n: votes, said: 1, came: agreed }]);
  });

  it("leaves records that say who was asked what and came from what, and says in words which is better", async () => {
    const { lines, document } = await run(given("whole"));
    const voters = await readRecords(join(folder, "whole/voters/voters.jsonl"), voterRecordSchema);
    const rows = await forecastsOf("whole");
    const byId = new Map(voters.map((one) => [one.id, one]));
    for (const { parents, statement, messages, orders } of rows) {
      const { heldOut, shown } = byId.get(parents[0]!)!;
      expect(heldOut).toContain(statement);
      expect(shown.map((one) => one.statement)).not.toContain(statement);
      expect(messages.map(({ role }) => role)).toEqual(["system", "user"]);
      expect(orders).toHaveLength(3);
    }
    const text = lines.join("\n");
    expect(text).toMatch(/^model +\d+\.\d % +\[/m);
    expect(text).toMatch(
      /^The model against the majority: accuracy [+-]\d+\.\d points \[.*\], (better|worse|no clear difference)/m,
    );
    expect(text).toMatch(/The intervals of the two accuracies (do not )?overlap/);
    expect(text).toMatch(/^ {2}group 0 +\d+ +\d+ +\d+\.\d % \[/m);
    expect(text).toMatch(/^The model tells group \d worst and group \d best/m);
    const { missing, votes, asked, groups } = document as unknown as ForecastFigures & {
      missing: Record<string, number>;
      asked: number;
    };
    expect(missing["contradictory"]).toBeGreaterThan(0);
    expect(votes + Object.values(missing).reduce((sum, one) => sum + one, 0)).toBe(asked);
    expect(text).toMatch(/^Left out for all three: \d+ held-out votes? .* that name several options/m);
    expect(groups.reduce((sum, one) => sum + one.votes, 0)).toBe(votes);
    for (const { accuracy } of groups)
      for (const { value, low, high } of Object.values(accuracy)) {
        expect(low).toBeLessThanOrEqual(value!);
        expect(high).toBeGreaterThanOrEqual(value!);
      }
  });

  it("plays voters by what a model makes of their votes, and not by the votes", async () => {
    const { document, lines } = await run(given("personas", { fit: "persona", voters: 5, questions: 2 }));
    expect(lines.join("\n")).toContain("Intervals over fewer than 10 voters say little.");
    const personas = await readRecords(
      join(folder, "personas/personas/personas.jsonl"),
      voterPersonaRecordSchema,
    );
    expect(personas).toHaveLength(5);
    for (const { messages, parents } of personas) {
      expect(messages[0]!.content).toContain("Agreed with:\n- ");
      expect(parents[0]).toMatch(/^voters\//);
    }
    const rows = await forecastsOf("personas");
    expect(rows.length).toBeLessThanOrEqual(10);
    for (const { messages, parents, voter } of rows) {
      expect(parents).toEqual([`voters/${voter}`, `personas/${voter}`]);
      expect(messages[0]!.content).toContain("The person:\nWants an assistant that is honest");
      expect(messages[0]!.content).not.toContain("Agreed with");
    }
    expect(document).toMatchObject({ fit: "persona", method: "answer" });
  });

  it("asks nobody about a voter whom no model described", async () => {
    const model = script("cut.json", {
      rules: [
        { when: "Describe the person", reply: ["A person.", "one two three four"] },
        { reply: "agree" },
      ],
    });
    const { document } = await run(given("cut", { fit: "persona", model, persona: { maxTokens: 3 } }));
    const { missing, votes, asked } = document as unknown as {
      missing: Record<string, number>;
      votes: number;
      asked: number;
    };
    expect(missing).toEqual({ "reply-missing": asked - votes });
    expect(votes).toBeGreaterThan(0);
    expect(votes).toBeLessThan(asked);
  });

  it("lets a model think before it answers, as far as answerTokens go", async () => {
    const reply = `<think>${"I weigh this and that. ".repeat(10)}</think> agree`;
    const thinking = (out: string, more: Partial<Given> = {}) =>
      run(given(out, { model: script("thinking.json", { rules: [{ reply }] }), ...more }));
    await expect(thinking("short")).rejects.toThrow(/\(59 cut before a vote \(raise answerTokens\)\)/);
    expect((await thinking("long", { answerTokens: 60 })).document).toMatchObject({ votes: 59, missing: {} });
  });

  it("reads log-probabilities where the model gives them", async () => {
    const model = script("scores.json", {
      rules: [
        { reply: "no" },
        { when: "(A) agree", score: { "(A)": -0.1, "(B)": -3, "(C)": -4 } },
        { score: { "(A)": -2, "(B)": -2, "(C)": -2 } },
      ],
    });
    const { document } = await run(given("scores", { model, voters: 4 }));
    expect(document).toMatchObject({ method: "choice", missing: {} });
    for (const { forecast, said } of await forecastsOf("scores")) {
      expect(said).toBeUndefined();
      expect(forecast!.agree).toBeGreaterThan(forecast!.disagree);
      expect(forecast!.disagree).toBeGreaterThan(forecast!.pass);
    }
  });
});

describe("a run", () => {
  it("goes on after an interruption at any place with the same bytes, and repeats nothing when it is done", async () => {
    const text = readFileSync(join(examples, "predict-script.yaml"), "utf8").replace("batch: 16", "batch: 9");
    writeFileSync(join(folder, "small.yaml"), text);
    const config = (out: string) =>
      given(out, { model: `scripted:${join(folder, "small.yaml")}`, fit: "persona", voters: 12 });
    await run(config("unbroken"));
    let broken = 0;
    let furthest = 0;
    for (;;) {
      const context = contextFor((event, stop) => {
        if (event.type !== "stage-progress" || event.unit === "voters") return;
        const done = (event.stage === "forecasts" ? 1000 : 0) + event.done;
        if (done <= furthest) return;
        furthest = done;
        stop();
      });
      try {
        await run(config("broken"), context);
        break;
      } catch (thrown) {
        expect((thrown as { code: string }).code).toBe("interrupted");
        broken++;
      }
      const rows = join(folder, "broken/forecasts/forecasts.jsonl");
      if (broken % 3 === 0 && existsSync(rows)) {
        const kept = readFileSync(rows, "utf8").trimEnd();
        writeFileSync(rows, kept.slice(0, kept.lastIndexOf("\n") + 30));
      }
    }
    expect(broken).toBeGreaterThan(4);
    expect(contentOf("broken")).toEqual(contentOf("unbroken"));
    const events: string[] = [];
    await run(
      config("broken"),
      contextFor((event) => events.push(event.type)),
    );
    expect(events.filter((type) => type === "stage-skip")).toHaveLength(3);
    expect(events).not.toContain("stage-usage");
  });

  it("is planned with calls and cost before anything is asked", async () => {
    const config = recipe.schema.parse(
      given("planned", {
        ...{ model: "http://127.0.0.1:1/v1#m", fit: "persona", voters: 10, questions: 1, method: "choice" },
        prices: { "http://127.0.0.1:1/v1#m": { input: 1, output: 4 } },
      }),
    );
    const { steps, dollars } = await recipe.plan(config, contextFor());
    expect(steps.map(({ stage, calls }) => [stage, calls])).toEqual([
      ["voters", 0],
      ["personas", 10],
      // three echoes in each of three orders, and what finding out takes
      ["forecasts", 10 * 3 * 3 + 6],
    ]);
    expect(dollars).toBeGreaterThan(0);
    const written = { ...config, fit: "votes", method: "answer", orders: 1, answerTokens: 500 } as const;
    const prices = { [config.model]: { input: 0, output: 1e6 } };
    expect(await recipe.plan({ ...written, prices }, contextFor())).toMatchObject({ dollars: 10 * 500 });
    expect(existsSync(join(folder, "planned"))).toBe(false);
  });
});

describe("what does not fit", () => {
  const refused = (changes: Partial<Given>) => run(given("refused", changes));

  it("is refused before a folder is made", async () => {
    const votes = join(folder, "few.csv");
    writeFileSync(votes, "timestamp,comment-id,voter-id,vote\n1,0,5,1\n2,1,5,1\n");
    await expect(refused({ votes, minVotes: 0 })).rejects.toThrow("no vote is held out");
    await expect(refused({ answers: 3 })).rejects.toThrow("temperature is 0");
    await expect(refused({ model: "embedded:covenant-tiny" })).rejects.toThrow("knows a small language only");
    await expect(refused({ votes: join(folder, "none.csv") })).rejects.toThrow("none.csv");
    expect(existsSync(join(folder, "refused"))).toBe(false);
    expect(() => recipe.schema.parse({ ...files })).toThrow("a model is needed");
    expect(() => recipe.schema.parse({ ...given("x"), orders: 2 })).toThrow("expected 1 or 3");
  });

  it("is told where a model gives no log-probabilities, or no vote at all", async () => {
    await expect(refused({ method: "choice" })).rejects.toThrow("gives no log-probabilities");
    const model = script("mute.json", { rules: [{ reply: "That depends on many things." }] });
    await expect(run(given("mute", { model, voters: 3 }))).rejects.toThrow("told none of");
  });
});

const published = {
  comments: publishedFile("ccai/clean_comments.csv"),
  votes: publishedFile("ccai/clean_votes.csv"),
};
const needed = [published.comments, published.votes];

describe(titled("on Collective Constitutional AI", ...needed), () => {
  it.skipIf(missingOf(...needed))(
    "a model that always agrees is as good as agreement is common, on a sample",
    async () => {
      const config = given("ccai", {
        ...{ comments: published.comments.path, votes: published.votes.path, voters: 20, questions: 3 },
        ...{ groups: "computed", groupCount: 2, choose: "drawn" },
      });
      const { document } = await run(config);
      const rows = await forecastsOf("ccai");
      const { predictors, votes, voters } = document as unknown as ForecastFigures;
      expect([votes, voters]).toEqual([60, 20]);
      expect(predictors.model.accuracy).toBeCloseTo(
        rows.filter(({ vote }) => vote === "agree").length / 60,
        12,
      );
    },
  );
});
