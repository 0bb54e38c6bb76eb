// What is summed of a profile, and what is left over for the time between and outside of operations.

import { expect, it } from "vitest";
import { profileTable, sumProfiles } from "./profile-table.ts";

const kernel = (operation: string, dur: number) => ({
  cat: "Node",
  name: `/${operation}_1_kernel_time`,
  dur,
  args: { op_name: operation },
});
const run = (dur: number) => ({ cat: "Session", name: "model_run", dur, ts: 0, tid: 1 });

it("sums operations by kind over files, and tells what no operation took", () => {
  const files = [
    [{ cat: "Session", name: "session_initialization", dur: 9e6 }, run(4000), kernel("MatMul", 2500)],
    [run(2000), kernel("MatMul", 500), kernel("Add", 1000), { ...kernel("Add", 7), name: "fence_before" }],
  ];
  const profile = sumProfiles(files.map((events) => JSON.stringify(events)));
  expect([profile.runs, Object.fromEntries(profile.operations)]).toEqual([6, { MatMul: 3, Add: 1 }]);
  expect(profileTable(profile, 8, 2).map((line) => line.trim().split(/ {2,}/))).toEqual([
    ["ms a step", "of it"],
    ["MatMul", "1.5", "37.5 %"],
    ["Add", "0.5", "12.5 %"],
    ["between operations", "1.0", "25.0 %"],
    ["outside the programs", "1.0", "25.0 %"],
    ["in all", "4.0", "100.0 %"],
  ]);
});
