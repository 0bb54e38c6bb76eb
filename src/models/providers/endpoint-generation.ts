// One reply from an OpenAI-compatible endpoint: what is sent, and in which state it came back. As the next message of a
// chat, or as what follows a transcript (transcript.ts). Scoring lives in endpoint-scoring.ts.

import { z } from "zod";
import type { Finish } from "../../records/index.ts";
import { responseFormat } from "../answer-form.ts";
import { answeredByOf } from "../answered-by.ts";
import { declinedOf, isCutShort, mayRefuseField, modelFailure, statusOf } from "../failure.ts";
import type { GenerateRequest, Reply } from "../specification.ts";
import { mostOfReply } from "../token-estimate.ts";
import { contentSchema } from "./endpoint-answer.ts";
import type { Complete, Completion, PaidCall } from "./endpoint-completions.ts";
import { type Endpoint, endFailure } from "./endpoint-failure.ts";
import type { RefusedFields } from "./refused-fields.ts";
import { cutAtStops } from "./reply-stops.ts";
import { humanTurn, transcriptOf } from "./transcript.ts";

/** How a model is asked: for the next message of a chat, or for what follows a text. */
export type Generation = "chat" | "completions";

/** The request field that holds the limit of tokens; OpenAI's newer chat models take only the second. */
export type TokenLimit = "max_tokens" | "max_completion_tokens";

/** refused: what the model does not take, as far as is known. */
export type GenerationOptions = {
  readonly endpoint: Endpoint;
  readonly complete: Complete;
  readonly generation: Generation;
  readonly tokenLimit: TokenLimit;
  readonly refused: RefusedFields;
};

/** What was written, however the server wraps it. */
type Written = {
  readonly text: string;
  readonly refused: boolean;
  readonly reason: string | null | undefined;
};

/** what: a good answer is called. asks: the conversation and where the reply ends, as fields of the request. */
type Form = {
  readonly what: string;
  readonly path: PaidCall["path"];
  readonly choice: z.ZodType<Written>;
  asks(request: GenerateRequest, tokenLimit: TokenLimit): object;
};

const stopField = (stop: readonly string[]): object => (stop.length === 0 ? {} : { stop: [...stop] });

const forms: Readonly<Record<Generation, Form>> = {
  chat: {
    what: "chat completion",
    path: "/chat/completions",
    choice: z
      .object({
        message: z.object({ content: contentSchema.nullish(), refusal: z.string().nullish() }),
        finish_reason: z.string().nullish(),
      })
      .transform(({ message: { content, refusal }, finish_reason }) => ({
        text: content?.text ?? "",
        refused: Boolean(refusal) || content?.refused === true,
        reason: finish_reason,
      })),
    asks: ({ messages, maxTokens, stop = [] }, tokenLimit) => ({
      messages: messages.map(({ role, content }) => ({ role, content })),
      [tokenLimit]: maxTokens,
      ...stopField(stop),
    }),
  },
  completions: {
    what: "completion",
    path: "/completions",
    choice: z
      .object({ text: z.string(), finish_reason: z.string().nullish() })
      .transform(({ text, finish_reason }) => ({ text, refused: false, reason: finish_reason })),
    asks: ({ messages, maxTokens, stop = [] }) => ({
      prompt: transcriptOf(messages),
      max_tokens: maxTokens,
      ...stopField([...new Set([...stop, humanTurn])]),
    }),
  },
};

/** What servers call the end of a whole reply; some say nothing. */
const wholeEnds: readonly string[] = ["", "stop", "eos", "eos_token", "end_turn", "stop_sequence"];

/** How a reply ended. Throws the failure of an end that makes it none. */
const finishOf = ({ text, reason, refused }: Written, id: string): Finish => {
  const said = reason?.toLowerCase() ?? "";
  if (refused || said === "content_filter" || said === "refusal") return "refusal";
  if (said === "length" || said === "max_tokens" || said === "model_length") return "length";
  if (!wholeEnds.includes(said)) throw endFailure(said, id);
  return text.trim() === "" ? "empty" : "stop";
};

/** Makes what reads a reply of a form. Throws a failure where the response holds none. */
const createRead = ({ what, choice }: Form, endpoint: Endpoint) => {
  const schema = z.object({ choices: z.array(choice).min(1) });
  return (completion: Completion): Reply => {
    const { response, usage } = completion;
    const parsed = schema.safeParse(response);
    const written = parsed.data?.choices[0];
    if (!parsed.success || written === undefined) {
      const where = parsed.error?.issues[0]?.path.join(".") || "the document";
      throw modelFailure(
        "model-response",
        `${endpoint.id} sent a response that is not a ${what} (at ${where}). Check that ${endpoint.baseURL} is an OpenAI-compatible address (it usually ends in /v1).`,
        { model: endpoint.id, retriable: true },
      );
    }
    const finish = finishOf(written, endpoint.id);
    return { text: written.text, finish, usage, ...answeredByOf([completion]) };
  };
};

/** Endpoints take seeds of 31 bits; the top bit of ours is dropped. */
const endpointSeed = (seed: number): number => (seed >>> 0) & 0x7fffffff;

const noText = (finish: Finish): Reply => ({
  text: "",
  finish,
  usage: { promptTokens: 0, completionTokens: 0 },
});

/** Makes what asks for one reply. */
export const createGenerate = ({
  endpoint,
  complete,
  generation,
  tokenLimit,
  refused,
}: GenerationOptions): ((request: GenerateRequest, signal: AbortSignal) => Promise<Reply>) => {
  const form = forms[generation];
  const read = createRead(form, endpoint);
  // Until the server turns a request down that holds an answer's form and takes it without one.
  let takesForm = true;
  const ask = async (request: GenerateRequest, signal: AbortSignal, withForm: boolean): Promise<Reply> => {
    const body = {
      model: endpoint.model,
      ...form.asks(request, tokenLimit),
      temperature: request.temperature,
      ...(request.topP === undefined ? {} : { top_p: request.topP }),
      seed: endpointSeed(request.seed),
      ...(withForm ? responseFormat(request.answer) : {}),
    };
    try {
      const reply = await complete({ path: form.path, body, most: mostOfReply(request) }, signal, read);
      return refused.get(endpoint.id)?.has("stop") ? cutAtStops(reply, request.stop ?? []) : reply;
    } catch (thrown) {
      const finish = isCutShort(thrown) ? "length" : declinedOf(thrown);
      if (finish === undefined) throw thrown;
      return noText(finish);
    }
  };
  return async (request, signal) => {
    if (request.answer === undefined || !takesForm) return ask(request, signal, false);
    try {
      return await ask(request, signal, true);
    } catch (thrown) {
      if (!mayRefuseField(statusOf(thrown))) throw thrown;
      const reply = await ask(request, signal, false);
      takesForm = false;
      return reply;
    }
  };
};
