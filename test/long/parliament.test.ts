// The three commands of examples/parliament-to-policy as they are shipped, each as small as it can be: what people said becomes a
// constitution, a policy is trained under it, and one reply is followed back. What it is worth is measured elsewhere.

import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { loadConstitution } from "../../src/constitution/index.ts";
import { covenant, expectStatus, makeFolder, root } from "../e2e/command.fixture.ts";

const { folder, remove } = makeFolder("parliament");
afterAll(remove);

const run = async (...words: readonly string[]): Promise<string> =>
  expectStatus(await covenant(words, folder), 0).stdout;
const set = (...settings: readonly string[]): string[] => settings.flatMap((one) => ["--set", one]);

it("lead from what was said over a principle and a label to a reply", async () => {
  const people = ["--seed", "1", "--runs", "1", ...set("assistants=6", "sandbox.requests=2")];
  const contract = ["--config", join(root, "configs/simulate/contract/tiny.yaml"), ...people];
  await run("simulate", "contract", ...contract, "--out", "runs/parliament/contract", "--quiet");
  const { principles } = await loadConstitution(join(folder, "runs/parliament/contract/constitution.yaml"));
  const few = [
    ...["train.harmful=12", "train.harmless=8", "train.lookalike=6"],
    ...["test.harmful=8", "test.harmless=4", "test.lookalike=4"],
  ].map((one) => `counts.${one}`);
  const short = ["sft.epochs=1", "dpo.epochs=1", "ppo.steps=2", "ppo.batch=4", "ppo.measureEvery=2"];
  const policy = ["--config", join(root, "examples/parliament-to-policy/policy.yaml")];
  const told = await run("run", ...policy, ...set(...few, ...short), "--quiet");
  for (const kind of ["SL-CAI", "DPO-CAI", "RL-CAI"]) expect(told).toContain(kind);
  const lineage = await run("lineage", "runs/parliament/policy");
  expect(lineage).toMatch(/^ {2}said .*^ {2}principle .*^ {2}label .*^ {2}reply /ms);
  const followed = /^2\. The principle: (\S+)$/m.exec(lineage)![1];
  const principle = principles.find(({ id }) => id === followed)!;
  expect(lineage).toContain(`principle   "${principle.title}"`);
}, 600_000);
