// Values set aside in a file: each comes back from its place, in any order and while others are put, and the file goes.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { openSetAside } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-set-aside-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("gives back what was put, whatever its length and its characters", async () => {
  const path = join(folder, "values");
  const value = fc.oneof(fc.string({ unit: "grapheme" }), fc.nat(), fc.constant("long ".repeat(3000)));
  await fc.assert(
    fc.asyncProperty(fc.array(value, { maxLength: 40 }), async (values) => {
      const aside = await openSetAside<string | number>(path);
      for (const [at, one] of values.entries()) {
        aside.put(one);
        expect(aside.at(at >> 1)).toEqual(values[at >> 1]);
      }
      expect(values.map((_, at) => aside.at(values.length - 1 - at))).toEqual(values.toReversed());
      expect(() => aside.at(values.length)).toThrow(RangeError);
      await aside.close();
      expect(existsSync(path)).toBe(false);
    }),
    { numRuns: 30 },
  );
});
