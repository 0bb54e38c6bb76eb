import { afterEach, describe, expect, it } from "vitest";
import { setProvider, setThreads } from "../../engine/index.ts";
import { providerContents, useComputing } from "./computing.ts";

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

describe("what a run is of", () => {
  it("is another one on another provider, and the same with any threads", () => {
    const of = (environment: Record<string, string>) => providerContents({ environment });
    expect(of({ COVENANT_PROVIDER: "webgpu" })).toEqual({ provider: "webgpu" });
    for (const same of [
      {},
      { COVENANT_PROVIDER: "cpu" },
      { COVENANT_PROVIDER: " " },
      { COVENANT_THREADS: "3" },
    ])
      expect(of(same)).toEqual({});
  });
});
