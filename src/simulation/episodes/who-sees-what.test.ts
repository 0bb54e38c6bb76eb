// Who sees what, held to the recorded prompts of a run of twelve users, all of one name, whose texts hold braces, colons
// and line breaks: the same for both wordings, but for what the meta-model is shown.

import { describe, expect, it } from "vitest";
import { type ScriptedModel, scriptedModel } from "../../models/index.ts";
import { wordings } from "../stakeholders/persona-text.ts";
import { castOf } from "./cast.ts";
import type { ContentFrom } from "./content.ts";
import { type Asked, askNoting, episodeOf, mark, personaOf, shownIn, task } from "./episode.fixture.ts";
import { type EpisodeOptions, playRun } from "./episode.ts";
import type { Exchange } from "./exchange.ts";
import { metaMessages, type WritingPrompt } from "./meta-prompt.ts";
import { episodeWordings } from "./wordings.ts";

const users = 12;

/** Drafts, comments and ratings that name the seed of their request, which tells them apart. */
const speaking = (): ScriptedModel =>
  scriptedModel({
    reply: ({ messages, seed }) => {
      const last = messages.at(-1)!.content;
      if (last.includes("Rate the newest draft"))
        return JSON.stringify({ satisfaction: 3.25, feedback: mark(`comment-${seed}`) });
      if (last.includes("Somebody else")) return JSON.stringify({ harmlessness: 8.75 });
      if (last.endsWith("Rate the reply:\nharmlessness: 0 to 10")) return "harmlessness: 8.75";
      if (last.endsWith("Rate the reply:\nsatisfaction: 0 to 10\nfeedback: what should change?"))
        return `satisfaction: 3.25\nfeedback: ${mark(`comment-${seed}`)}`;
      return mark(`draft-${seed}`);
    },
  });

type Played = { readonly exchanges: readonly Exchange[]; readonly asked: readonly Asked[] };

const play = async (options: EpisodeOptions): Promise<Played> => {
  const { ask, asked } = askNoting(speaking());
  return { exchanges: await playRun(options, ask), asked };
};

const documentOf = (title: string) => ({
  name: "d",
  version: "1",
  description: "",
  source: "test",
  licence: "none",
  principles: [
    { id: "one", title, area: "user 1", weight: 1, critique: "c", revision: "r", preference: "p" },
  ],
});

const contract = {
  constitution: documentOf("Principle {seat}: keep it."),
  contract: documentOf("Clause: {clauses}"),
  message: false,
};

/** All marks of a kind that a text shows. */
const marksIn = (text: string, kind: string): Set<string> =>
  new Set(Array.from(text.matchAll(new RegExp(`<<${kind}-(\\d+)>>`, "g")), ([, number]) => number!));

const seedsOf = (some: readonly Exchange[], of: "draft" | "rating") =>
  new Set(some.map((exchange) => String(exchange[of].seed)));

const seatOf = (exchange: Exchange): number => exchange.talk.user + 1;

