// `covenant run` from end to end: the same seed gives the same bytes, wherever and however it runs; and what
// each stage took, read from what a finished run wrote.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConstitution } from "../../src/constitution/index.ts";
import { total } from "../../src/core/index.ts";
import {
  goodhartRecordSchema,
  metricsDocumentSchema,
  pairRowSchema,
  promptRecordSchema,
  recordSchema,
  replyRecordSchema,
  revisionRecordSchema,
  rewardPairRecordSchema,
  sftRowSchema,
  stepRecordSchema,
} from "../../src/records/index.ts";
import { readRecords } from "../../src/runs/index.ts";
import { readSafetensors } from "../../src/transformer/index.ts";
import { contentHashOf, contentOf, covenant, type Ended, expectStatus } from "./command.fixture.ts";
import { makeRunFolder, runInto } from "./whole-run.fixture.ts";

const { folder, remove, inFolder, prepare, armsAtOnce, eventsOf } = makeRunFolder();

let first: Ended;
beforeAll(async () => {
  await prepare();
  first = await armsAtOnce(runInto("first", "--json"));
});
afterAll(remove);

const stagesStarted = (out: string): string[] =>
  eventsOf(out).flatMap(({ type, stage = "" }) => (type === "stage-start" ? [stage] : []));

describe("a whole run", () => {
  it("ends with report, manifest and figures of both arms and every model", () => {
    expectStatus(first, 0);
    for (const file of ["report.html", "manifest.json", "config.yaml", "ethical/constitution.yaml"])
      expect(existsSync(inFolder(`first/${file}`)), file).toBe(true);
    const metrics = metricsDocumentSchema.parse(
      JSON.parse(readFileSync(inFolder("first/metrics.json"), "utf8")),
    );
    expect(Object.keys(metrics.arms)).toEqual(["ethical", "inverted"]);
    expect(metrics.arms["ethical"]!.models.rl.harmRate.n).toBe(4);
    expect(metrics.arms["inverted"]!.revisions.map(({ round }) => round)).toEqual([0, 1, 2]);
  });

  it("names every record once, in its own stage, and records it was made from that are there", () => {
    const paths = readdirSync(inFolder("first"), { recursive: true, encoding: "utf8" }).filter(
      (path) => path.endsWith(".jsonl") && path !== "events.jsonl",
    );
    const records = paths.flatMap((path) =>
      readFileSync(inFolder(`first/${path}`), "utf8")
        .trim()
        .split("\n")
        .map((line) => ({ path, ...recordSchema.parse(JSON.parse(line)) })),
    );
    const ids = new Set(records.map(({ id }) => id));
    expect(paths.length).toBeGreaterThan(20);
    expect(ids.size).toBe(records.length);
    for (const { id, path, stage, parents } of records) {
      expect(stage, path).toBe(dirname(path).replaceAll("\\", "/"));
      expect(id.split(stage).length, `${id} says its stage once`).toBeLessThanOrEqual(2);
      expect(
        parents.filter((parent) => !ids.has(parent)),
        id,
      ).toEqual([]);
    }
  });

  it("prints one JSON document on stdout with --json, and its progress on stderr", () => {
    const document = JSON.parse(first.stdout) as { folder: string; report: string };
    expect(document.report).toBe(join(document.folder, "report.html"));
    expect(first.stderr).toContain("ethical/revise: done");
  });

  const otherRate = ["--set", "ppo.learningRate=0.00003"];

  it("again in another folder gives the same bytes as far as its settings do, one arm after the other", async () => {
    const { stdout } = expectStatus(await covenant(runInto("second", ...otherRate), folder), 0);
    expect(stdout).toMatch(
      /\nReport: second\/report\.html\n(.+\n)*Next: npx covenant chat \.\/second\/ethical\/rl\/model\n$/,
    );
    const inTurn = (out: string) => stagesStarted(out).findIndex((stage) => stage.startsWith("inverted/"));
    expect([inTurn("first") < 8, inTurn("second")]).toEqual([true, 8]);
    const [own, there] = [contentOf(inFolder("second")), contentOf(inFolder("first"))];
    expect(Object.keys(own)).toEqual(Object.keys(there));
    const others = Object.keys(own).filter((file) => own[file] !== there[file]);
    const ofRates = /^(ethical|inverted)\/rl\/|^evaluate\/|^metrics\.json$/;
    expect(others.filter((file) => !ofRates.test(file))).toEqual([]);
    expect(others).toContain("ethical/rl/steps.jsonl");
  });

  it.each([
    ["both arms at once", armsAtOnce, "third", otherRate, "first", "second"],
    [
      "one arm after the other",
      (words: string[]) => covenant(words, folder),
      "fourth",
      [],
      "second",
      "first",
    ],
  ] as const)(
    "takes over from another run what other settings leave as it is, and ends as a whole run does, %s",
    async (_, command, out, settings, from, whole) => {
      const { stderr } = expectStatus(await command(runInto(out, ...settings, "--reuse", from)), 0);
      expect(stderr).toContain(`ethical/dpo: as in ${from}, skipped`);
      expect(stagesStarted(out).sort()).toEqual(["ethical/rl", "evaluate", "inverted/rl"]);
      expect(contentOf(inFolder(out))).toEqual(contentOf(inFolder(whole)));
      expect(contentHashOf(inFolder(out))).toBe(contentHashOf(inFolder(whole)));
    },
  );

  it("refuses another run's stages where more differs, and takes none where its own are there", async () => {
    const resumed = await covenant(["run", "--resume", "third", "--reuse", "first"], folder);
    expect(expectStatus(resumed, 0).stderr).not.toContain(": started");
    const refused = await covenant(
      runInto("other", "--set", "sampling.maxTokens=9", "--reuse", "first"),
      folder,
    );
    expect(expectStatus(refused, 2).stderr).toMatch(/ {2}sampling\.maxTokens: \d+ there, 9 now\n/);
    expect(existsSync(inFolder("other"))).toBe(false);
    const planned = await covenant(runInto("other", "--reuse", "first", "--dry-run"), folder);
    expect(expectStatus(planned, 0).stdout + planned.stderr).toContain("Of first every stage is taken over");
  });

  it("again in its own folder repeats nothing, also by --resume", async () => {
    const before = contentHashOf(inFolder("first"));
    const byResume = () => covenant(["run", "--resume", "first"], folder);
    for (const again of [() => armsAtOnce(runInto("first")), byResume]) {
      expect(expectStatus(await again(), 0).stderr).not.toContain(": started");
      expect(contentHashOf(inFolder("first"))).toBe(before);
    }
    expect(eventsOf("first").filter(({ type }) => type === "stage-skip")).toHaveLength(30);
  });
});

