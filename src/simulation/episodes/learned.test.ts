import { describe, expect, it } from "vitest";
import { formatConstitution, parseConstitution } from "../../constitution/index.ts";
import { mark } from "./episode.fixture.ts";
import { changesBetween, documentOf, documentSimilarity, documentText, saysTheSame } from "./learned.ts";
import type { ReadPrinciple } from "./meta-reading.ts";
import { similarity, similarityTable } from "./similarity.ts";
import type { Comment } from "./transcript.ts";

const comments: readonly Comment[] = [
  { number: 1, record: "run-1/turn-1/talk-1/rating", speaker: "user-1", said: "Please name your sources." },
  { number: 2, record: "run-1/turn-1/talk-2/rating", speaker: "user-2", said: "Too long: keep it short." },
  { number: 3, record: "run-1/turn-2/talk-1/rating", speaker: "user-1", said: mark("odd") },
];

const read = (text: string, from: number[] = [], users: number[] = []): ReadPrinciple => ({
  text,
  users,
  from,
});
const source = {
  part: "constitution",
  previous: null,
  comments,
  run: 1,
  model: "m",
  description: "d",
} as const;

describe("documents that were learned", () => {
  const first = documentOf(
    [read("Name sources for every claim.", [1, 3]), read("Keep answers short.")],
    source,
  );

  it("point to what was cited, and where nothing was, to the most similar comments, marked as such", () => {
    expect(first.principles[0]!.grounds).toEqual([
      { record: comments[0]!.record, speaker: "user-1", said: comments[0]!.said, by: "cited" },
      {
        record: comments[2]!.record,
        speaker: "user-1",
        said: mark("odd"),
        by: "cited",
        doubtful: "shares-no-word",
      },
    ]);
    expect(first.principles[1]!.grounds?.[0]).toMatchObject({ record: comments[1]!.record, by: "similar" });
  });

  it("mark what was cited and says something else, by what tells it, or by words where nothing does", () => {
    const says = (_: string, comment: string) => (comment.startsWith("Please") ? false : null);
    const { principles } = documentOf([read("Keep your sources short.", [1, 2, 3])], { ...source, says });
    expect(principles[0]!.grounds!.map(({ doubtful }) => doubtful)).toEqual([
      "says-other",
      undefined,
      "shares-no-word",
    ]);
  });

  it("call nothing similar that says something else", () => {
    const says = (_: string, comment: string) => (comment.startsWith("Please") ? false : null);
    const now = documentOf([read("Name sources and keep it short.")], { ...source, says });
    expect(now.principles[0]!.grounds!.map(({ said, by }) => [said, by])).toEqual([
      [comments[1]!.said, "similar"],
    ]);
  });

  it("look for what is similar only where nothing argued for a principle before", () => {
    const later = [{ ...comments[0]!, record: "run-2/turn-1/talk-1/rating" }];
    const again = { ...source, previous: first, run: 2, comments: later };
    const text = "Name sources for every claim.";
    expect(documentOf([read(text)], again).principles[0]!.grounds).toEqual(first.principles[0]!.grounds);
    // What is cited anew comes to it.
    expect(documentOf([read(text, [1])], again).principles[0]!.grounds).toHaveLength(3);
  });

  it("point to nothing where no comment shares a word", () => {
    const { principles } = documentOf([read("Sing.")], source);
    expect(principles[0]!.grounds).toBeUndefined();
  });

  it("are ordinary constitutions that read back as they were", () => {
    const text = formatConstitution(first);
    expect(parseConstitution(text, "learned.yaml")).toEqual(first);
    expect(first.principles[0]!.preference).toContain("Name sources for every claim.");
  });

  it("keep a principle's id where it says nearly the same, and tell what changed", () => {
    const previous = { ...source, previous: first, run: 2, comments: [] };
    const second = documentOf(
      [read("Be kind to beginners."), read("Keep all answers short."), read("Name sources for every claim.")],
      previous,
    );
    expect(second.principles.map(({ id }) => id)).toEqual(["principle-3", "principle-2", "principle-1"]);
    expect(changesBetween(first, second).map(({ id, state }) => `${id} ${state}`)).toEqual([
      "principle-2 changed",
      "principle-3 added",
    ]);
    expect(second.principles[2]!.grounds).toEqual(first.principles[0]!.grounds);
    expect(second.principles[1]!.grounds).toBeUndefined();
  });

  it("never give the id of a principle that went to another", () => {
    const given = ["principle-1", "principle-2", "principle-7", "clause-9"];
    const { principles } = documentOf([read("Be kind to beginners.")], { ...source, previous: first, given });
    expect(principles.map(({ id }) => id)).toEqual(["principle-8"]);
  });

  it("say for whom a clause is", () => {
    const { principles } = documentOf([read("a", [], [1]), read("b", [], [1, 2, 3]), read("c")], {
      ...source,
      part: "contract",
    });
    expect(principles.map(({ id, area }) => [id, area])).toEqual([
      ["clause-1", "user 1"],
      ["clause-2", "users 1, 2 and 3"],
      ["clause-3", undefined],
    ]);
  });

  it("are the same, or more or less alike", () => {
    const again = documentOf([read("Name sources for every claim."), read("Keep answers short.")], {
      ...source,
      run: 2,
    });
    const other = documentOf([read("Sing.")], source);
    expect(saysTheSame(first, again)).toBe(true);
    expect(documentSimilarity(first, again)).toBeCloseTo(1);
    expect(saysTheSame(first, other)).toBe(false);
    expect(documentSimilarity(first, other)).toBe(0);
    expect(documentSimilarity(null, first)).toBeNull();
  });
});

describe("similarity of texts", () => {
  it("of a pair is one number, in a table and by itself, whatever else is compared", () => {
    const documents = [["Be kind.", "Name sources."], ["Be kind.", "Keep it short."], ["Sing."]].map(
      (texts) =>
        documentOf(
          texts.map((text) => read(text)),
          source,
        ),
    );
    const table = similarityTable(documents.map(documentText));
    const pairs = documents.map((one) => documents.map((other) => documentSimilarity(one, other)));
    for (const [at, row] of table.entries())
      for (const [column, value] of row.entries()) expect(value).toBeCloseTo(pairs[at]![column]!, 12);
    expect(table[0]![1]).toBe(pairs[0]![1]);
    expect(table[0]![2]).toBe(0);
  });

  it("is that of scikit-learn's TF-IDF with its defaults", () => {
    // TfidfVectorizer(token_pattern=r"(?u)\w+").fit_transform([a, b]): the rows' product.
    expect(similarity("name your sources", "name all your sources")).toBeCloseTo(0.776515, 5);
    expect(similarity("a b", "c d")).toBe(0);
    expect(similarity("", "c")).toBe(0);
  });
});