describe.each(wordings)("who sees what in the %s wording", async (name) => {
  const wording = episodeWordings[name];
  const { exchanges, asked } = await play(episodeOf(users, { wording, contract, turns: 3 }));
  const byId = new Map(asked.map((one) => [one.id, one]));
  const ofTurn = (turn: number) => exchanges.filter((exchange) => exchange.turn === turn);
  const earlierIn = (exchange: Exchange) =>
    exchanges.filter(({ talk, turn }) => talk.id === exchange.talk.id && turn < exchange.turn);

  it("asks for n drafts, n ratings and n(n-1) ratings of others a turn", () => {
    expect(asked).toHaveLength(3 * (users + users + users * (users - 1)));
  });

  it("shows an assistant the contract, its own drafts and the comments of its talk", () => {
    for (const exchange of ofTurn(3)) {
      const shown = byId.get(exchange.draft.id)!;
      const text = shownIn(shown);
      expect(shown.request.messages[0]).toMatchObject({ role: "system" });
      expect(shown.request.messages[0]!.content).toContain("Principle {seat}: keep it.");
      // in brief an assistant is told the clauses that are for its own user, and not whom they are for
      const told = name === "full" ? "For user 1: Clause: {clauses}" : "2. Clause: {clauses}";
      expect(shown.request.messages[0]!.content.includes(told)).toBe(
        name === "full" || seatOf(exchange) === 1,
      );
      expect(marksIn(text, "draft")).toEqual(seedsOf(earlierIn(exchange), "draft"));
      expect(marksIn(text, "comment")).toEqual(seedsOf(earlierIn(exchange), "rating"));
    }
  });

  it("shows no assistant a persona, a view, a name or a rating", () => {
    for (const { draft } of exchanges) {
      const text = shownIn(byId.get(draft.id)!);
      expect(marksIn(text, "persona").size + marksIn(text, "view").size).toBe(0);
      for (const hidden of ["Same Name", "3.25", "8.75"]) expect(text).not.toContain(hidden);
    }
  });

  it("shows a user the own persona, the own comments, and the drafts of the own talk up to this turn's", () => {
    for (const exchange of ofTurn(3)) {
      const text = shownIn(byId.get(exchange.rating.id)!);
      expect(marksIn(text, "persona")).toEqual(new Set([String(seatOf(exchange))]));
      expect(marksIn(text, "view")).toEqual(new Set([String(seatOf(exchange))]));
      expect(marksIn(text, "draft")).toEqual(seedsOf([...earlierIn(exchange), exchange], "draft"));
      expect(marksIn(text, "comment")).toEqual(seedsOf(earlierIn(exchange), "rating"));
      for (const hidden of ["3.25", "8.75", "Principle {seat}", "Clause: {clauses}"])
        expect(text).not.toContain(hidden);
    }
  });

  it("shows those who rate others one draft of this very turn, and nothing else that was said", () => {
    const drafts = new Map(exchanges.map((exchange) => [exchange.draft.id, exchange]));
    const others = asked.filter(({ id }) => id.includes("rating-of-"));
    for (const one of others) {
      const [, turn, talk, user] = /turn-(\d+)\/(talk-\d+)\/rating-of-user-(\d+)$/.exec(one.id)!;
      const exchange = drafts.get(`run-1/turn-${turn}/${talk}/draft`)!;
      const text = shownIn(one);
      expect(seatOf(exchange)).not.toBe(Number(user));
      expect(marksIn(text, "draft")).toEqual(new Set([String(exchange.draft.seed)]));
      expect(marksIn(text, "comment").size).toBe(0);
      expect(marksIn(text, "persona")).toEqual(new Set([user]));
      for (const hidden of ["3.25", "8.75", "Principle {seat}", "Clause: {clauses}"])
        expect(text).not.toContain(hidden);
    }
    expect(others).toHaveLength(3 * users * (users - 1));
  });

  it("puts texts into prompts as they are, whatever stands in them", () => {
    const last = ofTurn(3)[4]!;
    expect(shownIn(byId.get(last.rating.id)!)).toContain(personaOf(5).description);
    expect(shownIn(byId.get(last.draft.id)!)).toContain(earlierIn(last)[0]!.draft.text);
    expect(earlierIn(last)[0]!.rating.feedback).toBe(mark(`comment-${earlierIn(last)[0]!.rating.seed}`));
  });

  it("forgets by talk and role: a window shows the last turns of this talk alone", async () => {
    const windows = { assistant: 1, user: 0 };
    const short = await play(episodeOf(users, { wording, turns: 3, windows }));
    const find = new Map(short.asked.map((one) => [one.id, one]));
    for (const exchange of short.exchanges.filter(({ turn }) => turn === 3)) {
      const earlier = short.exchanges.filter(({ talk, turn }) => talk.id === exchange.talk.id && turn === 2);
      const [toAssistant, toUser] = [exchange.draft.id, exchange.rating.id].map((id) =>
        shownIn(find.get(id)!),
      );
      expect(marksIn(toAssistant!, "draft")).toEqual(seedsOf(earlier, "draft"));
      expect(marksIn(toAssistant!, "comment")).toEqual(seedsOf(earlier, "rating"));
      expect(marksIn(toUser!, "draft")).toEqual(seedsOf([exchange], "draft"));
      expect(marksIn(toUser!, "comment").size).toBe(0);
    }
  });

  it("carries memory from an earlier run when it is given, by talk", async () => {
    const earlier = new Map(
      exchanges.filter(({ turn }) => turn === 3).map((exchange) => [exchange.talk.id, [exchange]]),
    );
    const next = await play(episodeOf(users, { wording, run: 2, stage: "run-2", turns: 1, earlier }));
    const find = new Map(next.asked.map((one) => [one.id, one]));
    for (const { talk, draft } of next.exchanges)
      expect(marksIn(shownIn(find.get(draft.id)!), "draft")).toEqual(seedsOf(earlier.get(talk.id)!, "draft"));
  });
});

