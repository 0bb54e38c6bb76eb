// The process of one arm of a run, started by part-process.ts. Signals are for the process that holds the run to hear, from
// the first moment on: it says when to stop, and when it is gone, so is this one.

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => {});
process.on("disconnect", () => process.exit());

const loading = import("../recipes/index.ts").then(async ({ loadArmWorker }) => {
  const createArmWorker = await loadArmWorker();
  const { systemClock } = await import("../core/index.ts");
  return createArmWorker(systemClock, (message) => {
    // who is gone needs no answer
    if (process.connected) process.send?.(message, () => {});
  });
});
process.on("message", (message) => void loading.then((work) => work(message)));
