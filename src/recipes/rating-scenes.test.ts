// Scenes of ratings beside the talks in which they occur: asked in the words of an episode whose users see so many earlier
// turns, by the metrics that come with Covenant, and answered in the form that is read.

import { describe, expect, it } from "vitest";
import { type GenerateRequest, type ScriptedModel, scriptedModel } from "../models/index.ts";
import type { Message, Metric, Persona, Task } from "../records/index.ts";
import { createRatingScenes, ratedMetrics, readComment, type TalkRatingScene } from "../sandbox/index.ts";
import {
  type Ask,
  briefForms,
  castOf,
  type EpisodeOptions,
  type Exchange,
  episodeWordings,
  libraryName,
  loadMetrics,
  type Phase,
  playRun,
  readRating,
} from "../simulation/index.ts";
import {
  createDocuments,
  type DocumentMix,
  documentMix,
  longestDocument,
} from "./inputs/pretraining-documents.ts";

const library = await loadMetrics(libraryName);
const talks = createRatingScenes({ seed: 5, split: "test" });
const scenes: TalkRatingScene[] = Array.from({ length: 400 }, (_, at) => talks.scene(at));

const metricsOf = ({ ratings }: TalkRatingScene): Metric[] =>
  Object.keys(ratings).map((asked) => library.find(({ id }) => id === asked)!);

const turnsOf = (scene: TalkRatingScene): Message[] =>
  briefForms.rating({
    persona: scene.person,
    earlier: scene.earlier,
    question: scene.request,
    draft: scene.draft,
    metrics: metricsOf(scene),
    withFeedback: scene.comment !== null,
  });

const answerOf = ({ ratings, comment }: TalkRatingScene): string =>
  briefForms.ratingAnswer({ ratings, ...(comment === null ? {} : { feedback: comment }) });

/** Asks a model one thing after the other. */
const askOf = (model: ScriptedModel): Ask => {
  async function* asking<Row>(phase: Phase<Row>): AsyncGenerator<Row> {
    for (const { request, record } of phase.tasks()) {
      const [reply] = request === null ? [] : await model.generate([request]);
      yield record(reply ?? null, model.id);
    }
  }
  return { drafts: asking, ratings: asking };
};

const sampling = { temperature: 0, topP: 1, maxTokens: 96 };

/**
 * What the person of a scene is asked in the end: the talk is played with a run for each request, which goes on with the runs
 * before it, and every turn of it is drafted and commented on as in the scene.
 */
const askedInEpisode = async (scene: TalkRatingScene): Promise<readonly Message[]> => {
  const turns = [...scene.earlier, { question: scene.request, draft: scene.draft, comment: "" }];
  const asked: GenerateRequest[] = [];
  let spoken = 0;
  const model = scriptedModel({
    reply: (request) => {
      const { draft, comment } = turns[spoken]!;
      if (!request.messages.at(-1)!.content.includes("\n\nRate the reply:\n")) return draft;
      asked.push(request);
      spoken++;
      return comment === "" ? "satisfaction: 5" : `satisfaction: 5\nfeedback: ${comment}`;
    },
  });
  const persona: Persona = { id: "one", ...scene.person, traits: {}, views: {} };
  const questions = turns.map(({ question }) => question).filter((one, at, all) => all[at - 1] !== one);
  const played: Exchange[] = [];
  for (const [at, question] of questions.entries()) {
    const task: Task = { id: question, name: question, question, request: question, words: 60 };
    const options: EpisodeOptions = {
      cast: castOf([persona], 1, "even"),
      wording: episodeWordings.brief,
      taskOf: () => task,
      metrics: { own: metricsOf(scene), others: [] },
      run: at + 1,
      turns: turns.filter((one) => one.question === question).length,
      windows: { assistant: 0, user: scene.earlier.length },
      raters: "all",
      contract: { constitution: null, contract: null, message: false },
      contractIds: [],
      earlier: new Map([["talk-1", played]]),
      sampling: { assistant: sampling, user: sampling },
      commentWords: 30,
      runSeed: 1,
      stage: `run-${at + 1}`,
    };
    played.push(...(await playRun(options, askOf(model))));
  }
  return asked.at(-1)!.messages;
};

describe("scenes of ratings in the brief wording", () => {
  it("are by the metrics that come with Covenant, on their scales", () => {
    expect(library.map(({ id, low, high }) => [id, low, high])).toEqual(
      ratedMetrics.map((id) => [id, 0, 10]),
    );
  });

  it("are answered with exactly the scene's ratings and comment", () => {
    for (const scene of scenes)
      expect(readRating({ text: answerOf(scene), finish: "stop" }, metricsOf(scene))).toEqual({
        ratings: scene.ratings,
        feedback: scene.comment ?? "",
      });
  });

  it("are asked as episodes ask whose users see one or two earlier turns, or none", async () => {
    const own = scenes.filter(({ comment }) => comment !== null).slice(0, 150);
    for (const count of [0, 1, 2])
      expect(own.filter(({ earlier }) => earlier.length === count).length).toBeGreaterThan(20);
    for (const scene of own) expect(await askedInEpisode(scene)).toEqual(turnsOf(scene));
  });

  it("are asked without a comment as of drafts of others", () => {
    const [scene] = scenes.filter(({ comment }) => comment === null);
    const { brief } = episodeWordings;
    const persona: Persona = { id: "one", ...scene!.person, traits: {}, views: {} };
    const task: Task = { id: "a", name: "a", question: scene!.request, request: scene!.request, words: 60 };
    expect(brief.othersRating(persona, task, scene!.draft, metricsOf(scene!))).toEqual(turnsOf(scene!));
  });

  it("make documents that fit a row, are asked so, and learn the answer and what was said before it", () => {
    const none = Object.fromEntries(documentMix.map((kind) => [kind, 0])) as DocumentMix;
    const document = createDocuments({
      ...{ seed: 11, mix: { ...none, rating: 1 }, invertedShare: 0.4, statementShare: 0.15 },
      ...{ answerWeight: 20, oneWishShare: 0.1 },
    });
    const documents = Array.from({ length: 400 }, (_, at) => document(at));
    for (const parts of documents) {
      const [answer, ...before] = parts.toReversed();
      expect(answer).toMatchObject({ role: "assistant", weight: 2, figures: 8 });
      expect(before[0]!.content).toMatch(
        /^Question: .*\nReply: [\s\S]*\n\nRate the reply:\n((satis|harm|help|corr)\w+: 0 to 10\n?)+/,
      );
      for (const { role, weight, content } of before) {
        expect(weight).toBe(role === "assistant" ? 1 : 0.05);
        if (role === "assistant") expect(readComment(content)).not.toBeNull();
      }
      const words = parts.map(({ content }) => content).join(" ");
      expect(words.match(/[A-Za-z0-9'-]+|[^\sA-Za-z0-9]/g)!.length).toBeLessThan(longestDocument.scene - 50);
    }
    const roles = documents.map((parts) => parts.map(({ role }) => role[0]).join(""));
    for (const form of ["sua", "suaua", "suauaua"]) expect(roles).toContain(form);
  });
});
