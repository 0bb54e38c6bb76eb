// A part whose comments were sorted, as a replay tells it: what was answered of each comment, and where it went.

import { expect, it } from "vitest";
import {
  type MetaRecord,
  metaRecordSchema,
  type StanceRecord,
  stanceRecordSchema,
} from "../../records/index.ts";
import { sortingSaid } from "./sorting.ts";

const fields = { parents: [], stage: "run-2", seed: 1, run: 2, part: 3, attempt: 1, finish: "stop" };

const metaOf = (text: string, more: object = {}): MetaRecord =>
  metaRecordSchema.parse({
    ...{ ...fields, id: "run-2/part-3/meta-1", prompt: "contract", model: "m", text },
    ...{ numbers: text.split("\n").map((_, at) => `rating-${at + 1}`), ...more },
  });

let asked = 0;
/** What was answered of a comment: of it alone (""), beside what stands by its letter, or beside an earlier comment by its number. */
const row = (comment: number, other: string, answer: string | undefined): StanceRecord =>
  stanceRecordSchema.parse({
    ...{ ...fields, id: `stance-${++asked}`, model: "m", text: answer ?? "hm", comment: `rating-${comment}` },
    kind: other === "" ? "demand" : "stance",
    ...(other === "" ? {} : /^\d/.test(other) ? { earlier: `rating-${other}` } : { standing: other }),
    ...(answer === undefined ? { problem: "none of the words" } : { answer }),
  });

const remarks = ["Be open.", "Thank\nyou.", "Be nosy.", "Be open.", "Hm.", "Tell all."];
const remarkOf = (rating: string) => {
  const at = Number(rating.replace("rating-", "")) - 1;
  return { user: `user-${at + 1}`, said: remarks[at]! };
};

it("is told a line a comment, with what it is for and against and where it went", () => {
  const rows = [
    row(1, "", "yes"),
    row(2, "", "no"),
    row(3, "", "yes"),
    row(5, "", undefined),
    row(6, "", "yes"),
    ...[row(1, "A", "neither"), row(1, "B", "against")],
    ...[row(3, "A", undefined), row(3, "B", undefined), row(3, "1", "for")],
    ...[row(6, "A", "against"), row(6, "B", "against"), row(6, "1", "for"), row(6, "3", "for")],
    // asked again
    row(3, "A", "for"),
    ...[row(3, "B", undefined), row(5, "", undefined)],
  ];
  const text = "1. new\n2. nothing\n3. [1] for\n4. [1] for\n5. nothing\n6. B against";
  const said = sortingSaid(metaOf(text), rows, remarkOf);
  expect(said).toMatchObject({ step: 2, turn: null, scene: "comments sorted, part 3", kind: "sorting" });
  expect([said.record, said.note]).toEqual(["run-2/part-3/meta-1", "14 short questions"]);
  expect(said.text.split("\n")).toEqual([
    '[1] user 1, "Be open.": asks for a change; against B → a new matter',
    '[2] user 2, "Thank you.": asks for no change',
    '[3] user 3, "Be nosy.": asks for a change; for A, [1]; no answer on B → for [1]',
    '[4] user 4, "Be open.": said before → for [1]',
    '[5] user 5, "Hm.": no answer, counts as no',
    '[6] user 6, "Tell all.": asks for a change; for [1], [3]; against A, B → against B',
  ]);
});

it("says that nothing follows from it, and knows comments by their numbers alone where their texts are gone", () => {
  const nothing = metaOf("1. nothing", { part: undefined, problem: "there is no principle" });
  const said = sortingSaid(nothing, [row(1, "", "no")], () => undefined);
  expect([said.scene, said.text]).toEqual(["comments sorted", "[1] asks for no change"]);
  expect(said.note).toBe("1 short question; not used: there is no principle");
});
