import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { anyText } from "../core/any-text.fixture.ts";
import { formatJsonLines } from "../core/index.ts";
import type { Estimate, MetricsDocument } from "../records/index.ts";
import { percentText, signedText } from "./charts/index.ts";
import { writeReport } from "./index.ts";
import { renderPage } from "./page.ts";
import { loadReportData } from "./report-data.ts";
import { type SyntheticOptions, writeSyntheticRun } from "./synthetic-run.fixture.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "covenant-report-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const small = { prompts: 24, steps: 4 } as const;
const pageOf = async (options: SyntheticOptions): Promise<string> => {
  await writeSyntheticRun(folder, options);
  return (await renderPage(await loadReportData(folder))).html;
};

let drawn: Promise<string> | undefined;
/** The page of the small run, which is in the folder: drawn once, since its charts take half a second. */
const smallPage = async (): Promise<string> => {
  await writeSyntheticRun(folder, small);
  drawn ??= loadReportData(folder).then(async (data) => (await renderPage(data)).html);
  return drawn;
};

const voids = new Set(["meta", "br", "hr", "input"]);

/** The names of all tags in order. Throws where a tag is malformed, unclosed or closed in the wrong order. */
const tagsOf = (page: string): string[] => {
  const body = page
    .replace(/^<!doctype html>\n/, "")
    .replace(/(<(script|style)[^>]*>)[\s\S]*?(<\/\2>)/g, "$1$3");
  const open: string[] = [];
  const names: string[] = [];
  const tag = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+(?:="[^"<>]*")?)*)\s*(\/?)>/g;
  const rest = body.replace(
    tag,
    (_, closing: string, name: string, _attributes: string, selfClosed: string) => {
      names.push(closing + name);
      if (closing) {
        const last = open.pop();
        if (last !== name) throw new Error(`</${name}> closes <${last}>`);
      } else if (!selfClosed && !voids.has(name)) open.push(name);
      return "";
    },
  );
  const stray = /[<>]/.exec(rest);
  if (stray) throw new Error(`Stray ${stray[0]}: ${rest.slice(stray.index - 40, stray.index + 40)}`);
  if (open.length > 0) throw new Error(`Not closed: ${open.join(", ")}`);
  return names;
};

const estimatesIn = (value: unknown, path: string): { path: string; estimate: Estimate }[] => {
  if (value === null || typeof value !== "object") return [];
  if ("low" in value && "high" in value) return [{ path, estimate: value as Estimate }];
  return Object.entries(value).flatMap(([key, inner]) => estimatesIn(inner, `${path}.${key}`));
};

