import { afterEach, describe, expect, it } from "vitest";
import { setProvider, setThreads } from "../engine/index.ts";
import { useComputing } from "./computing.ts";

afterEach(() => {
  setThreads(1);
  setProvider("cpu");
});

describe("COVENANT_THREADS", () => {
  it("takes a count, and nothing as one per core", async () => {
    for (const value of ["1", " 8 ", "", undefined])
      await expect(useComputing({ COVENANT_THREADS: value })).resolves.toBeUndefined();
  });

  it.each(["0", "-1", "two", "1.5", "10000"])("refuses %s and says what is expected", async (value) => {
    await expect(useComputing({ COVENANT_THREADS: value })).rejects.toThrow(
      `COVENANT_THREADS is "${value}"; expected a number of threads`,
    );
  });
});

describe("COVENANT_PROVIDER", () => {
  it("takes the processor, WebGPU, and nothing as the processor", async () => {
    for (const value of ["cpu", " webgpu ", "", undefined])
      await expect(useComputing({ COVENANT_PROVIDER: value })).resolves.toBeUndefined();
  });

  it("refuses another and says what is expected", async () => {
    await expect(useComputing({ COVENANT_PROVIDER: "cuda" })).rejects.toThrow(
      'COVENANT_PROVIDER is "cuda"; expected one of cpu, webgpu, or nothing for the processor.',
    );
  });
});
