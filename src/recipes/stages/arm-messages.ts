// What the process of an arm and the one that holds the run say to each other: a task at a time, what happens meanwhile,
// and what came of it. Plain data between two processes of one program: a schema tells at the border that a message is one
// of these; what the records in it hold was checked where they were made, and goes through as it is.

import { z } from "zod";
import { CovenantError, describePath, type PackedError } from "../../core/index.ts";
import type {
  Capabilities,
  GenerateRequest,
  LoadFormat,
  ModelNotice,
  Reply,
  Score,
  ScoreRequest,
} from "../../models/index.ts";
import type { ReusedRun, RunEventBody } from "../../runs/index.ts";
import type { ArmJob } from "./arm.ts";
import type { ArmRecords } from "./measures.ts";

const holds = (value: unknown, fields: readonly string[]): boolean =>
  typeof value === "object" && value !== null && fields.every((field) => field in value);

/** An object with at least these fields, as it is. */
const having = <Type extends object>(...fields: readonly (keyof Type & string)[]) =>
  z.custom<Type>((value) => holds(value, fields), `expected an object with ${fields.join(", ")}`);

/** A list of objects with at least these fields, as it is. */
const listOf = <Type extends object>(...fields: readonly (keyof Type & string)[]) =>
  z.custom<readonly Type[]>(
    (value) => Array.isArray(value) && value.every((one) => holds(one, fields)),
    `expected a list of objects with ${fields.join(", ")}`,
  );

/** What every task that loads models is given. environment: with the threads that the process has. */
const setting = {
  environment: z.record(z.string(), z.string().optional()),
  load: z.custom<LoadFormat>((value) => typeof value === "string", "expected a text").optional(),
};

/** Tasks by name. open: the model that is asked by the tasks after it, until another one is opened or an arm worked on. */
const given = {
  work: z.strictObject({
    ...setting,
    job: having<ArmJob>("shared", "name", "constitution"),
    folder: z.string(),
    seed: z.number(),
    reused: having<ReusedRun>("folder", "named").optional(),
  }),
  open: z.strictObject({ ...setting, name: z.string() }),
  generate: listOf<GenerateRequest>("messages", "maxTokens", "temperature", "seed"),
  score: listOf<ScoreRequest>("messages", "continuations"),
};

type TaskName = keyof typeof given;

export type ArmTasks = {
  readonly work: { readonly given: z.output<typeof given.work>; readonly gives: ArmRecords };
  readonly open: { readonly given: z.output<typeof given.open>; readonly gives: Capabilities };
  readonly generate: { readonly given: readonly GenerateRequest[]; readonly gives: readonly Reply[] };
  readonly score: { readonly given: readonly ScoreRequest[]; readonly gives: readonly Score[] };
};

const gives: { readonly [Name in TaskName]: z.ZodType<ArmTasks[Name]["gives"]> } = {
  work: having<ArmRecords>("constitution", "revisions", "labels", "heldOut", "goodhart"),
  open: having<Capabilities>("scores", "batch"),
  generate: listOf<Reply>("text", "finish", "usage"),
  score: listOf<Score>("logProbabilities", "usage"),
};

const toArmSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("work"), given: given.work }),
  z.strictObject({ type: z.literal("open"), given: given.open }),
  z.strictObject({ type: z.literal("generate"), given: given.generate }),
  z.strictObject({ type: z.literal("score"), given: given.score }),
  z.strictObject({ type: z.literal("stop") }),
]);

/** What an arm's process is told. */
export type ToArm = z.output<typeof toArmSchema>;

/** A task with what it is given. */
export type ArmTask = Exclude<ToArm, { readonly type: "stop" }>;

const fromArmSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("event"), event: having<RunEventBody>("type") }),
  z.strictObject({ type: z.literal("notice"), notice: having<ModelNotice>("code", "text") }),
  z.strictObject({ type: z.literal("done"), result: z.unknown() }),
  z.strictObject({
    type: z.literal("failed"),
    error: having<PackedError>("kind", "code", "message", "facts"),
  }),
]);

/** What an arm's process says. done and failed end a task. */
export type FromArm = z.output<typeof fromArmSchema>;

/** What an arm's process says while it is at a task. */
export type ArmNews = Extract<FromArm, { readonly type: "event" | "notice" }>;

/** Names what does not fit, but no value: among them are keys of the environment. */
const read = <Message>(schema: z.ZodType<Message>, message: unknown, what: string): Message => {
  const found = schema.safeParse(message);
  if (found.success) return found.data;
  const faults = found.error.issues.map((issue) => `${describePath(issue.path)}: ${issue.message}`);
  throw new CovenantError("arm-message", `${what}, and it does not fit (${faults.join("; ")}).`);
};

/** A message to an arm's process. Throws CovenantError "arm-message" for anything else. */
export const readToArm = (message: unknown): ToArm =>
  read(toArmSchema, message, "The process of an arm was told something");

/** A message of an arm's process. Throws CovenantError "arm-message" for anything else. */
export const readFromArm = (message: unknown): FromArm =>
  read(fromArmSchema, message, "The process of an arm said something");

/** What came of a task. Throws CovenantError "arm-message" for what cannot have come of it. */
export const readResult = <Name extends TaskName>(task: Name, result: unknown): ArmTasks[Name]["gives"] =>
  read(gives[task], result, `The process of an arm said what came of "${task}"`);
