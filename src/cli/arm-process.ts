// The process of one arm of a run, started by part-process.ts. Signals are for the process that holds the run to hear:
// it says when to stop, and when it is gone, so is this one.

import { createArmWorker, type ToArm } from "../recipes/index.ts";

const work = createArmWorker(process.env, (message) => {
  if (process.connected) process.send?.(message);
});
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => {});
process.on("disconnect", () => process.exit());
process.on("message", (message: ToArm) => void work(message));