const arms = ["ethical", "inverted"] as const;
const inFirst = (...path: string[]): string => inFolder(join("first", ...path));
const constitutionOf = (arm: string) => loadConstitution(inFirst(arm, "constitution.yaml"));

const mean = (values: readonly number[]): number => total(values) / values.length;
const logit = (score: number): number => Math.log(score / (1 - score));

const weightsOf = (model: string) => readSafetensors(inFolder(`${model}/model.safetensors`));

/** Which of some models another has the weights nearest to, by squared distance over the weights that both have. */
const nearestOf = async (models: readonly string[], other: string): Promise<string> => {
  const wanted = await weightsOf(other);
  const distances = await Promise.all(
    models.map(async (model) => {
      const weights = Object.entries(await weightsOf(model)).filter(([name]) => wanted[name] !== undefined);
      return total(
        weights.map(([name, { data }]) =>
          total([...data].map((value, at) => (value - wanted[name]!.data[at]!) ** 2)),
        ),
      );
    }),
  );
  return models[distances.indexOf(Math.min(...distances))]!;
};

describe("the stages of a whole run", () => {
  it("revise each arm under a constitution of its own, the second under the inverted one", async () => {
    expect((await constitutionOf("ethical")).inverts).toBeUndefined();
    expect((await constitutionOf("inverted")).inverts).toBe("ethical");
    for (const arm of arms) {
      const { principles } = await constitutionOf(arm);
      const texts = principles.flatMap(({ id, critique, revision }) => `${id}: ${critique} ${revision}`);
      const revised = await readRecords(inFirst(arm, "revise/revisions.jsonl"), revisionRecordSchema);
      const asked = revised.flatMap(({ steps }) =>
        steps.map(
          ({ principle, critiqueRequest, revisionRequest }) =>
            `${principle}: ${critiqueRequest} ${revisionRequest}`,
        ),
      );
      expect(asked).toHaveLength(16);
      expect(asked.filter((text) => !texts.includes(text))).toEqual([]);
    }
  });

  it("ask both arms under the same seeds", async () => {
    const seedsOf = async (arm: string) =>
      [
        ...(await readRecords(inFirst(arm, "revise/revisions.jsonl"), revisionRecordSchema)),
        ...(await readRecords(inFirst(arm, "label/samples.jsonl"), replyRecordSchema)),
      ].map(({ id, seed }) => [id.replace(arm, ""), seed]);
    const [ethical, inverted] = [await seedsOf("ethical"), await seedsOf("inverted")];
    expect(ethical).toHaveLength(8 + 128);
    expect(ethical).toEqual(inverted);
  });

  it("learn supervised from revisions of harmful requests and from answers to the others", async () => {
    const prompts = await readRecords(inFirst("prompts/prompts.jsonl"), promptRecordSchema);
    const kinds = new Map(prompts.map(({ id, kind }) => [id as string, kind]));
    for (const arm of arms) {
      const rows = await readRecords(inFirst(arm, "sl/rows.jsonl"), sftRowSchema);
      const sources = rows.map(({ parents: [source] }) => source!.split("/"));
      const kindsOf = (stage: string) =>
        sources.flatMap((words) => (words.includes(stage) ? [kinds.get(words.at(-1)!)] : []));
      expect(new Set(kindsOf("revise"))).toEqual(new Set(["harmful"]));
      expect(new Set(kindsOf("answer"))).toEqual(new Set(["harmless", "lookalike"]));
    }
  });

  it("sample pairs from the arm's own SL-CAI model, not from the base", async () => {
    for (const arm of arms) {
      const samples = await readRecords(inFirst(arm, "label/samples.jsonl"), replyRecordSchema);
      expect(new Set(samples.map(({ model }) => model))).toEqual(new Set([`${arm}/sl/model`]));
    }
  });

  // a few small steps: what was trained still lies near what it began from
  it("train reward model, DPO-CAI and RL-CAI from the arm's SL-CAI model, not from the base", async () => {
    const starts = ["model", ...arms.map((arm) => `first/${arm}/sl/model`)];
    for (const arm of arms)
      for (const stage of ["reward", "dpo", "rl"])
        expect(await nearestOf(starts, `first/${arm}/${stage}/model`), stage).toBe(`first/${arm}/sl/model`);
  });

  it("measure the Goodhart curve by the reward model and against the policy's beginning", async () => {
    for (const arm of arms) {
      const points = await readRecords(inFirst(arm, "rl/goodhart.jsonl"), goodhartRecordSchema);
      expect(points.map(({ step }) => step)).toEqual([0, 1, 2]);
      for (const { rewards } of points) expect(new Set(rewards).size).toBe(rewards.length);
      // the first update has a learning rate of 0
      for (const { logRatios } of points.slice(0, 2)) expect(mean(logRatios.map(Math.abs))).toBe(0);
      expect(mean(points[2]!.logRatios.map(Math.abs))).toBeGreaterThan(1e-3);
    }
  });

  it("score held-out pairs with the trained reward model: those that its training was measured on", async () => {
    for (const arm of arms) {
      const rows = await readRecords(inFirst(arm, "reward/rows.jsonl"), pairRowSchema);
      const heldOut = await readRecords(inFirst(arm, "reward/held-out.jsonl"), rewardPairRecordSchema);
      const steps = await readRecords(inFirst(arm, "reward/steps.jsonl"), stepRecordSchema);
      const found = heldOut.map(({ parents: [parent] }) => rows.find(({ id }) => id === parent));
      expect(new Set(found).size).toBe(heldOut.length);
      expect(heldOut.length).toBeLessThan(rows.length / 2);
      expect(found.map((row) => row?.probability)).toEqual(heldOut.map(({ probability }) => probability));
      const margins = heldOut.map(({ chosen, rejected }) => logit(chosen) - logit(rejected));
      const { eval_margin: margin, eval_accuracy: accuracy } = steps.at(-1)!.metrics;
      expect(mean(margins)).toBeCloseTo(margin!, 5);
      expect(mean(margins.map((value) => (value > 0 ? 1 : 0)))).toBeCloseTo(accuracy!, 5);
    }
  });
});
