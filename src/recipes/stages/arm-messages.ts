// What the process of an arm and the one that holds the run say to each other. Plain data that never lies on a disk, and
// both processes are of one program: so it is not checked again.

import type { PackedError } from "../../core/index.ts";
import type { LoadFormat } from "../../models/index.ts";
import type { RunEventBody } from "../../runs/index.ts";
import type { ArmJob } from "./arm.ts";
import type { ArmRecords } from "./measures.ts";

/** What an arm's process is told. */
export type ToArm =
  | {
      readonly type: "work";
      readonly job: ArmJob;
      readonly folder: string;
      readonly seed: number;
      readonly environment: Readonly<Record<string, string | undefined>>;
      readonly load?: LoadFormat | undefined;
    }
  | { readonly type: "stop" };

/** What an arm's process says. */
export type FromArm =
  | { readonly type: "event"; readonly event: RunEventBody }
  | { readonly type: "done"; readonly records: ArmRecords }
  | { readonly type: "failed"; readonly error: PackedError };
