import { describe, expect, it } from "vitest";
import { readPlacement } from "./provider-parts.ts";

const node = (kind: string) =>
  `2026-11-26 [V:onnxruntime:, session_state.cc:1385 VerifyEachNodeIsAssignedToAnEp]   ${kind} (n1)`;
const placed = (provider: string, count: number) =>
  `2026-11-26 [V:onnxruntime:, session_state.cc:1383 VerifyEachNodeIsAssignedToAnEp]  Node(s) placed on [${provider}]. Number of nodes: ${count}`;
const copied =
  "2026-11-26 [I:onnxruntime:, transformer_memcpy.cc:393 AddCopyNode] Add MemcpyFromHost after x";

describe("readPlacement", () => {
  it("tells programs apart, and counts by kind what stays on the processor", () => {
    const log = [
      ...[copied, copied, placed("CPUExecutionProvider", 3), node("Concat"), node("Expand"), node("Concat")],
      ...[placed("WebGpuExecutionProvider", 2), node("MatMul"), node("Add")],
      ...[placed("WebGpuExecutionProvider", 7).replace("Node(s)", "All nodes"), "something else"],
    ];
    expect(readPlacement(log.join("\n"))).toEqual([
      { other: 2, cpu: { Concat: 2, Expand: 1 }, copies: 2 },
      { other: 7, cpu: {}, copies: 0 },
    ]);
  });
});
