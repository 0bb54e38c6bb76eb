// A model whose replies are given: by a function, or by rules from a file (script-file.ts). For tests and examples.
// It records what it was asked. Replies depend on the request alone, never on order or batches.

import { throwIfAborted } from "../../core/index.ts";
import type { GenerateRequest, LanguageModel, Reply, Score, ScoreRequest } from "../specification.ts";

/** What a script may give as reply: the text, or the text with how it ended. */
export type ScriptedReply = string | { readonly text: string; readonly finish?: Reply["finish"] };

/**
 * reply and score see one request at a time. Without score the model gives none. batch: of the capabilities. keepCalls:
 * false where nobody looks at what was asked, which grows with every call.
 */
export type Script = {
  readonly id?: string;
  readonly batch?: number;
  readonly keepCalls?: boolean;
  readonly reply: (request: GenerateRequest) => ScriptedReply;
  readonly score?: (request: ScoreRequest) => readonly (number | null)[];
};

/** One batch as it was asked. */
export type ScriptedCall =
  | { readonly type: "generate"; readonly requests: readonly GenerateRequest[] }
  | { readonly type: "score"; readonly requests: readonly ScoreRequest[] };

/** A scripted model; calls: every batch so far, in order. */
export type ScriptedModel = LanguageModel & { readonly calls: readonly ScriptedCall[] };

// Words stand for tokens: there is no tokenizer here, and the counts only have to be the same every time.
const countWords = (text: string): number => text.split(/\s+/).filter(Boolean).length;
const countPrompt = (request: { readonly messages: readonly { readonly content: string }[] }): number =>
  request.messages.reduce((sum, message) => sum + countWords(message.content), 0);

const cut = (text: string, maxTokens: number): { text: string; finish: Reply["finish"] } => {
  if (text.trim() === "") return { text: "", finish: "empty" };
  if (countWords(text) <= maxTokens) return { text, finish: "stop" };
  const words = text.match(/\s*\S+/g) ?? [];
  return { text: words.slice(0, maxTokens).join(""), finish: "length" };
};

const truncateAtStop = (text: string, stops: readonly string[] | undefined): string => {
  const ends = (stops ?? []).map((stop) => text.indexOf(stop)).filter((index) => index >= 0);
  return ends.length === 0 ? text : text.slice(0, Math.min(...ends));
};

/** A model that follows a script. */
export const scriptedModel = (script: Script): ScriptedModel => {
  const calls: ScriptedCall[] = [];
  const keep = (call: ScriptedCall): void => {
    if (script.keepCalls !== false) calls.push(call);
  };

  const replyTo = (request: GenerateRequest): Reply => {
    const given = script.reply(request);
    const said = typeof given === "string" ? { text: given } : given;
    const shown = cut(truncateAtStop(said.text, request.stop), request.maxTokens);
    const finish = said.finish ?? shown.finish;
    const text = finish === "refusal" || finish === "empty" ? "" : shown.text;
    return {
      text,
      finish,
      usage: { promptTokens: countPrompt(request), completionTokens: countWords(text) },
    };
  };

  const scoreOf = (request: ScoreRequest): Score => ({
    logProbabilities: script.score?.(request) ?? request.continuations.map(() => null),
    usage: { promptTokens: countPrompt(request), completionTokens: 0 },
  });

  return {
    id: script.id ?? "scripted",
    capabilities: { scores: script.score !== undefined, batch: script.batch ?? 8 },
    calls,
    generate: async (requests, options) => {
      throwIfAborted(options?.signal);
      keep({ type: "generate", requests });
      return requests.map(replyTo);
    },
    score: async (requests, options) => {
      throwIfAborted(options?.signal);
      keep({ type: "score", requests });
      return requests.map(scoreOf);
    },
    close: async () => {},
  };
};
