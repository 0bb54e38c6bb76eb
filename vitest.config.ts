import { defineConfig } from "vitest/config";

// Two workers: the suite is sized for a two-core machine, and ONNX Runtime sessions use both cores themselves.
export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "bench/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
