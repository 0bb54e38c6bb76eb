import { defineConfig } from "vitest/config";

// Three workers, each computing on one thread: the suite is sized for a two-core machine, and some tests wait for others.
// Files share a worker's modules, since loading them anew for each took a third of the time; what lasts longest has a
// process of its own and comes first. Node strips the types itself, as everywhere: Vite's own way of running modules
// took a fifth of the processor's time.
const alone = ["test/e2e/{launcher,whole-run}.test.ts"];
// What kills processes again and again, measures memory, plays with whole models, or follows whole trainings step by step
// beside their originals or themselves in other parts: `npm run test:long`.
const long = [
  "src/**/*-memory.test.ts",
  "src/training/{equivalences,trajectories}.test.ts",
  "test/long/*.test.ts",
];
// Whole commands take half a minute here; where others hold the processor, four times as long.
const whole = 180_000;
export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 3,
    // V8's own threads only compete with the workers, and young objects of a test seldom outlive it
    execArgv: ["--single-threaded", "--max-semi-space-size=64"],
    experimental: { viteModuleRunner: false, nodeLoader: false },
    testTimeout: 60_000,
    hookTimeout: 240_000,
    setupFiles: ["test/computing.ts"],
    globalSetup: ["test/shared-folder.ts"],
    projects: [
      { extends: true, test: { name: "alone", include: alone, testTimeout: whole } },
      {
        extends: true,
        test: {
          name: "commands",
          include: ["test/**/*.test.ts"],
          exclude: [...alone, ...long],
          isolate: false,
          testTimeout: whole,
        },
      },
      {
        extends: true,
        test: { name: "sources", include: ["{src,bench}/**/*.test.ts"], exclude: long, isolate: false },
      },
      { extends: true, test: { name: "long", include: long, testTimeout: whole } },
    ],
  },
});
