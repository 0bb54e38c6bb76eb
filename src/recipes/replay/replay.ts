// What a replay is made of before it is shown, which of its messages are wanted, and how a message looks in a terminal. Where
// messages come from is in contract.ts, games.ts and vote.ts.

import { UserError } from "../../core/index.ts";
import type { ReplayMessage, ReplaySpeaker } from "../../records/index.ts";

/** A message before it is numbered. experiment, repetition: of games. */
export type Said = Omit<ReplayMessage, "number"> & {
  readonly experiment?: string;
  readonly repetition?: number;
};

/** A stored run that can be replayed as often as one likes. */
export type ReplaySource = {
  readonly title: string;
  readonly steps: number;
  readonly stepName: string;
  readonly speakers: readonly ReplaySpeaker[];
  said(): AsyncGenerator<Said>;
};

/** from: the first step, and turn in it ("2", "2.3"). user: a seat, its number, or a word of the name. */
export type ReplayFilter = {
  readonly from?: string | undefined;
  readonly user?: string | undefined;
  readonly experiment?: string | undefined;
  readonly repetition?: number | undefined;
};

/** The seats that a filter means. Throws UserError where there is none. */
const seatsOf = (wanted: string, speakers: readonly ReplaySpeaker[]): Set<string> => {
  const word = wanted.trim().toLowerCase();
  const people = speakers.filter(({ role }) => role !== "meta-model" && role !== "assistant");
  const exact = people.filter(({ id, name }) =>
    [id, `user-${word}` === id ? word : "", name.toLowerCase()].includes(word),
  );
  const found = exact.length > 0 ? exact : people.filter(({ name }) => name.toLowerCase().includes(word));
  if (found.length > 0) return new Set(found.map(({ id }) => id));
  throw new UserError(
    "replay-user-unknown",
    `user: nobody is "${wanted}". Expected one of: ${people.map(({ id, name }) => `${id} (${name})`).join("; ")}.`,
    { user: wanted },
  );
};

/** What has no turn comes after all turns, but for the task, which comes before them. */
const isAtOrAfter = ({ step, turn, kind }: Said, from: string): boolean => {
  const [first = 0, within = 0] = from.split(".").map(Number);
  const at = turn ?? (kind === "task" ? 0 : Number.POSITIVE_INFINITY);
  return step > first || (step === first && at >= within);
};

/** Kinds of messages that are for everybody, whoever is asked about; a task is, where it is said to nobody alone. */
const forEverybody: readonly Said["kind"][] = [
  "document",
  "principle",
  "critique",
  "sorting",
  "candidate",
  "choice",
];

/** What a run's messages are asked for, as a test. Throws UserError for a user that is not there. */
export const wantedOf = (filter: ReplayFilter, { speakers }: ReplaySource): ((said: Said) => boolean) => {
  const { from, user, experiment, repetition } = filter;
  const seats = user === undefined ? null : seatsOf(user, speakers);
  return (said) =>
    (from === undefined || isAtOrAfter(said, from)) &&
    (experiment === undefined || said.experiment === experiment) &&
    (repetition === undefined || said.repetition === repetition) &&
    (seats === null ||
      forEverybody.includes(said.kind) ||
      (said.kind === "task" && said.to.length === 0) ||
      seats.has(said.from) ||
      said.to.some((one) => seats.has(one)) ||
      (said.kind === "outcome" && Object.keys(said.values).some((one) => seats.has(one))));
};

/** Messages with their numbers, without those that are not wanted. */
export async function* numbered(
  source: ReplaySource,
  isWanted: (said: Said) => boolean,
): AsyncGenerator<ReplayMessage> {
  let number = 0;
  for await (const said of source.said()) {
    number++;
    if (!isWanted(said)) continue;
    const { experiment: _, repetition: __, ...message } = said;
    yield { number, ...message };
  }
}

/** A task is told by its question; by its id alone where that is not known. */
const taskName = ({ from, text }: ReplayMessage): string => (text === "" ? `The task ${from}` : "The task");

const columns = 92;

/** Words in lines of so many characters, each kept whole, with two spaces in front. */
const wrapped = (words: readonly string[]): string[] => {
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    if (line !== "" && line.length + word.length + 1 > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one) => `  ${one}`.trimEnd());
};

const indented = (text: string): string[] =>
  text.split("\n").flatMap((paragraph) => wrapped(paragraph.split(" ")));

/** Numbers with their names, with a comma behind all but the last. */
const valueTexts = ({ values, kind }: ReplayMessage): string[] =>
  kind === "outcome"
    ? []
    : Object.entries(values).map(
        ([name, value], at, all) =>
          `${name} ${value === null ? "–" : Number(value.toFixed(2))}${at < all.length - 1 ? "," : ""}`,
      );

/** A message as lines for a person. before: the message before it, whose place is not told again. */
export const messageLines = (
  message: ReplayMessage,
  before: ReplayMessage | undefined,
  { speakers, stepName }: ReplaySource,
): string[] => {
  const { scene, from, to, text, note, kind } = message;
  const nameOf = (id: string): string => speakers.find((one) => one.id === id)?.name ?? id;
  const placeOf = ({ step: at, turn: within, scene: place, kind: what }: ReplayMessage): string =>
    what === "task" || (within !== null && ["draft", "comment", "rating"].includes(what))
      ? `${stepName} ${at}, turn ${within ?? 1}`
      : `${at === 0 ? `Before the first ${stepName.toLowerCase()}` : `${stepName} ${at}`}: ${place}`;
  const place = placeOf(message);
  const head = before !== undefined && placeOf(before) === place ? [] : ["", `── ${place} ──`];
  const whom =
    kind === "rating"
      ? ` on the draft of ${scene.replace("-", " ")}`
      : to.length === 0
        ? ""
        : ` → ${to.map(nameOf).join(", ")}`;
  // A ballot has as many numbers as there are candidates.
  const isBallot = kind === "ballot";
  const values = valueTexts(message);
  const beside = isBallot || values.length === 0 ? [] : [`[${values.join(" ")}]`];
  const said = [...beside, ...(note === "" ? [] : [`(${note})`])].join(" ");
  return [
    ...head,
    `${kind === "task" ? taskName(message) : nameOf(from)}${whom}${said === "" ? "" : `  ${said}`}`,
    ...(isBallot ? wrapped(values) : []),
    ...(text === "" ? [] : indented(text)),
  ];
};
