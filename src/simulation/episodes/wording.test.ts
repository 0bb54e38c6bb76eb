// What joins a persona, a task and a draft in a prompt, as their files say it: a view on a task, how an answer is asked for,
// how a draft is presented. Texts of files stand in prompts as they are.

import { describe, expect, it } from "vitest";
import type { Message, Task } from "../../records/index.ts";
import { harmlessness, personaOf, satisfaction, task } from "./episode.fixture.ts";
import { assistantMessages, othersRatingMessages, ownRatingMessages, type Said } from "./wording.ts";
import { episodeWordings } from "./wordings.ts";

const presentation = "Here is its plan for {question}:\n---";
const presented: Task = { ...task, presentation };
const another: Task = { ...task, id: "task-b", question: "What else?" };
const persona = personaOf(1);
const asked = { metrics: [satisfaction], words: 30 };

const lastOf = (messages: readonly Message[]): string => messages.at(-1)!.content;
const own = (about: Task, earlier: readonly Said[] = []) =>
  ownRatingMessages(persona, about, earlier, "Soup.", asked);
const others = (about: Task) => othersRatingMessages(persona, about, "Soup.", [harmlessness]);

describe("a draft", () => {
  it("is presented to its user and to others as the task says", () => {
    expect(lastOf(own(presented))).toContain(
      `An assistant was asked: What is {question}: a hole?\n\n${presentation}\nSoup.\n\nRate the newest draft:\n`,
    );
    expect(lastOf(others(presented))).toContain(
      `Somebody else asked an assistant: What is {question}: a hole?\n\n${presentation}\nSoup.\n\nRate it:\n`,
    );
  });

  it("is presented in words that fit any task where it says nothing", () => {
    expect(lastOf(own(task))).toContain(
      "a hole?\n\nIt wrote you this draft:\nSoup.\n\nRate the newest draft:\n",
    );
    expect(lastOf(others(task))).toContain("a hole?\n\nIt wrote them this draft:\nSoup.\n\nRate it:\n");
  });

  it("is presented so once in a talk about a task, and anew where the task is another", () => {
    const said = (about: Task): Said => ({ task: about, draft: "Stew.", comment: "Less salt." });
    const shown = own(presented, [said(another), said(presented)]).map(({ content }) => content);
    expect(shown).toHaveLength(6);
    expect(shown[1]).toBe("An assistant was asked: What else?\n\nIt wrote you this draft:\nStew.");
    expect(shown[3]).toContain(`${presentation}\nStew.`);
    expect(shown[5]).toMatch(/^The assistant wrote you a new draft:\nSoup\.\n\nRate/);
  });

  it("is presented to nobody else so: not to the assistant, and not in the brief wording", () => {
    const contract = { constitution: null, contract: null, message: false };
    expect(JSON.stringify(assistantMessages(contract, "user 1", presented, []))).not.toContain("its plan");
    const { ownRating, othersRating } = episodeWordings.brief;
    expect(ownRating(persona, presented, [], "Soup.", asked)).toEqual(
      ownRating(persona, task, [], "Soup.", asked),
    );
    expect(othersRating(persona, presented, "Soup.", [harmlessness])).toEqual(
      othersRating(persona, task, "Soup.", [harmlessness]),
    );
  });
});

it("an answer is asked for as the task says, with the length that it says", () => {
  const contract = { constitution: null, contract: null, message: false };
  const about: Task = { ...task, request: "Plan {words} dishes.", words: 77 };
  expect(assistantMessages(contract, "user 1", about, [])).toEqual([
    {
      role: "user",
      content: "Plan {words} dishes.\n\nWhat is {question}: a hole?\n\nUse at most 77 words.",
    },
  ]);
});

it("a persona is told its view on the task at hand, and on no other", () => {
  const views = { "task-a": "Soup is {best}.", "task-b": "Never mind." };
  const opinionated = { ...persona, views };
  const told = (about: Task): string[] => [
    ownRatingMessages(opinionated, about, [], "Soup.", asked)[0]!.content,
    othersRatingMessages(opinionated, about, "Soup.", [harmlessness])[0]!.content,
  ];
  for (const text of told(task)) {
    expect(text).toContain("Soup is {best}.");
    expect(text).not.toContain("Never mind.");
  }
  for (const text of told({ ...task, id: "task-c" })) expect(text).not.toMatch(/Soup is|Never mind/);
});
