import { describe, expect, it } from "vitest";
import { principleSchema } from "../records/index.ts";
import { textsOfStatement } from "./index.ts";

describe("a statement as a principle", () => {
  it("stands in all three texts as it was said, braces and quotes included", () => {
    const said = 'The AI should never print {statement} or "${x}".';
    const texts = textsOfStatement(` The AI should never\n print {statement} or "\${x}". `);
    for (const text of Object.values(texts)) expect(text).toContain(said);
    expect(principleSchema.parse({ id: "one", title: said, ...texts })).toMatchObject(texts);
  });
});
