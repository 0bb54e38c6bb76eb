// What the process of an arm and the one that holds the run say to each other: a task at a time, what happens meanwhile,
// and what came of it. Plain data that never lies on a disk, and both processes are of one program: so it is not checked
// again.

import type { PackedError } from "../../core/index.ts";
import type {
  Capabilities,
  GenerateRequest,
  LoadFormat,
  ModelNotice,
  Reply,
  Score,
  ScoreRequest,
} from "../../models/index.ts";
import type { RunEventBody } from "../../runs/index.ts";
import type { ArmJob } from "./arm.ts";
import type { ArmRecords } from "./measures.ts";

/** What every task that loads models is given. environment: with the threads that the process has. */
type Setting = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly load?: LoadFormat | undefined;
};

/** Tasks by name. open: the model that is asked by the tasks after it, until another one is opened or an arm worked on. */
export type ArmTasks = {
  readonly work: {
    readonly given: Setting & { readonly job: ArmJob; readonly folder: string; readonly seed: number };
    readonly gives: ArmRecords;
  };
  readonly open: { readonly given: Setting & { readonly name: string }; readonly gives: Capabilities };
  readonly generate: { readonly given: readonly GenerateRequest[]; readonly gives: readonly Reply[] };
  readonly score: { readonly given: readonly ScoreRequest[]; readonly gives: readonly Score[] };
};

type TaskName = keyof ArmTasks;

/** A task with what it is given. */
export type ArmTask = {
  [Name in TaskName]: { readonly type: Name; readonly given: ArmTasks[Name]["given"] };
}[TaskName];

/** What an arm's process is told. */
export type ToArm = ArmTask | { readonly type: "stop" };

/** What an arm's process says while it is at a task. */
export type ArmNews =
  | { readonly type: "event"; readonly event: RunEventBody }
  | { readonly type: "notice"; readonly notice: ModelNotice };

/** What an arm's process says. done and failed end a task. */
export type FromArm =
  | ArmNews
  | { readonly type: "done"; readonly result: ArmTasks[TaskName]["gives"] }
  | { readonly type: "failed"; readonly error: PackedError };
