// Rejected records wait for another that is not, and stop a run when there are five prompts of them in a row.

import { describe, expect, it } from "vitest";
import { holdRejected, type Rejectable } from "./rejections.ts";

const row = (id: number, finish: string, more: Partial<Rejectable> = {}): Rejectable => ({
  ...{ id: `answer/p${id}`, prompt: `p${id}`, finish, ...more },
});

describe("holdRejected", () => {
  it("holds rejected records back until another follows", () => {
    const { take, rest } = holdRejected();
    const rows = [
      row(1, "stop"),
      row(2, "rejected"),
      row(3, "rejected"),
      row(4, "length"),
      row(5, "rejected"),
    ];
    expect(rows.map((one) => take([one]).map(({ prompt }) => prompt))).toEqual([
      ["p1"],
      [],
      [],
      ["p2", "p3", "p4"],
      [],
    ]);
    expect(rest().map(({ prompt }) => prompt)).toEqual(["p5"]);
  });

  it("stops at five prompts in a row and names them, several samples of one counting once", () => {
    const { take } = holdRejected();
    const rows = [1, 1, 2, 2, 3, 3, 4, 4].map((id) => row(id, "rejected"));
    expect(take(rows)).toEqual([]);
    expect(() => take([row(5, "rejected")])).toThrow(
      /rejected the requests of 5 prompts in a row.*: p1, p2, p3, p4, p5\./,
    );
  });

  it("knows rejected labels, areas and chains, and takes no notice of what was not asked", () => {
    const { take } = holdRejected<Rejectable>();
    const chain = { id: "c", prompt: "p3", steps: [{ finish: "rejected" }, { finish: "rejected" }] };
    const unasked = { id: "x", prompt: "p9", reason: "reply-missing" };
    const rows = [{ id: "l", prompt: "p1", reason: "rejected" }, unasked, { ...row(2, "rejected") }, chain];
    expect(take(rows)).toEqual([]);
    expect(take([{ ...chain, steps: [{ finish: "stop" }, { finish: "rejected" }] }])).toHaveLength(5);
    expect(take([unasked])).toEqual([unasked]);
  });
});
