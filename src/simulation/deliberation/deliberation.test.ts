// Phases of a deliberation: asked one by one or at once they come to the same; who is asked what; how a mediator's drafts grow
// part by part; and which proposals are one candidate.

import { describe, expect, it } from "vitest";
import type { GenerateRequest, LanguageModel } from "../../models/index.ts";
import { scriptedModel } from "../../models/index.ts";
import type { MediationRecord, ProposalRecord } from "../../records/index.ts";
import { castOf } from "../episodes/cast.ts";
import { mark, personaOf } from "../episodes/episode.fixture.ts";
import { mergeProposals, plainText } from "./candidates.ts";
import {
  type AskPhase,
  type DeliberationOptions,
  gatherComments,
  gatherProposals,
  gatherSupport,
  seededBy,
} from "./deliberation.ts";
import { mediate, type Voice } from "./mediation.ts";
import { readProposal } from "./reading.ts";
import { votePrompts } from "./wording.ts";

const sampling = { temperature: 1, topP: 1, maxTokens: 100 };
const optionsOf = (users: number, changes: Partial<DeliberationOptions> = {}): DeliberationOptions => ({
  users: castOf(
    Array.from({ length: users }, (_, at) => personaOf(at + 1)),
    users,
    "even",
  ).users,
  prompts: votePrompts.full,
  sampling: { proposer: sampling, user: sampling, mediator: sampling },
  words: { proposal: 20, comment: 30, document: 100 },
  runSeed: 3,
  stage: "votes",
  ...changes,
});

/** Asks so many at a time. */
const asking = (model: LanguageModel, size = 100) =>
  async function* <Row>({ tasks }: Parameters<AskPhase<Row>>[0]): AsyncGenerator<Row> {
    const all = [...tasks()];
    for (let at = 0; at < all.length; at += size) {
      const some = all.slice(at, at + size);
      const replies = await model.generate(some.map(({ request }) => request!));
      for (const [place, { record }] of some.entries()) yield record(replies[place]!, model.id);
    }
  };

const collect = async <Row>(rows: AsyncIterable<Row>): Promise<Row[]> => {
  const found: Row[] = [];
  for await (const row of rows) found.push(row);
  return found;
};

const replying = ({ messages, seed }: GenerateRequest): string => {
  const last = messages.at(-1)!.content;
  if (/Propose one principle|Which principle should/.test(last))
    return `{"principle": "Principle ${seed % 3}."}`;
  if (last.includes("You write what"))
    return seed % 4 === 0
      ? "No."
      : `{"critique": "c", "principles": [{"text": "Drafted ${seed % 5}.", "from": [1]}]}`;
  return `{"support": ${seed % 11}, "feedback": "Comment ${seed % 7}."}`;
};

const voicesOf = (count: number): Voice[] =>
  Array.from({ length: count }, (_, at) => ({
    ...{ record: `said-${at + 1}`, speaker: `user-${at + 1}`, said: `Say ${at + 1}.`, support: at % 11 },
  }));

const mediation = { standing: null, drafts: 3, atOnce: 4, most: 4, attempts: 3 } as const;

describe("support told by a rule", () => {
  it("is asked of nobody, and recorded with what told it for every user and candidate", async () => {
    const supportOf = ({ name }: { readonly name: string }, statements: readonly string[]): number =>
      (name.length + statements.join().length) % 11;
    const options = optionsOf(3, { scripted: { name: "rule", supportOf } });
    const proposals = await gatherProposals(options, 2, asking(scriptedModel({ reply: replying })));
    const candidates = mergeProposals(proposals, seededBy(options));
    const asked: boolean[] = [];
    const records = await collect(
      gatherSupport(options, candidates, async function* ({ tasks }) {
        for (const { request, record } of tasks()) {
          asked.push(request !== null);
          yield record(null, "nobody");
        }
      }),
    );
    expect(asked).toEqual(Array(3 * candidates.length).fill(false));
    expect(records.map(({ user, candidate, support, model }) => [user, candidate, support, model])).toEqual(
      options.users.flatMap(({ id, persona }) =>
        candidates.map(({ candidate, statements }) => [
          id,
          candidate,
          supportOf(persona, statements),
          "rule",
        ]),
      ),
    );
  });
});

