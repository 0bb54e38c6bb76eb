// Who takes part and what it is about: by number, ids and all, of the library, and of the sandbox by number alone.

import { describe, expect, it } from "vitest";
import { choosePersonas, chooseTasks, chosen } from "./stakeholders.ts";

const library = { tasks: "library", split: "test", seed: 1 } as const;
const idsOf = (items: readonly { readonly id: string }[]): string[] => items.map(({ id }) => id);

describe("tasks", () => {
  it("of the library are drawn by the seed, named, or all", async () => {
    const all = idsOf(await chooseTasks({ ...library, task: "all" }));
    const three = idsOf(await chooseTasks({ ...library, task: 3 }));
    expect(three).toHaveLength(3);
    expect(all).toEqual(expect.arrayContaining(three));
    expect(idsOf(await chooseTasks({ ...library, task: 3 }))).toEqual(three);
    const others = await Promise.all(
      [2, 3, 4, 5].map(async (seed) => idsOf(await chooseTasks({ ...library, seed, task: 3 }))),
    );
    expect(others.some((ids) => ids.join() !== three.join())).toBe(true);
    const named = ["prison-school", "cars-in-town"];
    expect(idsOf(await chooseTasks({ ...library, task: named }))).toEqual(named);
    await expect(chooseTasks({ ...library, task: all.length + 1 })).rejects.toThrow(
      /task is 9, and the library has 8 tasks/,
    );
  });

  it("of the sandbox are as many as one likes, the first of more the same", async () => {
    const sandbox = { ...library, tasks: "sandbox" };
    expect(await chooseTasks({ ...sandbox, task: 12 })).toHaveLength(12);
    await expect(chooseTasks({ ...sandbox, task: ["task-0001"] })).rejects.toThrow(/Expected a number/);
  });
});

describe("personas", () => {
  it("of the sandbox are made by the seed", async () => {
    const six = await choosePersonas({ personas: "sandbox", users: 6, seed: 4 });
    expect(six).toHaveLength(6);
    expect(await choosePersonas({ personas: "sandbox", users: 3, seed: 4 })).toEqual(six.slice(0, 3));
    await expect(choosePersonas({ personas: "sandbox", users: "all", seed: 4 })).rejects.toThrow(
      /users: got "all"/,
    );
  });
});

describe("a choice", () => {
  it("is a number, all, or ids, also with commas between", () => {
    const schema = chosen("tasks");
    expect([3, "all", ["a"], "a, b"].map((given) => schema.parse(given))).toEqual([
      3,
      "all",
      ["a"],
      ["a", "b"],
    ]);
    expect(schema.safeParse(true).error?.issues[0]?.message).toBe(
      'expected a number, "all", or ids of tasks',
    );
  });
});
