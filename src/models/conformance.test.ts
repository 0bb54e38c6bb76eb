// Every provider, bare and behind middleware, held to what every language model does (conformance.fixture.ts).

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deriveSeed } from "../core/index.ts";
import { describeConformance } from "./conformance.fixture.ts";
import {
  type LanguageModel,
  openAnswerStore,
  openLedger,
  openModel,
  openRecorder,
  scriptedModel,
  withRetry,
  withTimeout,
} from "./index.ts";
import { anthropicModel } from "./providers/anthropic.ts";
import { startAnthropic } from "./providers/anthropic-server.fixture.ts";
import { makeModelFolder } from "./providers/embedded.fixture.ts";
import {
  type EndpointBehaviour,
  type ServedCall,
  startEndpoint,
} from "./providers/endpoint-server.fixture.ts";
import { openAiCompatibleModel } from "./providers/openai-compatible.ts";

const scripted = (scores: boolean): LanguageModel =>
  scriptedModel({
    reply: ({ messages, seed }) => `reply ${deriveSeed(seed, messages.at(-1)?.content ?? "")} is given`,
    ...(scores
      ? {
          score: ({ messages, continuations }) => {
            const share = 0.1 + (deriveSeed(messages.at(-1)?.content ?? "") % 80) / 100;
            return continuations.map((text) => Math.log(text === "(A)" ? share : 1 - share));
          },
        }
      : {}),
  });

/** Holds a request's answer back. hold: for a server to await. */
const createHeld = () => {
  const text = "Take your time.";
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const hold = async ({ body }: { readonly body: object }): Promise<void> => {
    if (JSON.stringify(body).includes(text)) await released;
  };
  return { hold, held: { text, release } };
};

const endpoint =
  (behaviour: EndpointBehaviour, scoring: "auto" | "none" = "auto") =>
  async () => {
    const { hold, held } = createHeld();
    const server = await startEndpoint({ ...behaviour, before: (_, call) => hold(call) });
    const options = { id: "endpoint", baseURL: server.baseURL, model: "m", concurrency: 3, scoring };
    const model = withRetry(withTimeout(openAiCompatibleModel(options)));
    return { model, close: server.close, held };
  };

describeConformance("scripted", async () => ({ model: scripted(true) }));
describeConformance("scripted without scores", async () => ({ model: scripted(false) }));
describeConformance("scripted behind middleware", async () => ({
  model: withRetry(withTimeout(scripted(true))),
}));
/** As a server whose model has a context of so many characters. */
const context: EndpointBehaviour["fault"] = ({ body }) =>
  JSON.stringify(body).length > 4000
    ? {
        status: 400,
        body: { error: { message: "The prompt is too long.", code: "context_length_exceeded" } },
      }
    : undefined;

describeConformance("endpoint with chat log-probabilities", endpoint({ fault: context }), { bounded: true });
describeConformance(
  "endpoint with echo",
  endpoint({ echo: true, template: "apply-template", fault: context }),
  { bounded: true },
);
describeConformance("endpoint without scores", endpoint({}, "none"));
describeConformance(
  "anthropic",
  async () => {
    const { hold, held } = createHeld();
    const server = await startAnthropic(hold);
    const model = anthropicModel({ id: "a", model: "claude-x", key: "sesame-open", baseURL: server.baseURL });
    return { model: withRetry(withTimeout(model)), close: server.close, held };
  },
  { bounded: true, seeded: false },
);

/** By its name, with all that openModel puts around an endpoint. */
const named = (members: number, behaviour: EndpointBehaviour, path: "" | "/completions") => async () => {
  const { hold, held } = createHeld();
  const before = (_: number, call: ServedCall) => hold(call);
  const servers = await Promise.all(
    Array.from({ length: members }, () => startEndpoint({ ...behaviour, fault: context, before })),
  );
  const folder = await mkdtemp(join(tmpdir(), "covenant-conformance-"));
  const cache = await openAnswerStore(join(folder, "answers"));
  const recorder = await openRecorder(join(folder, "recorded.jsonl"));
  const ledger = await openLedger({ file: join(folder, "ledger.jsonl") });
  const name = servers.map(({ baseURL }) => `${baseURL}${path}#m`).join("|");
  const model = await openModel(name, { environment: {}, cache, recorder, ledger });
  const close = async () => {
    await cache.close();
    recorder.close();
    ledger.close();
    for (const server of servers) await server.close();
    await rm(folder, { recursive: true });
  };
  return { model, close, held };
};
const chats: EndpointBehaviour = { echo: true, template: "tokenize" };
const texts: EndpointBehaviour = { chat: false, texts: true };
const echoing: EndpointBehaviour = { ...texts, echo: true };
describeConformance("endpoint by its name", named(1, chats, ""), { bounded: true });
describeConformance("pool by its name", named(3, chats, ""), { bounded: true });
describeConformance("plain completions", named(1, texts, "/completions"), { bounded: true });
describeConformance("plain completions with echo", named(1, echoing, "/completions"), { bounded: true });
describeConformance("pool of plain completions", named(3, echoing, "/completions"), { bounded: true });
describeConformance(
  "embedded",
  async () => {
    const { folder, remove } = await makeModelFolder();
    return { model: await openModel(folder, { environment: {} }), close: remove };
  },
  { bounded: true },
);