describe("a comment on what is supported by a rule", () => {
  it("is a model's, beside a number that names who told it", async () => {
    const model = scriptedModel({ reply: () => '{"support": 3, "feedback": "Be brief."}' });
    const commented = async (changes: Partial<DeliberationOptions>) => {
      const options = optionsOf(1, changes);
      const [candidate] = mergeProposals([proposal("user-1", "Be kind.")], seededBy(options));
      const [row] = await gatherComments(options, candidate!, asking(model));
      return [row!.support, row!.supportBy, row!.model, row!.comment];
    };
    expect(await commented({})).toEqual([3, undefined, model.id, "Be brief."]);
    const scripted = { name: "rule", supportOf: () => 8 };
    expect(await commented({ scripted })).toEqual([8, "rule", model.id, "Be brief."]);
  });
});

describe("phases", () => {
  it.each([1, 2, 5])("asked %d at a time come to the same as all at once", async (size) => {
    const play = async (ask: ReturnType<typeof asking>) => {
      const options = optionsOf(4);
      const proposals = await gatherProposals(options, 3, ask);
      const candidates = mergeProposals(proposals, seededBy(options));
      return [
        proposals,
        candidates,
        await collect(gatherSupport(options, candidates, ask)),
        await gatherComments(options, candidates[0]!, ask),
        await mediate(options, { ...mediation, voices: voicesOf(10) }, ask),
      ];
    };
    const wanted = await play(asking(scriptedModel({ reply: replying })));
    expect(await play(asking(scriptedModel({ reply: replying }), size))).toEqual(wanted);
  });

  it.each(["full", "brief"] as const)(
    "ask twelve users of one name about every candidate, each in a call of its own that shows nobody else (%s)",
    async (wording) => {
      const model = scriptedModel({ reply: replying });
      const options = optionsOf(12, { prompts: votePrompts[wording] });
      const candidates = mergeProposals(await gatherProposals(options, 2, asking(model)), seededBy(options));
      const before = model.calls.length;
      const rows = await collect(gatherSupport(options, candidates, asking(model)));
      expect(rows.map(({ user, candidate }) => `${user} ${candidate}`)).toEqual(
        options.users.flatMap(({ id }) => candidates.map(({ candidate }) => `${id} ${candidate}`)),
      );
      expect(new Set(rows.map(({ seed }) => seed)).size).toBe(rows.length);
      const call = model.calls[before]!;
      const requests = call.type === "generate" ? call.requests : [];
      for (const [at, { messages }] of requests.entries()) {
        const text = messages.map(({ content }) => content).join("\n");
        const own = Math.floor(at / candidates.length) + 1;
        for (let other = 1; other <= 12; other++)
          expect(text.includes(mark(`persona-${other}`))).toBe(other === own);
        for (const { statements } of candidates)
          expect(text.includes(statements[0]!)).toBe(
            statements === candidates[at % candidates.length]!.statements,
          );
      }
    },
  );

  it("show whoever proposes again the own proposals alone", async () => {
    const model = scriptedModel({
      reply: ({ messages }) => `{"principle": "Of ${/persona-\d/.exec(messages[0]!.content)![0]}."}`,
    });
    await gatherProposals(optionsOf(2), 2, asking(model));
    const shown = model.calls.map((call) =>
      call.type === "generate" ? call.requests.map(({ messages }) => messages[1]!.content) : [],
    );
    expect(shown[0]!.every((text) => text.includes("none yet"))).toBe(true);
    expect(shown[1]![0]).toContain("1. Of persona-1.");
    expect(shown[1]![0]).not.toContain("persona-2");
  });

  it("take a number outside of the scale, and a reply without any, as missing", async () => {
    const replies = ['{"support": 11}', "I would rather not.", '{"support": 0}'];
    const model = scriptedModel({
      reply: ({ messages }) => replies[Number(/persona-(\d)/.exec(messages[0]!.content)![1]) - 1]!,
    });
    const options = optionsOf(3);
    const [candidate] = mergeProposals([proposal("user-1", "Be kind.")], seededBy(options));
    const rows = await collect(gatherSupport(options, [candidate!], asking(model)));
    expect(rows.map(({ support, missing }) => [support, missing])).toEqual([
      [null, "out-of-range"],
      [null, "not-given"],
      [0, undefined],
    ]);
  });
});

