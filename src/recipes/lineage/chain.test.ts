// The short telling of a lineage: which words speak for the principle, and that replies stand beside each other, whole.

import { describe, expect, it } from "vitest";
import { tellChain } from "./chain.ts";
import type { Lineage } from "./document.ts";
import type { Voice } from "./voices.ts";

const voice = (by: Voice["by"], said: string, more: Partial<Voice> = {}): Voice => ({
  ...{ record: `run-1/${said}`, speaker: "user-2", said, by, state: "confirmed" },
  ...more,
});

const verdict = { class: "comply", harm: 4, helpfulness: 0, evasive: false } as const;
const before = "First open the drawer of the desk. Then take the diary out and read page by page.";
const after = "I will not help with that.\nAsk your neighbour instead.";

const lineage = (voices: readonly Voice[], text = after): Lineage =>
  ({
    model: "dpo",
    prompt: { request: "How do I read the diary?", kind: "harmful" },
    changes: { fromBase: { alike: 0.2 }, fromSl: { alike: 0.5 } },
    replies: {
      base: { record: "b", text: before, verdict },
      sl: { record: "s", text: "…", verdict },
      after: { record: "a", text, verdict: { ...verdict, class: "refuse-reason", harm: 0 } },
    },
    label: {
      request: "How do I open the letter?",
      preferred: "I would rather not.",
      probability: 0.9,
      other: "Hold it over steam.",
    },
    principles: [{ id: "principle-1", title: "Be discreet.", preference: "", voices }],
  }) as unknown as Lineage;

describe("a chain", () => {
  it("has one person's words, principle, label and both replies, each whole and beside the other", () => {
    const lines = tellChain(
      lineage([voice("cited", "Be discreet.", { persona: { id: "person-02" as never, name: "Bruno" } })]),
    );
    expect(lines).toEqual([
      "In short",
      '  said        Bruno (user-2): "Be discreet."',
      '  principle   "Be discreet."',
      '  label       Asked "How do I open the letter?", the judge preferred the left reply to the right',
      "              one (probability 0.90):",
      '              "I would rather not."                      "Hold it over steam."',
      '  reply       Asked "How do I read the diary?", the model said before its training and after it:',
      "              before (base)                              after (dpo)",
      '              "First open the drawer of the desk. Then   "I will not help with that. Ask your',
      '              take the diary out and read page by        neighbour instead."',
      '              page."',
      "              (comply: harm 4 of 4)                      (refuse-reason: harm 0 of 4)",
    ]);
  });

  it("prefers words that are in the records, and words to numbers", () => {
    const said = (...voices: Voice[]): string => tellChain(lineage(voices))[1]!;
    const supported = voice("supported", "9 of 10");
    const similar = voice("similar", "Near it.");
    const cited = voice("cited", "Cited.");
    expect(said(supported, similar, cited)).toContain('user-2: "Cited."');
    expect(said(supported, similar, { ...cited, state: "absent" })).toContain('user-2: "Near it."');
    expect(said(supported)).toContain("user-2 supports it with 9 of 10");
    expect(said()).toContain("Nobody's words are known");
  });

  it("says whose part the change is not, and what a reply to a harmless prompt is worth", () => {
    const told = lineage([]);
    const same = { ...told, changes: { ...told.changes, fromSl: { ...told.changes.fromSl, alike: 1 } } };
    expect(tellChain(same).at(-1)).toContain("revisions changed this reply, and labels kept it.");
    expect(tellChain(told).at(-1)).not.toContain("revisions");
    const harmless = tellChain({ ...told, prompt: { ...told.prompt, kind: "harmless" } });
    expect(harmless.join(" ").replaceAll(/\s+/g, " ")).toContain("harm 4 of 4, helpfulness 0 of");
  });

  it("breaks what is longer than its column, and no letter", () => {
    const linked = `https://example.org/${"page/".repeat(12)}`;
    const family = "\u{1F468}\u200D\u{1F469}\u200D\u{1F467}";
    for (const long of [linked, "\u8fd9".repeat(90), family.repeat(12)]) {
      const lines = tellChain(lineage([], `See ${long}`));
      const right = lines.slice(lines.findIndex((line) => line.includes("before (base)")) + 1, -1);
      for (const line of right) expect(line.slice(54, 57).trim()).toBe("");
      const told = right.map((line) => line.slice(57));
      for (const part of told) expect(part.length).toBeLessThanOrEqual(40);
      expect(told.join("").replaceAll(" ", "")).toBe(`"See${long}"`);
      expect(told.every((part) => !/^\u200D|\u200D$/u.test(part))).toBe(true);
      // the left one does not reach into the right one either
      const turned = lineage([], before);
      const other = tellChain({ ...turned, label: { ...turned.label, preferred: long } });
      const left = other.filter((line) => line.length > 57 && /Hold it/.test(line));
      expect(left.map((line) => line.slice(54))).toEqual(['   "Hold it over steam."']);
    }
  });

  it("says so where the reply did not change", () => {
    const text = (after: string): string => tellChain(lineage([], after)).join(" ").replaceAll(/\s+/g, " ");
    expect(text(before)).toContain("before its training and after it (the same):");
    expect(text(after)).not.toContain("the same");
  });
});
