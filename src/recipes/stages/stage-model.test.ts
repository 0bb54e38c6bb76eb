// A stage's models: what a run is told of text outside the embedded model's language, and which prompts training takes.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { manualClock } from "../../core/index.ts";
import type { OpenOptions } from "../../models/index.ts";
import type { RunEvent } from "../../records/index.ts";
import { openRun } from "../../runs/index.ts";
import { sandboxPrompts } from "../../sandbox/index.ts";
import type { Calls } from "./calls.ts";
import { countSpent, withStageModel } from "./stage-model.ts";

const root = mkdtempSync(join(tmpdir(), "covenant-stage-model-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The warnings of a run of two stages that ask covenant-tiny for one token to each text. */
const warningsOn = async (name: string, texts: readonly string[]): Promise<string[]> => {
  const warnings: string[] = [];
  const emit = (event: RunEvent): void => {
    if (event.type === "warning") warnings.push(`${event.code}: ${event.text}`);
  };
  const clock = manualClock();
  const signal = new AbortController().signal;
  const context = { emit, fresh: false, signal, clock, environment: {} };
  const stages = ["one", "two"];
  const folder = join(root, name);
  await using run = await openRun({
    folder,
    name,
    config: {},
    seed: 1,
    stages,
    clock,
    onEvent: emit,
    signal,
  });
  const requests = texts.map((content) => ({
    messages: [{ role: "user" as const, content }],
    maxTokens: 1,
    temperature: 0,
    seed: 1,
  }));
  for (const stage of stages)
    await run.stage({ name: stage, inputs: {} }, (opened) =>
      withStageModel({ run, context }, opened, "embedded:covenant-tiny", async (model) => {
        await model.generate(requests.toSpliced(stage === "one" ? 0 : 1, 1));
      }),
    );
  return warnings;
};

describe("text outside the embedded model's language", () => {
  it("is told of once a run, whichever words it is", async () => {
    const told = await warningsOn("foreign", [
      "Which volcanoes erupted in Iceland?",
      "Explain quantum chromodynamics thoroughly.",
    ]);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^model-foreign-text: .*chromodynamics.*nonsense/);
  });

  it("is not found in the sandbox's own prompts", async () => {
    const prompts = sandboxPrompts({
      split: "train",
      counts: { harmful: 30, harmless: 30, lookalike: 30 },
      seed: 3,
    });
    expect(
      await warningsOn(
        "own",
        prompts.map(({ messages }) => messages.at(-1)!.content),
      ),
    ).toEqual([]);
  });
});

describe("a model at an address", () => {
  const request = {
    messages: [{ role: "user" as const, content: "Hi" }],
    ...{ maxTokens: 5, temperature: 0, seed: 1 },
  };
  const say = (response: ServerResponse, status: number, body: object, headers = {}): void => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };

  type Asking = Pick<OpenOptions, "cache"> & {
    readonly attempts?: number;
    readonly onAnswer?: (events: readonly RunEvent[]) => void;
  };

  /**
   * Events of a stage that asks so many times; waits: what it would have waited between attempts. attempts: at the run, of
   * which all but the last stop before the stage's end.
   */
  const eventsOf = async (
    name: string,
    asked: number,
    answer: (response: ServerResponse) => void,
    { cache, attempts = 1, onAnswer = () => {} }: Asking = {},
  ) => {
    const server = createServer((incoming, response) => {
      if (incoming.url === "/v1/models") say(response, 200, { data: [{ id: "gpt-4o" }] });
      else answer(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const events: RunEvent[] = [];
    const waits: number[] = [];
    const clock = manualClock(1000);
    const signal = new AbortController().signal;
    const emit = (event: RunEvent): void => void events.push(event);
    const context = { emit, fresh: false, signal, clock, environment: {} };
    const wait = async (milliseconds: number): Promise<void> => void waits.push(milliseconds);
    const calls = {
      optionsFor: async () => ({ retry: { wait }, cache }),
      booked: () => undefined,
    } as unknown as Calls;
    const folder = join(root, name);
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1#gpt-4o`;
    const attempt = async (isLast: boolean): Promise<void> => {
      await using run = await openRun({
        ...{ folder, name, config: {}, seed: 1, stages: ["one"], clock, onEvent: emit, signal },
      });
      const worked = run.stage({ name: "one", inputs: {} }, async (stage) => {
        await withStageModel({ run, context, calls }, stage, address, async (model) => {
          for (let at = 0; at < asked; at++) {
            await model.generate([{ ...request, seed: at }]);
            onAnswer(events);
          }
        });
        if (!isLast) throw new Error("stopped");
      });
      await (isLast ? worked : expect(worked).rejects.toThrow("stopped"));
    };
    try {
      for (let at = 1; at <= attempts; at++) await attempt(at === attempts);
    } finally {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    }
    const warnings = events.flatMap((event) => (event.type === "warning" ? [event.text] : []));
    return { events, warnings, waits };
  };
  const completion = (model: string) => ({
    model,
    choices: [{ message: { content: "Hello." }, finish_reason: "stop" }],
    usage: { prompt_tokens: 1, completion_tokens: 1 },
  });

  it("counts every answer of another model, and warns of it once", async () => {
    let call = 0;
    const models = ["gpt-4o-2024-08-06", "gpt-4o-mini", "gpt-4o-mini", "gpt-4o"];
    const { events, warnings } = await eventsOf("other", 4, (response) =>
      say(response, 200, completion(models[call++]!)),
    );
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('asked for "gpt-4o" and says that "gpt-4o-mini" answered');
    const spent = countSpent(["one"]);
    for (const event of events) spent.add(event);
    expect(spent.total()).toMatchObject({ calls: 4, counts: { "from-another-model": 2 } });
  });

  describe("whose answers are not whole", () => {
    const cut = {
      ...completion("gpt-4o"),
      choices: [{ message: { content: "He" }, finish_reason: "length" }],
    };
    const keptAnswers = (kept = new Map<string, unknown>()) => ({
      get: (key: string) => kept.get(key),
      put: (key: string, given: unknown) => void kept.set(key, given),
    });
    const totalOf = (events: readonly RunEvent[]) => {
      const spent = countSpent(["one"]);
      for (const event of events) spent.add(event);
      return spent.total();
    };

    it("counts each once, though a later attempt finds it among those kept", async () => {
      const asking = { cache: keptAnswers(), attempts: 2 };
      const { events } = await eventsOf("ends", 3, (response) => say(response, 200, cut), asking);
      expect(totalOf(events)).toMatchObject({ calls: 3, counts: { "ended-length": 3, "from-cache": 3 } });
    });

    it("counts those that come from a folder of answers that other runs filled, once over all attempts", async () => {
      const given = { text: "He", finish: "length", usage: { promptTokens: 1, completionTokens: 1 } };
      const cache = { ...keptAnswers(), get: () => given };
      const { events } = await eventsOf("shared", 3, () => expect.unreachable(), { cache, attempts: 2 });
      expect(totalOf(events)).toMatchObject({ calls: 0, counts: { "ended-length": 3, "from-cache": 6 } });
    });

    it("writes each down at once: a killed run does not ask again for what it has made records of", async () => {
      const told: number[] = [];
      await eventsOf("at-once", 3, (response) => say(response, 200, cut), {
        onAnswer: (events) => void told.push(totalOf(events).counts["ended-length"] ?? 0),
      });
      expect(told).toEqual([1, 2, 3]);
    });
  });

  it("is waited for as long as it asks, and that is told", async () => {
    let call = 0;
    const { warnings, waits } = await eventsOf("busy", 3, (response) =>
      call++ < 1
        ? say(response, 429, { error: { message: "slow down" } }, { "retry-after": "61" })
        : say(response, 200, completion("gpt-4o")),
    );
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThanOrEqual(61_000);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/The call is made again in 6[12] s, as the server asks\.$/);
  });
});
