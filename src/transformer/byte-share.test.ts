import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { countSingleBytes } from "./byte-share.ts";
import { checkModelFolder } from "./checkpoint.ts";

const folder = fileURLToPath(new URL("../../assets/covenant-tiny", import.meta.url));

const shareOf = ({ letters, single }: ReturnType<typeof countSingleBytes>): number => single / letters;

describe("countSingleBytes", () => {
  it("finds all of a script that the vocabulary does not know, and few of words that it has", async () => {
    const { tokenizer } = await checkModelFolder(folder);
    const share = (...texts: string[]): number =>
      shareOf(
        countSingleBytes(
          tokenizer,
          texts.map((text) => tokenizer.encode(text, { specialTokens: false })),
        ),
      );
    expect(share("很久很久以前，在森林附近的一个村庄里")).toBe(1);
    expect(share("How can I read the letters of my neighbour?")).toBeLessThan(0.05);
    expect(share("很久", "How can I read the letters of my neighbour?")).toBeGreaterThan(0.2);
  });

  it("leaves out digits, marks, spaces and control tokens", () => {
    const bytes = [[0x31], [0x2e], [0x20], [0x61], [0x61, 0x62], [0x62]].map((own) => Uint8Array.from(own));
    const tokenizer = { bytesOf: (id: number) => bytes[id] ?? null, specialIds: new Set([5]) };
    expect(countSingleBytes(tokenizer, [[0, 1, 2, 3], [4, 5, 5], [9]])).toEqual({ letters: 2, single: 1 });
    expect(countSingleBytes(tokenizer, [[0, 1, 2, 5]])).toEqual({ letters: 0, single: 0 });
  });
});
