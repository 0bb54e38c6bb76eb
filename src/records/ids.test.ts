// Ids of a kind: the compiler refuses one kind for another and takes plain texts for any (tsc checks every line below
// "@ts-expect-error", and fails where there is no error), and nothing of it is there when a program runs.

import { describe, expect, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import type { Id } from "../core/portable.ts";
import {
  type LabelRecord,
  type ModelId,
  modelIdSchema,
  type Principle,
  type PrincipleId,
  type PromptId,
  type PromptRecord,
  principleSchema,
  promptIdSchema,
  promptRecordSchema,
  type ReplyRecord,
  type RevisionStep,
  type RunEvent,
  replyRecordSchema,
  type StageName,
} from "./index.ts";

const prompt: PromptId = "prompt-1";
const principle: PrincipleId = "privacy";
const text = ["any", "text"].join("/");

describe("an id of a kind", () => {
  it("is a text, and every text can be one", () => {
    const ids: PromptId[] = ["prompt-2", text, `${prompt}/0`, `stage/${principle}`];
    const texts: string[] = [prompt, principle, ...ids];
    expect(texts).toEqual(["prompt-1", "privacy", "prompt-2", "any/text", "prompt-1/0", "stage/privacy"]);
    expectTypeOf<PromptId>().toExtend<string>();
    expectTypeOf<string>().toExtend<PromptId>();
    expectTypeOf<Id<"prompt">>().toEqualTypeOf<PromptId>();
  });

  it("is not one of another kind: given, returned, listed, compared, or as a key", () => {
    const asked = (id: PromptId): PromptId => id;
    const seconds = new Map<PromptId, number>([[prompt, 1]]);
    expectTypeOf<PrincipleId>().not.toExtend<PromptId>();
    expectTypeOf<PromptId>().not.toExtend<PrincipleId>();
    // @ts-expect-error a principle is no prompt
    expect(asked(principle)).toBe("privacy");
    // @ts-expect-error a prompt is no principle
    expect(((): PrincipleId => prompt)()).toBe("prompt-1");
    // @ts-expect-error a list of prompts holds no principle
    expect([principle] satisfies PromptId[]).toHaveLength(1);
    // @ts-expect-error prompts and principles are never the same
    expect(prompt === principle).toBe(false);
    // @ts-expect-error the map's keys are prompts
    expect(seconds.get(principle)).toBeUndefined();
    expect([seconds.get(prompt), seconds.get("prompt-1"), seconds.get(text)]).toEqual([1, 1, undefined]);
  });
});

describe("the ids in records", () => {
  it("have the kind of what they name", () => {
    expectTypeOf<PromptRecord["id"]>().toEqualTypeOf<PromptId>();
    expectTypeOf<ReplyRecord["prompt"]>().toEqualTypeOf<PromptId>();
    expectTypeOf<ReplyRecord["model"]>().toEqualTypeOf<ModelId>();
    expectTypeOf<RevisionStep["principle"]>().toEqualTypeOf<Principle["id"]>();
    expectTypeOf<LabelRecord["principle"]>().toEqualTypeOf<PrincipleId>();
    expectTypeOf<LabelRecord["stage"]>().toEqualTypeOf<StageName>();
    expectTypeOf<Extract<RunEvent, { type: "stage-end" }>["stage"]>().toEqualTypeOf<StageName>();
    expectTypeOf<z.input<typeof promptRecordSchema>["id"]>().toEqualTypeOf<PromptId>();
    expectTypeOf<NonNullable<Principle["support"]>[number]["group"]>().not.toExtend<PromptId>();
  });

  it("are the same bytes as without a kind, in the same place", () => {
    const line =
      '{"id":"answer/prompt-1","parents":["prompt-1"],"stage":"answer","seed":7,"prompt":"prompt-1","model":"embedded:covenant-tiny","text":"Yes.","finish":"stop"}';
    expect(JSON.stringify(replyRecordSchema.parse(JSON.parse(line)))).toBe(line);
    const row =
      '{"id":"prompt-1","parents":[],"stage":"prompts","seed":7,"messages":[{"role":"user","content":"Why?"}],"split":"test"}';
    expect(JSON.stringify(promptRecordSchema.parse(JSON.parse(row)))).toBe(row);
  });

  it("are texts that name something; where an id is given, it has the form that its document wants", () => {
    expect(promptIdSchema.parse("p 1")).toBe("p 1");
    expect(modelIdSchema.safeParse("").success).toBe(false);
    const texts = { title: "Privacy", preference: "Which reply is more discreet?" };
    expect(principleSchema.parse({ id: "privacy-1", ...texts }).id).toBe("privacy-1");
    expect(principleSchema.safeParse({ id: "Privacy 1", ...texts }).success).toBe(false);
  });
});
