import { defineConfig } from "vitest/config";

// Two workers, each computing on one thread: the suite is sized for a two-core machine. Files beside the sources share a
// worker's modules, since loading them anew for each took a third of the time. What starts processes or servers, and
// what measures this process's memory, keeps a process of its own.
const memory = "src/**/*-memory.test.ts";
export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    setupFiles: ["test/one-thread.ts"],
    projects: [
      {
        extends: true,
        test: { name: "sources", include: ["src/**/*.test.ts"], exclude: [memory], isolate: false },
      },
      {
        extends: true,
        test: { name: "whole", include: [memory, "test/**/*.test.ts", "bench/**/*.test.ts"] },
      },
    ],
  },
});
