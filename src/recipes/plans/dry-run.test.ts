// Plans of commands whose file would first have to be fetched: what was warned of until then is not lost.

import { expect, it } from "vitest";
import { z } from "zod";
import { UserError } from "../../core/index.ts";
import { contextFor } from "../ticking-context.fixture.ts";
import { fileToFetch, planCommand } from "./dry-run.ts";

it("tells of a file to be fetched, and of what was warned of before", async () => {
  const recipe = {
    ...{ command: ["label"], summary: "", schema: z.unknown(), flags: {} },
    run: () => Promise.reject(new Error("not run")),
    plan: (_: unknown, { emit }: Parameters<typeof planCommand>[2]) => {
      emit({ type: "warning", code: "key-missing", text: "There is no key.", time: 0 });
      return Promise.reject(new UserError(fileToFetch, "", { name: "hf:rows" }));
    },
  };
  const { steps, notices } = await planCommand(recipe, { model: "embedded:x" }, contextFor());
  expect(steps.map(({ stage }) => stage)).toEqual(["fetch"]);
  expect(notices!.map(({ code }) => code)).toEqual(["key-missing", "not-checked"]);
});
