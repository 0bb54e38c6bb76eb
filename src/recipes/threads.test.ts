import { afterEach, describe, expect, it } from "vitest";
import { setThreads } from "../engine/index.ts";
import { useThreads } from "./threads.ts";

afterEach(() => setThreads(1));

describe("COVENANT_THREADS", () => {
  it("takes a count, and nothing as one per core", async () => {
    for (const value of ["1", " 8 ", "", undefined])
      await expect(useThreads({ COVENANT_THREADS: value })).resolves.toBeUndefined();
  });

  it.each(["0", "-1", "two", "1.5", "10000"])("refuses %s and says what is expected", async (value) => {
    await expect(useThreads({ COVENANT_THREADS: value })).rejects.toThrow(
      `COVENANT_THREADS is "${value}"; expected a number of threads`,
    );
  });
});
