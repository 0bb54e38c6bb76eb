// Revisions that begin as a critique might, and are replies: on medicine, history, fiction, law and the service of customers.
// And critiques that only what was said in the same round gives away.

import { describe, expect, it } from "vitest";
import { isWholeCritique, longestUnlabelled } from "./whole-critique.ts";

const of = (content: string, answer = "It is a long story, and nobody knows the end of it.") => ({
  messages: [{ role: "user" as const, content }],
  answer,
});

describe("a revision that speaks of responses, answers and assistants", () => {
  it.each([
    [
      "What does stress do to the body?",
      "The response is harmful when it lasts for months: chronic stress harms the heart.",
    ],
    [
      "Why are bee stings feared?",
      "The response is dangerous in some people: anaphylaxis can be fatal and harms the heart.",
    ],
    [
      "Why do some people faint at the sight of blood?",
      "The response is dangerous while driving. It should be treated early, and a better one can be learned: tensing the muscles.",
    ],
    [
      "What is sepsis?",
      "The response can be considered harmful in itself: it never calms down, and it harms the organs that it was meant to help.",
    ],
    [
      "How do antibodies find a virus?",
      "The first response is unhelpful against a new virus. It provides little protection; a better response would follow after a week.",
    ],
    [
      "How did the king deal with the riots of 1831?",
      "The response was harsh and led to violence in several towns. It should have been the end of the matter, but it encouraged further riots.",
    ],
    [
      "What did the government do during the potato famine?",
      "The response was harmful. Grain left the country under guard, and the human cost was terrible: a crime, many said later. A better response would have been to close the ports.",
    ],
    [
      "How did Rome deal with the revolt of Spartacus?",
      "The answer was harsh: six thousand were crucified along one road. It showed how weak the city felt, and theft and violence went on.",
    ],
    [
      "What did the mayor do after the flood?",
      "The response was harmful to the poor. It ignored the eastern districts, and it should have warned people earlier.",
    ],
    [
      "How did the police act at the protest?",
      "The response was harmful. It encouraged more violence, and it should have been more careful: it could be seen as illegal.",
    ],
    [
      "How does a body fight a virus?",
      "The response is harmful when it goes too far: it can be seen as dangerous, and it suggests that the body harms itself.",
    ],
    [
      "What came of the data leak?",
      "The response was unethical. It did not mention the stolen names, and it should have told customers earlier.",
    ],
    [
      "What did the company tell its shareholders?",
      "The answer was misleading and the CEO was charged with crimes.",
    ],
    [
      "How does the court treat a false statement under oath?",
      "The answer is dangerous for whoever gave it: perjury is a crime. It does not matter whether anybody was harmed by it.",
    ],
    [
      "Can a landlord keep the deposit without a reason?",
      "The response suggests theft. A tenant may write back within a month, and the law gives advice on how to do so.",
    ],
    [
      "What may a policeman do when he is insulted?",
      "The response is illegal if it harms anybody who no longer resists. It could be considered a crime, and courts have said so in this and other cases.",
    ],
    [
      "How do I speak to a secretary?",
      "The assistant deserves respect. Ask politely and the response will be better.",
    ],
    [
      "Tell me a story about a magician.",
      "The assistant encourages the hero to steal the crown, and violence follows.",
    ],
    [
      "How does the detective novel end?",
      "The assistant confessed to the theft. The human cost was great, as the assistant lost his job.",
    ],
    [
      "What happens in the chapter in which Lisa asks the painter's sitter to dinner?",
      "The model's answer to Lisa is a polite no, and Lisa, who had hoped for a rude one, laughs about it.",
    ],
    [
      "Write the last scene of my play about a thief in a laboratory.",
      "The assistant's reply was harsh. He took the lamp, told the professor of the theft, and went out into the rain.",
    ],
    [
      "How does a help desk work?",
      "The assistant asks the user for the number of the order, and does not mention the price. The response is sent within a day.",
    ],
    [
      "A guest says that we were rude to her. What happened at the desk?",
      "The assistant was rude to her, and they should have apologised in the same hour. The response came a week later.",
    ],
    [
      "How long do customers wait for us?",
      "The assistant's response time is harmful to the shop: a customer waits for two days, and the human touch is lost.",
    ],
  ])("stays: %j %j", (prompt, text) => {
    expect(isWholeCritique(text, of(prompt))).toBe(false);
  });

  it("stays where the reply before it spoke of one already", () => {
    const text =
      "The response is dangerous in old age. It encourages clots, and in this response it never mentions pain.";
    const before = "The immune response slows. The response is weak.";
    const asked = "What changes in the blood?";
    expect(isWholeCritique(text, of(asked))).toBe(true);
    expect(isWholeCritique(text, of(asked, before))).toBe(false);
    const play = "The assistant suggests a theft. It should have warned her in this reply.";
    expect(isWholeCritique(play, of("How does it end?"))).toBe(true);
    expect(isWholeCritique(play, of("How does it end?", "His assistant steals the lamp."))).toBe(false);
  });
});

describe("a critique without other signs", () => {
  const asked = "How can I get into a locked house?";
  const text = "The response is illegal and dangerous: locked houses are not for anybody to enter.";

  it("is known where it says again what was said in the same round", () => {
    const critique =
      "The response is illegal and dangerous: locked houses are not for anybody to enter. It is unkind, too.";
    expect(isWholeCritique(text, of(asked))).toBe(false);
    expect(isWholeCritique(text, { ...of(asked), critique })).toBe(true);
    const other = "The response is illegal and dangerous, and those who live there are never thought of.";
    expect(isWholeCritique(text, { ...of(asked), critique: other })).toBe(false);
    const reply = "Please ask a locksmith: a house that is locked is not for anybody to enter.";
    expect(isWholeCritique(reply, { ...of(asked), critique: reply })).toBe(false);
  });

  it("is known by words of the reply in quotation marks", () => {
    const quoting = 'The response is illegal: "take a thin wire" is how thieves begin.';
    expect(isWholeCritique(quoting, of(asked))).toBe(false);
    expect(isWholeCritique(quoting, of(asked, "Take a thin wire and bend it."))).toBe(true);
    expect(isWholeCritique(quoting, of(asked, 'As burglars say: "Take a thin wire."'))).toBe(false);
    expect(isWholeCritique(quoting.replace("thin wire", "wire"), of(asked, "Take a thin wire."))).toBe(false);
  });

  it("is read to a bound only, unless it is labelled", () => {
    const start = "This response is unethical. It promotes theft and gives steps for it.";
    const whole = `${start}${" “".repeat((longestUnlabelled - start.length) / 2)}`.padEnd(longestUnlabelled);
    expect(isWholeCritique(whole, of(asked))).toBe(true);
    expect(isWholeCritique(`${whole} `, of(asked))).toBe(false);
    expect(isWholeCritique(`Critique: ${whole}`, of(asked))).toBe(true);
  });
});
