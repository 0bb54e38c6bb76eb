// Every provider, bare and behind middleware, held to what every language model does (conformance.fixture.ts).

import { deriveSeed } from "../core/index.ts";
import { describeConformance } from "./conformance.fixture.ts";
import { type LanguageModel, openModel, scriptedModel, withRetry, withTimeout } from "./index.ts";
import { makeModelFolder } from "./providers/embedded.fixture.ts";
import { type EndpointBehaviour, startEndpoint } from "./providers/endpoint-server.fixture.ts";
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

const endpoint =
  (behaviour: EndpointBehaviour, scoring: "auto" | "none" = "auto") =>
  async () => {
    const server = await startEndpoint(behaviour);
    const options = { id: "endpoint", baseURL: server.baseURL, model: "m", concurrency: 3, scoring };
    const model = withRetry(withTimeout(openAiCompatibleModel(options)));
    return { model, close: server.close };
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
  "embedded",
  async () => {
    const { folder, remove } = await makeModelFolder();
    return { model: await openModel(folder, { environment: {} }), close: remove };
  },
  { bounded: true },
);
