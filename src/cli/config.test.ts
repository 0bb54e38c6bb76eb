// Lists on the command line: texts with commas between, which may hold colons, and lists as YAML writes them.

import { describe, expect, it } from "vitest";
import { recipes } from "../recipes/index.ts";
import { assembleConfig, parseSetting } from "./config.ts";

const classify = async (areas: string): Promise<unknown> => {
  const entry = recipes.find(({ command }) => command.join(" ") === "prompts classify");
  const settings = ["model=scripted:rules.yaml", `areas=${areas}`].map(parseSetting);
  const config = await assembleConfig(await entry!.load(), [], settings);
  return (config as { readonly areas: unknown }).areas;
};

describe("a list of texts", () => {
  it.each([
    ["privacy, peace", ["privacy", "peace"]],
    ["cars: theft of cars and bikes", ["cars: theft of cars and bikes"]],
    [
      "cars: theft of cars and bikes,diary: reading of diaries",
      ["cars: theft of cars and bikes", "diary: reading of diaries"],
    ],
    ["{cars}: a, *b, 'c, 7", ["{cars}: a", "*b", "'c", "7"]],
    ['["cars: theft of cars, bikes", diary]', ["cars: theft of cars, bikes", "diary"]],
    ["- cars\n- diary", ["cars", "diary"]],
    ["", []],
  ])("is %j", async (given, wanted) => {
    expect(await classify(given)).toEqual(wanted);
  });

  it("that begins as one of YAML is held to that", async () => {
    await expect(classify('["cars, diary')).rejects.toMatchObject({ code: expect.any(String) as string });
  });
});