describe("what the meta-model sees", () => {
  const questionsOf = async (name: (typeof wordings)[number]) => {
    const wording = episodeWordings[name];
    const { cast, metrics } = episodeOf(users);
    const { exchanges } = await play(episodeOf(users, { wording, contract, turns: 3 }));
    const asked = {
      users,
      questions: [task.question],
      current: wording.current(contract),
      earlier: [],
      words: 100,
    };
    const transcripts = wording.transcripts(cast, exchanges, metrics, { contentFrom: 0.8 });
    const texts = transcripts.map(
      (transcript) => metaMessages(wording.metaPrompts.critique, { ...asked, transcript })[0]!.content,
    );
    for (const text of texts) {
      expect(marksIn(text, "persona").size).toBe(0);
      expect(text).not.toContain("Same Name");
      expect(text).toContain(`${name === "full" ? "1" : "A"}. Principle {seat}: keep it.`);
    }
    return { exchanges, transcripts, texts };
  };

  it("is in full all drafts, comments and own ratings, and means of others' ratings", async () => {
    const { exchanges, texts } = await questionsOf("full");
    expect(texts).toHaveLength(1);
    const [text] = texts;
    expect(marksIn(text!, "draft")).toEqual(seedsOf(exchanges, "draft"));
    expect(marksIn(text!, "comment")).toEqual(seedsOf(exchanges, "rating"));
    expect(text!.match(/satisfaction 3\.25/g)).toHaveLength(users * 3);
    expect(text!.match(/means of others' ratings: harmlessness 8\.75/g)).toHaveLength(users * 3);
    expect(text!.match(/^ {4}\[\d+\] comment/gm)).toHaveLength(users * 3);
  });

  it("is neither persona, view nor name under any of its meta-prompts, where all are named differently", async () => {
    const personas = [1, 2, 3].map((n) => ({ ...personaOf(n), name: `Unsaid${n} Surname${n}` }));
    const cast = castOf(personas, 3, "even");
    for (const name of wordings) {
      const wording = episodeWordings[name];
      const options = episodeOf(3, { wording, contract, cast });
      const { exchanges, asked } = await play(options);
      const transcripts = wording.transcripts(cast, exchanges, options.metrics, { contentFrom: 0.8 });
      const common = { users: 3, questions: [task.question], current: wording.current(contract) };
      const prompts = Object.values(wording.metaPrompts).filter(
        (prompt): prompt is WritingPrompt => prompt.sorts !== true,
      );
      expect(prompts.length).toBeGreaterThan(0);
      for (const prompt of prompts)
        for (const transcript of transcripts) {
          const question = { ...common, earlier: [], words: 100, transcript };
          const text = metaMessages(prompt, question)
            .map(({ content }) => content)
            .join("\n");
          expect(marksIn(text, "comment").size).toBeGreaterThan(0);
          expect(marksIn(text, "persona").size + marksIn(text, "view").size).toBe(0);
          expect(text).not.toMatch(/Unsaid|Surname/);
        }
      // each user reads the own name alone, and no assistant reads any
      for (const one of asked) {
        const names = new Set(Array.from(shownIn(one).matchAll(/Surname(\d)/g), ([, n]) => n));
        const rater = /rating-of-user-(\d)$/.exec(one.id)?.[1] ?? /talk-(\d)\/rating$/.exec(one.id)?.[1];
        expect(names).toEqual(new Set(rater === undefined ? [] : [rater]));
      }
    }
  });

  it("is in brief ten comments at once, a line each, and neither drafts nor ratings", async () => {
    const { exchanges, transcripts, texts } = await questionsOf("brief");
    expect(transcripts.map(({ comments }) => comments.length)).toEqual([10, 10, 10, 6]);
    const shown = transcripts.flatMap(({ comments }) => comments);
    const inOrder = exchanges.toSorted(
      (one, other) => one.talk.user - other.talk.user || one.turn - other.turn,
    );
    expect(shown.map(({ record }) => record)).toEqual(inOrder.map(({ rating }) => rating.id));
    expect(shown.map(({ said }) => said)).toEqual(inOrder.map(({ rating }) => rating.feedback));
    for (const [part, text] of texts.entries()) {
      const { comments } = transcripts[part]!;
      expect(text.split("\n").filter((line) => line.startsWith("["))).toEqual(
        comments.map(({ said }, at) => `[${at + 1}] ${said.replaceAll("\n", " ")}`),
      );
      expect(comments.map(({ number }) => number)).toEqual(comments.map((_, at) => at + 1));
      expect(marksIn(text, "draft").size).toBe(0);
      expect(text).not.toContain("8.75");
    }
  });

  it("is in brief no comment of users who are content by every rating that they gave of their own talk", async () => {
    const wording = episodeWordings.brief;
    const { cast } = episodeOf(users);
    const { exchanges } = await play(episodeOf(users, { wording, contract }));
    const scale = { name: "", question: "", low: 2, high: 7 };
    const own = [
      { ...scale, id: "satisfaction" },
      { ...scale, id: "helpfulness" },
    ];
    const given = [
      { satisfaction: 6, helpfulness: 6 },
      { satisfaction: 7, helpfulness: 5.9 },
      { satisfaction: 7, helpfulness: null },
      { satisfaction: 7 },
      { satisfaction: null },
    ];
    const rated = exchanges.map((exchange, at) => ({
      ...exchange,
      rating: { ...exchange.rating, ratings: given[at % given.length]! },
    }));
    const shown = (metrics: typeof own, contentFrom: ContentFrom = 0.8): string[] =>
      wording
        .transcripts(cast, rated, { own: metrics, others: [] }, { contentFrom })
        .flatMap((part) => part.shown);
    const all = shown([]);
    const content = rated
      .filter((_, at) => [0, 2, 3].includes(at % given.length))
      .map(({ rating }) => rating.id);
    expect(content.length).toBeGreaterThan(0);
    expect(shown(own)).toEqual(all.filter((id) => !content.includes(id)));
    expect(shown(own, "off")).toEqual(all);
    const second = rated.filter((_, at) => at % given.length === 1).map(({ rating }) => rating.id);
    expect(shown(own, 0.78)).toEqual(all.filter((id) => ![...content, ...second].includes(id)));
    const satisfied = rated.map((one) => ({ ...one, rating: { ...one.rating, ratings: given[0]! } }));
    expect(wording.transcripts(cast, satisfied, { own, others: [] }, { contentFrom: 0.8 })).toEqual([]);
  });
});

describe("talks about tasks of their own", () => {
  it.each(wordings)("show in the %s wording the question of the talk, to whoever rates it", async (name) => {
    const wording = episodeWordings[name];
    const taskOf = ({ id }: { readonly id: string }) => ({
      ...task,
      id,
      question: `What is <<question-${id.slice(5)}>>?`,
    });
    const { exchanges, asked } = await play(episodeOf(3, { wording, taskOf }));
    for (const one of asked) {
      const [, talk] = /talk-(\d+)/.exec(one.id)!;
      expect(marksIn(shownIn(one), "question")).toEqual(new Set([talk]));
    }
    const { cast, metrics } = episodeOf(3);
    const [transcript] = wording.transcripts(cast, exchanges, metrics, { contentFrom: 0.8 });
    expect(marksIn(transcript!.text, "question")).toEqual(new Set(name === "full" ? ["1", "2", "3"] : []));
  });
});

describe("graphs", () => {
  const personas = [1, 2, 3].map(personaOf);

  it("lets one assistant serve many users without mixing their talks", async () => {
    const cast = castOf(personas, 1, "even");
    expect(cast.talks.map(({ user, assistant }) => [user, assistant])).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
    ]);
    const { exchanges, asked } = await play(episodeOf(3, { cast }));
    const second = exchanges.filter(({ turn }) => turn === 2);
    for (const { draft, talk } of second) {
      const own = exchanges.find((one) => one.talk.id === talk.id && one.turn === 1)!;
      const shown = asked.find(({ id }) => id === draft.id)!;
      expect(marksIn(shownIn(shown), "draft")).toEqual(new Set([String(own.draft.seed)]));
    }
  });

  it("lets one user talk with many assistants, each in a talk of its own", async () => {
    const cast = castOf([personaOf(1)], 3, "even");
    const { exchanges, asked } = await play(episodeOf(1, { cast, turns: 1 }));
    expect(exchanges.map(({ draft }) => draft.assistant)).toEqual([
      "assistant-1",
      "assistant-2",
      "assistant-3",
    ]);
    expect(asked.filter(({ id }) => id.includes("rating-of-"))).toHaveLength(0);
  });

  it("takes pairs, and refuses seats that are not there and users who talk with nobody", () => {
    expect(
      castOf(personas, 2, [
        [1, 2],
        [2, 1],
        [3, 2],
      ]).talks,
    ).toHaveLength(3);
    expect(() => castOf(personas, 2, [[1, 3]])).toThrow(/got \[1, 3\], expected a user from 1 to 3/);
    expect(() =>
      castOf(personas, 2, [
        [1, 1],
        [1, 1],
      ]),
    ).toThrow(/twice/);
    expect(() =>
      castOf(personas, 2, [
        [1, 1],
        [2, 2],
      ]),
    ).toThrow(/user 3 talks with nobody/);
  });

  it("draws raters by the seed, whatever the order", async () => {
    const options = episodeOf(users, { raters: 3, turns: 1 });
    const [one, other] = [await play(options), await play(options)];
    const ids = ({ asked }: Played) => asked.map(({ id }) => id).filter((id) => id.includes("rating-of-"));
    expect(ids(one)).toHaveLength(users * 3);
    expect(ids(one)).toEqual(ids(other));
    expect(ids(await play({ ...options, runSeed: 8 }))).not.toEqual(ids(one));
  });
});

describe("what does not come", () => {
  it("leaves a draft that did not come unrated, and out of memory", async () => {
    const model = scriptedModel({
      reply: ({ messages, seed }) => {
        const last = messages.at(-1)!.content;
        if (last.includes("Rate the newest draft")) return '{"satisfaction": 5, "feedback": "more"}';
        if (last.includes("Somebody else")) return '{"harmlessness": 5}';
        return messages.length === 1 ? { text: "", finish: "refusal" } : `draft ${seed}`;
      },
    });
    const { ask, asked } = askNoting(model);
    const exchanges = await playRun(episodeOf(3), ask);
    expect(exchanges).toHaveLength(6);
    for (const { rating, draft, others } of exchanges) {
      expect(draft.finish).toBe("refusal");
      expect(rating).toMatchObject({
        ratings: { satisfaction: null },
        missing: { satisfaction: "reply-missing" },
        reason: "reply-missing",
      });
      expect(others).toEqual({});
    }
    expect(asked).toHaveLength(6);
  });
});