describe("the page", () => {
  it("is written into the run folder as well-formed HTML with unique ids", async () => {
    await writeSyntheticRun(folder, small);
    const { path } = await writeReport(folder);
    expect(path).toBe(join(folder, "report.html"));
    const page = await readFile(path, "utf8");
    expect(tagsOf(page).filter((name) => name === "section")).toHaveLength(8);
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map((match) => match[1]);
    expect(targets.length).toBeGreaterThan(7);
    for (const target of targets) expect(ids).toContain(target);
    expect(page).toMatch(/>Ethical: -?\d+ of \d+ judged pairs .*\. Inverted: -?\d+ of \d+ judged pairs /);
  });

  it("follows a training prompt from its answer to what every model of both arms makes of it", async () => {
    const page = await smallPage();
    const data = await loadReportData(folder);
    const parts = page.split(/<details class="transcript"/).slice(1);
    /** Holds a part of the page to texts one behind the other. */
    const expectInOrder = (part: string, texts: readonly string[]): void => {
      let from = 0;
      for (const text of texts) {
        const at = part.indexOf(text, from);
        expect(at, text).toBeGreaterThanOrEqual(from);
        from = at + text.length;
      }
    };
    const followed = [...new Set(data.followed.map(({ prompt }) => prompt))];
    expect(followed.length).toBeGreaterThan(0);
    for (const id of followed) {
      const part = parts.find((one) => one.includes(`Prompt <code>${id}</code>`))!;
      for (const { name, revisions, labels, constitution } of data.arms) {
        const chain = revisions.find(({ prompt }) => prompt === id)!;
        const label = labels.find(({ prompt }) => prompt === id)!;
        const answers = data.followed.filter(({ prompt, arm }) => prompt === id && arm === name);
        const [step] = chain.steps;
        const titleOf = (wanted: string) => constitution!.principles.find(({ id }) => id === wanted)!.title;
        expect(answers.map(({ model }) => model)).toEqual(["sl", "dpo", "rl"]);
        expectInOrder(part, [
          ...[chain.messages.at(-1)!.content, chain.answer, titleOf(step!.principle)],
          ...[step!.critique, step!.revision, ...label.replies, ...answers.map(({ text }) => text)],
        ]);
      }
    }
  });

  it("fetches nothing: no address outside the data it carries, and a policy that forbids it", async () => {
    const page = await smallPage();
    const markup = page.replace(/<script type="application\/json"[\s\S]*?<\/script>/g, "");
    expect(markup).not.toMatch(/https?:\/\//);
    expect(markup).not.toMatch(
      /\s(?:src|srcset|action|poster|background)=|url\(|@import|<(?:link|img|iframe|object|embed)\b/,
    );
    expect(markup).not.toMatch(/href="(?!#)/);
    const script = /<script type="module">([\s\S]*?)<\/script>/.exec(page)?.[1] as string;
    const hash = createHash("sha256").update(script).digest("base64");
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1]?.replaceAll("&#39;", "'");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src 'sha256-${hash}'`);
  });

  it("is light or dark as the reader wishes, and light on paper, where nothing stands that only a screen can do", async () => {
    const page = await smallPage();
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)![1]!;
    const paper = ":root,:root[data-theme]";
    for (const [where, selector] of [
      ["light", ":root"],
      ["dark", "@media (prefers-color-scheme:dark){:root"],
      ["light", ':root[data-theme="light"]'],
      ["dark", ':root[data-theme="dark"]'],
      ["light", `@media print{${paper}`],
    ] as const)
      expect(style, selector).toContain(`${selector}{color-scheme:${where};`);
    const variablesOf = (selector: string): string[] =>
      [
        ...style
          .split(`${selector}{`)[1]!
          .split("}")[0]!
          .matchAll(/(--[\w-]+):/g),
      ].map(([, name]) => name!);
    const names = variablesOf(":root");
    expect(names.length).toBeGreaterThan(5);
    expect(variablesOf(':root[data-theme="dark"]')).toEqual(names);
    const used = [...page.matchAll(/var\((--[\w-]+)/g)].map(([, name]) => name!);
    const own = [...style.matchAll(/(--[\w-]+):/g)].map(([, name]) => name!);
    for (const name of new Set(used)) expect(own, name).toContain(name);
    const printed = style.split("@media print").at(-1)!;
    const hidden = /([^{}]*)\{\s*display:\s*none/.exec(printed)![1]!;
    for (const part of ["nav", "button"]) expect(hidden).toContain(part);
  });

  it("says of trainings that kept their best weights which step the model is from, and of no others", async () => {
    expect(await smallPage()).not.toMatch(/Kept is the model|objective on requests kept out/);
    const steps = [0, 1, 2, 3].map((step) => ({
      ...{ id: `step-${step}`, parents: [], stage: "ethical/rl", seed: 1, step },
      metrics: {
        "objective/scores": 0.5,
        ...(step % 2 === 1 ? { "eval_objective/rlhf_reward": 1 / step } : {}),
      },
    }));
    const best = {
      ...{ id: "ethical/rl/best", parents: ["step-1"], stage: "ethical/rl", seed: 1, step: 1 },
      ...{ metric: "eval_objective/rlhf_reward", wanted: "most", value: 1, last: 1 / 3, looks: 2 },
    };
    await writeFile(join(folder, "ethical/rl/steps.jsonl"), formatJsonLines(steps));
    await writeFile(join(folder, "ethical/rl/best.jsonl"), formatJsonLines([best]));
    const page = (await renderPage(await loadReportData(folder))).html;
    const figureOf = (id: string): string => page.split(`id="chart-${id}"`)[1]!.split("</figure>")[0]!;
    for (const id of ["rl-harm", "goodhart", "rl-reward", "rl-objective"])
      expect(figureOf(id), id).toContain("Kept is the model after step 2 of 4");
    for (const id of ["sl-loss", "dpo-loss", "rl-kl"]) expect(figureOf(id), id).not.toContain("Kept is");
    expect(figureOf("rl-objective")).toContain("Ethical: 1 → 0.333 in 2 looks.");
  });

  it("tells at its beginning of a model that harm went up in", async () => {
    const told = "Under the constitution as it is written, RL-CAI answers harmfully more often than SL-CAI";
    expect(await smallPage()).not.toContain(told);
    const file = join(folder, "metrics.json");
    const metrics: MetricsDocument = JSON.parse(await readFile(file, "utf8"));
    metrics.arms["ethical"]!.models.rl.harmRate = { value: 0.6, low: 0.5, high: 0.7, n: 343 };
    await writeFile(file, JSON.stringify({ ...metrics, differences: [] }));
    const page = (await renderPage(await loadReportData(folder))).html;
    const opening = page.slice(page.indexOf("<header"), page.indexOf("</header>"));
    expect(opening).toContain(told);
    expect(page.split(told)).toHaveLength(2);
  });

  it("shows every figure of the metrics with its interval and n, and carries them as JSON", async () => {
    const page = await smallPage();
    const metrics = JSON.parse(await readFile(join(folder, "metrics.json"), "utf8"));
    const embedded = /<script type="application\/json" id="data-metrics">(.*?)<\/script>/.exec(
      page,
    )?.[1] as string;
    expect(JSON.parse(embedded)).toEqual(metrics);
    const found = estimatesIn(metrics.arms, "");
    expect(found.length).toBeGreaterThan(100);
    for (const { path, estimate } of found) {
      const write = path.includes(".elo.")
        ? signedText
        : /harmScore$|\.goodhart\.\d+\.(reward|kl)$/.test(path)
          ? (value: number) => value.toFixed(2)
          : percentText;
      expect(page, path).toContain(write(estimate.value as number));
      expect(page.replace(/n\u00a0=\u00a0(\d+)/g, "<small>n $1</small>"), path).toContain(
        `<small>n ${estimate.n}</small>`,
      );
    }
    for (const stage of Object.keys(metrics.seconds)) expect(page).toContain(`<code>${stage}</code>`);
  });

  it("draws every chart without a warning and carries its specification", async () => {
    await writeSyntheticRun(folder, small);
    const { html, warnings } = await renderPage(await loadReportData(folder));
    expect(warnings).toEqual([]);
    const drawn = [...html.matchAll(/<figure class="chart" id="chart-([^"]+)"/g)].map((match) => match[1]);
    expect(drawn).toHaveLength(19);
    const embedded = /id="data-specifications">(.*?)<\/script>/.exec(html)?.[1] as string;
    const specifications = JSON.parse(embedded);
    expect(Object.keys(specifications)).toEqual(drawn);
    for (const specification of Object.values(specifications)) {
      expect(specification).toMatchObject({ $schema: "https://vega.github.io/schema/vega-lite/v6.json" });
    }
  });

  it("has the same bytes for the same run, also after other reports were made", async () => {
    const first = await smallPage();
    const other = await mkdtemp(join(tmpdir(), "covenant-report-"));
    await writeSyntheticRun(other, { ...small, seed: 2 });
    expect((await renderPage(await loadReportData(other))).html).not.toBe(first);
    await rm(other, { recursive: true });
    expect((await renderPage(await loadReportData(folder))).html).toBe(first);
  });

  it("stays under two megabytes, however long the texts and however many the steps", async () => {
    const page = await pageOf({
      prompts: 300,
      steps: 5_000,
      text: (text) => text + " and so on".repeat(400),
    });
    expect(Buffer.byteLength(page)).toBeLessThan(2_000_000);
  });
});

describe("model text", () => {
  it("never becomes markup, whatever it holds", async () => {
    const shape = tagsOf(await pageOf({ ...small, text: () => "plain" }));
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          anyText({ minLength: 1 }),
          fc.constantFrom(
            "</script><script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "<!-- ]]> </style> &lt;b&gt;",
            "$1$&</title></textarea>",
            "\u202e\u0000\ud800<svg/onload=1>",
          ),
        ),
        async (planted) => {
          const page = await pageOf({ ...small, text: () => `x${planted}` });
          const tags = tagsOf(page);
          // Word marks come and go with the text; nothing else may.
          const unmarked = (names: readonly string[]): string[] =>
            names.filter((name) => !/^\/?(mark|em)$/.test(name));
          expect(unmarked(tags)).toEqual(unmarked(shape));
          expect(page).not.toContain("\u0000");
          expect(page.isWellFormed()).toBe(true);
        },
      ),
      { numRuns: 8 },
    );
  });

  it("is all there, escaped", async () => {
    const page = await pageOf({ ...small, text: (text) => `${text} <b>"Tom & Ann's"</b>` });
    expect(page).toContain("&lt;b&gt;&quot;Tom &amp; Ann&#39;s&quot;&lt;/b&gt;");
  });
});

describe("incomplete runs", () => {
  const without: Record<string, readonly string[]> = {
    metrics: ["metrics.json"],
    verdicts: ["verdicts.jsonl"],
    "the evaluation": ["metrics.json", "evaluate/"],
    labels: ["labels.jsonl"],
    revisions: ["revisions.jsonl"],
    "all trainings": ["steps.jsonl"],
    constitutions: ["constitution.yaml"],
    prompts: ["prompts.jsonl"],
    events: ["events.jsonl"],
    "one arm": ["inverted/"],
    "everything but the configuration": [
      "prompts",
      "answer",
      "ethical",
      "inverted",
      "evaluate",
      "metrics",
      "events",
    ],
  };
  for (const [name, parts] of Object.entries(without)) {
    it(`are reported without ${name}`, async () => {
      await writeSyntheticRun(folder, { ...small, without: parts });
      const { html, warnings } = await renderPage(await loadReportData(folder));
      expect(() => tagsOf(html)).not.toThrow();
      expect(warnings).toEqual([]);
      expect(html).not.toMatch(/undefined|NaN|\[object/);
    });
  }

  it("pass over replies that are no answers", async () => {
    await writeSyntheticRun(folder, small);
    const file = join(folder, "evaluate/verdicts.jsonl");
    const rows = (await readFile(file, "utf8")).trim().split("\n");
    const lost = rows.map((row, at) =>
      at % 3 === 0 ? JSON.stringify({ ...JSON.parse(row), text: "", verdict: null, finish: "refusal" }) : row,
    );
    await writeFile(file, `${lost.join("\n")}\n`);
    const data = await loadReportData(folder);
    const read = data.verdicts.length + data.followed.length;
    expect(read).toBe(rows.length - Math.ceil(rows.length / 3));
    const { html } = await renderPage(data);
    expect(() => tagsOf(html)).not.toThrow();
    expect(html).not.toMatch(/undefined|NaN|\[object/);
  });

  it("say what is missing and claim no result", async () => {
    const page = await pageOf({ ...small, without: ["metrics.json", "evaluate/", "rl/steps.jsonl"] });
    expect(page).toContain("not evaluated yet");
    expect(page.match(/Not in this run\./g)?.length).toBeGreaterThanOrEqual(4);
    expect(page).toContain("ethical/rl/steps.jsonl");
    expect(page).not.toContain("harmful answers fell");
  });

  it("tell a folder that is no run, and a broken file by its line, from an unfinished run", async () => {
    await expect(loadReportData(folder)).rejects.toThrow(/no run folder/);
    await writeSyntheticRun(folder, small);
    await writeFile(join(folder, "evaluate/verdicts.jsonl"), '{"id":"a"}\n');
    await expect(loadReportData(folder)).rejects.toThrow(/verdicts\.jsonl, line 1/);
  });
});

describe("other arms", () => {
  it("are shown under their own names, up to four and more", async () => {
    const page = await pageOf({ ...small, arms: ["neutral", "ethical", "shuffled", "inverted", "fifth"] });
    expect(() => tagsOf(page)).not.toThrow();
    for (const arm of ["neutral", "shuffled", "fifth"]) expect(page).toContain(`${arm} constitution`);
    expect(page.indexOf("ethical constitution</th>")).toBeLessThan(
      page.indexOf("inverted constitution</th>"),
    );
  });
});
