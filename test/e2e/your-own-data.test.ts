// docs/your-own-data.md as somebody follows it: every command line of the page, in its order, in a folder with nothing in it.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { covenant, expectStatus, makeFolder, root } from "./command.fixture.ts";
import { serveEachTest } from "./endpoint.fixture.ts";

const { folder, remove } = makeFolder("own-data");
afterAll(remove);
const serve = serveEachTest();

const page = readFileSync(join(root, "docs/your-own-data.md"), "utf8");
const lines = [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block]) =>
  [...block!.matchAll(/^npx covenant (.*)$/gm)].map(([, line]) => line!),
);
/** The server of the page, which another one plays here. */
const address = "http://127.0.0.1:8000/v1#covenant-tiny";

/** The files that the page's tables name below a heading. */
const filesUnder = (heading: string): string[] => {
  const section = page.split(`## ${heading}\n`)[1]!.split("\n## ")[0]!;
  return [...section.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([^`]+)`/g)].map(([, path]) => path!),
  );
};

describe("the page on data of one's own", () => {
  it("runs as it is written", async () => {
    const [, name, prompts] = /^cat > (\S+) <<'END'\n([\s\S]*?)^END$/m.exec(page)!;
    writeFileSync(join(folder, name!), prompts!);
    const server = await serve({ scores: true });
    const run = lines.filter((line) => !line.startsWith("serve "));
    expect(run.length).toBeGreaterThan(10);
    for (const line of run) {
      const words = (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ""));
      const asked = words.map((word) => (word === address ? server.name : word));
      const { stdout, stderr } = expectStatus(await covenant([...asked, "--quiet"], folder), 0);
      expect([line, stdout]).not.toEqual([line, ""]);
      expect(stderr).not.toContain("small language");
    }
    for (const path of filesUnder("Revise"))
      expect([path, existsSync(join(folder, "runs/served", path))]).toEqual([path, true]);
    for (const path of filesUnder("Label"))
      expect([path, existsSync(join(folder, "runs/mine-labels", path))]).toEqual([path, true]);
    expect(filesUnder("Revise").length + filesUnder("Label").length).toBe(13);
    const rows = readFileSync(join(folder, "runs/mine/rows/sft.jsonl"), "utf8").trim().split("\n");
    expect(rows).toHaveLength(prompts!.trim().split("\n").length);
  });
});