const proposal = (user: string, statement: string | null): ProposalRecord => ({
  ...{ id: `${user}/${statement}`, parents: [], stage: "proposals", seed: 1, user, persona: "p", number: 1 },
  ...{ model: "m", text: "", finish: "stop", statement },
});

describe("candidates", () => {
  it("are one where proposals differ in case, spaces and marks alone, with all who proposed it", () => {
    const said = ["Be kind.", "be  KIND", null, "Be kind, always.", '"Be kind!"'];
    const candidates = mergeProposals(
      said.map((statement, at) => proposal(`user-${at + 1}`, statement)),
      seededBy(optionsOf(5)),
    );
    expect(candidates.map(({ candidate, statements }) => [candidate, statements])).toEqual([
      ["principle-1", ["Be kind."]],
      ["principle-2", ["Be kind, always."]],
    ]);
    expect(candidates[0]!.said.map(({ speaker }) => speaker)).toEqual(["user-1", "user-2", "user-5"]);
    expect(candidates[0]!.parents).toHaveLength(3);
  });

  it("are told apart by words of any script", () => {
    expect(plainText("Кажи истину!")).toBe("кажи истину");
    expect(plainText("¿…?")).toBe("¿…?");
    expect(["Use C++.", "use C#!", "Use C."].map(plainText)).toEqual(["use c++", "use c#", "use c"]);
    expect(["Rule #1: be kind + brief.", "++ ok"].map(plainText)).toEqual(["rule 1 be kind brief", "ok"]);
  });
});

describe("reading a proposal", () => {
  const read = (text: string) => readProposal({ text, finish: "stop" });
  it("takes JSON, a labelled line and a bare line", () => {
    for (const text of [
      '{"principle": "Be {kind}: always."}',
      'Here:\n```json\n{"principle": "Be {kind}: always."}\n```',
      "Principle: Be {kind}: always.",
      "<think>Hm.</think>\n1. Be {kind}: always.",
      '"Be {kind}: always."',
    ])
      expect(read(text), text).toEqual({ statement: "Be {kind}: always." });
  });

  it("says what is wrong with others", () => {
    expect(read("One.\nTwo.").problem).toBe("there is no one principle");
    expect(read('{"principle": "..."}').problem).toBe("the principle has no text");
    expect(read('{"principle": 3}').problem).toBe("there is no one principle");
    expect(read(" ").problem).toBe("the reply is empty");
    expect(read("x".repeat(401)).problem).toContain("401 characters");
    expect(readProposal({ text: "Be", finish: "length" }).problem).toContain("cut");
  });
});

