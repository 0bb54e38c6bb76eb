// A recording: every request that models answered, with its answer, in a JSONL file that people can read and
// providers/replay.ts answers from. An answer that the file holds already is not written again, so a run that goes on goes
// on recording; where another run was told something else, that comes below, and a replay gives what came last.
// Failures are no answers and are not in it.

import { z } from "zod";
import { dropTornLine, formatJsonLines, hashJson, openAppender, readJsonLines } from "../core/index.ts";
import { messageSchema } from "../records/index.ts";
import { replySchema, scoreSchema } from "./answer-schema.ts";
import { type AskedRequest, type GivenAnswer, requestKey } from "./request-key.ts";

const generateSchema = z.object({
  model: z.string(),
  type: z.literal("generate"),
  request: z.object({
    messages: z.array(messageSchema),
    maxTokens: z.number(),
    temperature: z.number(),
    topP: z.number().optional(),
    seed: z.number(),
    stop: z.array(z.string()).optional(),
    answer: z.object({ name: z.string(), schema: z.record(z.string(), z.unknown()) }).optional(),
  }),
  answer: replySchema,
});

const scoringSchema = z.object({
  model: z.string(),
  type: z.literal("score"),
  request: z.object({ messages: z.array(messageSchema), continuations: z.array(z.string()) }),
  answer: scoreSchema,
});

const recordedSchema = z.discriminatedUnion("type", [generateSchema, scoringSchema]);

/** One line of a recording. */
export type RecordedCall = z.infer<typeof recordedSchema>;

/** The calls of a recording, in the file's order. Throws UserError with file, line and field. */
export async function* readRecording(file: string): AsyncGenerator<RecordedCall> {
  for await (const { value } of readJsonLines(file, recordedSchema, "drop")) yield value;
}

/** The request of a recorded call as models are given it. */
export const askedOf = (call: RecordedCall): AskedRequest => {
  if (call.type === "score") return { type: "score", request: call.request };
  const { topP, stop, answer, ...rest } = call.request;
  const optional = {
    ...(topP === undefined ? {} : { topP }),
    ...(stop === undefined ? {} : { stop }),
    ...(answer === undefined ? {} : { answer }),
  };
  return { type: "generate", request: { ...rest, ...optional } };
};

export type Recorder = {
  add(model: string, asked: AskedRequest, answer: GivenAnswer): void;
  close(): void;
};

/** An answer as one short text, the same before it was written and after it was read. */
const answerHash = (type: AskedRequest["type"], answer: object): string =>
  hashJson((type === "score" ? scoreSchema : replySchema).parse(JSON.parse(JSON.stringify(answer))));

/** Opens a recording to add to. A torn last line is cut off. Throws UserError. */
export const openRecorder = async (file: string): Promise<Recorder> => {
  await dropTornLine(file);
  const appender = await openAppender(file);
  const last = new Map<string, string>();
  for await (const call of readRecording(file))
    last.set(requestKey(call.model, askedOf(call)), answerHash(call.type, call.answer));
  return {
    add(model, { type, request }, { cached: _, ...answer }) {
      const key = requestKey(model, { type, request } as AskedRequest);
      const hash = answerHash(type, answer);
      if (last.get(key) === hash) return;
      last.set(key, hash);
      appender.appendNow(formatJsonLines([{ model, type, request, answer }]));
    },
    close: appender.close,
  };
};
