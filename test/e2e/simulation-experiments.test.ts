// Sweeps, joining and replaying as people run them: folders of one kind are joined and others refused, and a stored simulation
// is read again without its script.

import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { replaySchema } from "../../src/records/index.ts";
import { covenant, expectStatus, makeFolder, root } from "./command.fixture.ts";

const { folder, remove } = makeFolder("experiments");
afterAll(remove);

const sweep = `
command: games
settings: {repetitions: 3, iterations: 2, heldOut: {currencies: []}}
grid: {groups: [[fair], [selfish]]}
seeds: [0, 1]
`;

const run = async (...words: readonly string[]) => expectStatus(await covenant(words, folder), 0);

const script = `scripted:${join(root, "examples/contract-script.yaml")}`;

beforeAll(async () => {
  writeFileSync(join(folder, "sweep.yaml"), sweep);
  await run("simulate", "sweep", "--config", "sweep.yaml", "--out", "whole", "--quiet");
  await run("simulate", "games", "--out", "one", "--repetitions", "2", "--iterations", "2", "--quiet");
  const four = ["--users", "amina,dale,kamala,tove", "--runs", "1", "--turns", "1", "--quiet"];
  await run("simulate", "contract", "--model", script, ...four, "--out", "contract");
  await run("simulate", "contract", "--model", script, ...four, "--seed", "1", "--out", "contract-1");
});

describe("joining", () => {
  it("makes one table and one page of runs and sweeps of a kind, with their names", async () => {
    const { stdout } = await run(
      "simulate",
      "combine",
      "one",
      "whole",
      "--labels",
      "first,second",
      "--out",
      "joined",
    );
    expect(stdout).toMatch(/first · fair-10 +given, fixed +0\.50/);
    expect(stdout).toMatch(/second: selfish · selfish-10/);
    const groups = readFileSync(join(folder, "joined/results/groups.csv"), "utf8");
    expect(groups).toContain("second: fair");
    const chart = JSON.parse(readFileSync(join(folder, "joined/charts/given-by-step.vl.json"), "utf8"));
    const drawn = new Set(chart.data.values.map(({ panel }: { readonly panel: string }) => panel));
    const own = ["altruistic", "fair", "selfish"].map((name) => `first · ${name}-10`);
    const swept = ["fair", "selfish"].map((name) => `second: ${name} · ${name}-10`);
    expect([...drawn]).toEqual([...own, ...swept]);
    const page = readFileSync(join(folder, "joined/experiment.html"), "utf8");
    expect(page.replaceAll(/"\$schema":"[^"]*"/g, "")).not.toMatch(/https?:\/\//);
  });

  it("joins contracts: ratings of users and how alike their constitutions are", async () => {
    const words = ["contract", "contract-1", "--labels", "here,there", "--out", "joined-contracts"];
    const { stdout } = await run("simulate", "combine", ...words);
    expect(stdout).toMatch(/here .*satisfaction/);
    expect(stdout).toMatch(/there .*satisfaction/);
    const groups = readFileSync(join(folder, "joined-contracts/results/groups.csv"), "utf8");
    for (const name of ["here", "there"]) expect(groups).toContain(name);
    expect(existsSync(join(folder, "joined-contracts/experiment.html"))).toBe(true);
  });

  it.each([
    [["one", "contract"], "holds simulate games, and contract simulate contract"],
    [["one", "./one"], "named twice"],
    [["one", "--labels", "a,b"], "expected 1 name"],
    [["nowhere"], "no run folder"],
    [[], "folders are needed"],
  ])("refuses %j and leaves nothing", async (words, told) => {
    const { stderr } = expectStatus(
      await covenant(["simulate", "combine", ...words, "--out", "refused"], folder),
      2,
    );
    expect(stderr).toContain(told);
    expect(existsSync(join(folder, "refused"))).toBe(false);
  });

  it("refuses a run that is not finished", async () => {
    rmSync(join(folder, "contract/manifest.json"));
    const { stderr } = expectStatus(await covenant(["simulate", "combine", "contract"], folder), 2);
    expect(stderr).toContain("contract is not finished");
  });
});

describe("a replay", () => {
  it("is read by people, and by programs as one document", async () => {
    const { stdout } = await run("simulate", "replay", "contract", "--user", "amina");
    expect(stdout).toMatch(/assistant 1 → user 1, Amina Sow\n {2}\S/);
    expect(stdout).toMatch(/\d+ messages\n$/);
    const { stdout: text } = await run("simulate", "replay", "contract", "--json");
    const { messages, kind } = replaySchema.parse(JSON.parse(text));
    expect([kind, messages.filter((one) => one.kind === "draft").length]).toEqual(["contract", 4]);
  });

  it("says of a sweep where its runs are", async () => {
    const { stderr } = expectStatus(await covenant(["simulate", "replay", "whole"], folder), 2);
    expect(stderr).toContain("whole/cells");
  });
});
