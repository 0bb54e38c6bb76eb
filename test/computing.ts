// How what is tested in a worker's own process computes. On one thread: two files run side by side on two cores, and with
// two threads each, a fifth of the time goes to waiting for them. And in sessions of ONNX Runtime that are kept when a
// program is released, since many tests compile the same graph: making sessions anew took a tenth of the processor's
// time. A run of the product seldom makes a small one twice, so it keeps none (docs/experiments.md).

import { hash } from "node:crypto";
import { InferenceSession } from "onnxruntime-node";
import { setThreads } from "../src/engine/index.ts";

setThreads(1);

type Create = (bytes: Uint8Array, settings: InferenceSession.SessionOptions) => Promise<InferenceSession>;

/** The model's size that is worth keeping, and sessions kept in a process. */
const limits = { bytes: 2 ** 18, sessions: 12 };

const keepSessions = (create: Create): Create => {
  /** Sessions that nobody uses, the one given back longest ago first. Each is handed to one program at a time. */
  const idle: { readonly key: string; readonly session: InferenceSession }[] = [];
  return async (bytes, settings) => {
    const { externalData = [], enableProfiling = false } = settings;
    if (externalData.length > 0 || enableProfiling || bytes.length > limits.bytes)
      return create(bytes, settings);
    const key = `${hash("sha256", bytes)} ${JSON.stringify(settings)}`;
    const at = idle.findLastIndex((one) => one.key === key);
    const session = at === -1 ? await create(bytes, settings) : idle.splice(at, 1)[0]!.session;
    const release = async (): Promise<void> => {
      idle.push({ key, session });
      if (idle.length > limits.sessions) await idle.shift()!.session.release();
    };
    return Object.create(session, { release: { value: release } }) as InferenceSession;
  };
};

// Every file of tests in the same process comes by here.
const kept = Symbol.for("covenant.kept-sessions");
if (!(kept in InferenceSession)) {
  const create = InferenceSession.create.bind(InferenceSession) as Create;
  Object.assign(InferenceSession, { create: keepSessions(create), [kept]: true });
}