describe("a mediator", () => {
  it("is shown what was said in another order for each draft, in parts that amend what came before", async () => {
    const model = scriptedModel({
      reply: ({ messages }) => {
        const first = /\[1\][^"]*"Say (\d+)\."/.exec(messages[0]!.content)![1];
        const before = /so far:\n1\. (.*)/.exec(messages[0]!.content)?.[1];
        const kept = before === undefined ? [] : [{ text: before, from: [] }];
        return JSON.stringify({
          critique: "c",
          principles: [...kept, { text: `Take up ${first}.`, from: [1] }],
        });
      },
    });
    const drafts = await mediate(
      optionsOf(5),
      { ...mediation, voices: voicesOf(10), drafts: 2 },
      asking(model),
    );
    expect(model.calls).toHaveLength(3);
    for (const { document, parents } of drafts) {
      expect(parents).toHaveLength(3);
      const { principles } = document!;
      expect(principles).toHaveLength(2);
      for (const { title, grounds } of principles) {
        const number = /\d+/.exec(title)![0];
        expect(grounds?.map(({ record, by }) => [record, by])).toContainEqual([`said-${number}`, "cited"]);
      }
    }
    expect(drafts[0]!.document!.principles).not.toEqual(drafts[1]!.document!.principles);
  });

  it("records what each part amends: the document to begin with, and the last reply that could be read", async () => {
    let calls = 0;
    const model = scriptedModel({
      reply: () =>
        ++calls === 2
          ? "No."
          : `{"critique": "c", "principles": [{"text": "Be kind ${calls}.", "from": [1]}]}`,
    });
    const rows: MediationRecord[] = [];
    const ask: AskPhase<MediationRecord> = async function* (phase) {
      for await (const row of asking(model)<MediationRecord>(phase)) {
        rows.push(row);
        yield row;
      }
    };
    const document = { name: "d", version: "1", description: "", source: "s", licence: "l", principles: [] };
    const standing = { id: "stands", document };
    const told = { ...mediation, voices: voicesOf(9), drafts: 1, attempts: 1, standing };
    const [draft] = await mediate(optionsOf(2), told, ask);
    const [first, second, third] = rows;
    const amends = ({ parents }: MediationRecord): string[] =>
      parents.filter((id) => !id.startsWith("said-"));
    expect(amends(first!)).toEqual(["stands"]);
    expect(amends(second!)).toEqual(["stands", first!.id]);
    expect(amends(third!)).toEqual(["stands", first!.id]);
    expect(draft!.parents).toEqual([first!.id, third!.id]);
  });

  it("may name principles and what was said in the brief wording, part by part", async () => {
    const replies = ["principles:\n1. [2]", "principles:\n1. A [1]\n2. [1]"];
    const model = scriptedModel({ reply: () => replies.shift() ?? "No." });
    const voices = voicesOf(4);
    const [draft] = await mediate(
      optionsOf(2, { prompts: votePrompts.brief }),
      { ...mediation, voices, drafts: 1, atOnce: 2 },
      asking(model),
    );
    const shown = model.calls
      .flatMap((call) => (call.type === "generate" ? call.requests : []))
      .flatMap(({ messages }) =>
        [...messages[0]!.content.matchAll(/^\[\d\] (.*)$/gm)].map(([, said]) => said!),
      );
    const saidBy = (text: string): string => voices.find(({ said }) => said === text)!.record;
    expect(draft!.document!.principles.map(({ title }) => title)).toEqual([shown[1], shown[2]]);
    expect(draft!.document!.principles.map(({ grounds }) => grounds!.map(({ record }) => record))).toEqual([
      [saidBy(shown[1]!), saidBy(shown[2]!)],
      [saidBy(shown[2]!)],
    ]);
  });

  it("keeps in the brief wording what most was said for, where the model writes more than there may be", async () => {
    const replies = ["principles:\n1. [1]\n2. [2]", "principles:\n1. A\n2. B [2]\n3. [1]\n4. [3,4]"];
    const model = scriptedModel({ reply: () => replies.shift() ?? "No." });
    const [draft] = await mediate(
      optionsOf(2, { prompts: votePrompts.brief }),
      { ...mediation, voices: voicesOf(8), drafts: 1, most: 2 },
      asking(model),
    );
    const { principles } = draft!.document!;
    expect(principles.map(({ grounds }) => grounds!.length)).toEqual([2, 2]);
    expect(draft!.cut).toBe(2);
    const second = model.calls.flatMap((call) => (call.type === "generate" ? call.requests : []))[1]!;
    const shown = [...second.messages[0]!.content.matchAll(/^(?:B\.|\[3\]) (.*)$/gm)].map(([, said]) => said);
    expect(principles.map(({ title }) => title)).toEqual(shown);
  });

  it("is asked again where its reply cannot be read; a part that stays unreadable amends nothing", async () => {
    let calls = 0;
    const model = scriptedModel({
      reply: () =>
        ++calls === 1 ? '{"critique": "c", "principles": [{"text": "Be kind.", "from": [1]}]}' : "No.",
    });
    const [draft] = await mediate(
      optionsOf(2),
      { ...mediation, voices: voicesOf(5), drafts: 1 },
      asking(model),
    );
    expect(model.calls).toHaveLength(1 + mediation.attempts);
    expect(draft).toMatchObject({ unread: 1, parents: ["votes/draft-1/part-1-1"] });
    expect(draft!.document!.principles.map(({ title }) => title)).toEqual(["Be kind."]);
  });

  it("that writes nothing readable has no draft, and too many principles are not readable", async () => {
    const principles = Array.from({ length: 5 }, (_, at) => ({ text: `Number ${at}.`, from: [1] }));
    const model = scriptedModel({ reply: () => JSON.stringify({ critique: "c", principles }) });
    const [draft] = await mediate(
      optionsOf(2),
      { ...mediation, voices: voicesOf(2), drafts: 1 },
      asking(model),
    );
    expect(draft).toMatchObject({ document: null, unread: 1, parents: [] });
  });
});
