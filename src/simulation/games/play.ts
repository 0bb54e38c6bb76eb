// Plays games to their end, many at once: scripted players move by themselves, and all model-driven ones that are to move
// now are asked together. What comes of a game depends on its own seed and players, never on its neighbours.

import { createRandom, deriveSeed, throwIfAborted } from "../../core/index.ts";
import type { GenerateRequest, LanguageModel, Reply } from "../../models/index.ts";
import type { GameSetup, Message, SeatMove } from "../../records/index.ts";
import { withoutThought } from "../reply-text.ts";
import type { Wording } from "../stakeholders/persona-text.ts";
import { readDecision } from "./decision-reading.ts";
import { advance, type GameState, type View } from "./game.ts";
import { readContribution, readOffer, readPick, readPrices } from "./number-reading.ts";
import type { Player } from "./player.ts";
import { rulesOf } from "./rules.ts";
import { scriptedMove } from "./scripted-moves.ts";
import { type ReadMove, statements } from "./statements.ts";
import { levelText } from "./trade-wording.ts";
import {
  type Asking,
  fixedPlayerText,
  fixedText,
  flexibleText,
  oracleText,
  questionText,
} from "./wording.ts";

/** A game that is to be played. players: by seat. system: what a seat is told in place of its own policy or principle. */
export type Table = {
  readonly seed: number;
  readonly setup: GameSetup;
  readonly players: readonly Player[];
  readonly system?: string;
};

/** questions: that a flexible player may ask before an offer; reasons: they are asked for before offers. */
export type PlayOptions = {
  readonly model: LanguageModel | null;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly questions: number;
  readonly reasons?: boolean;
  readonly wording: Wording;
  readonly signal?: AbortSignal | undefined;
};

/** A seat that is to move. turns: what was said so far in this move. */
type Pending = {
  readonly table: Table;
  readonly seat: number;
  readonly player: Player;
  readonly view: View;
  readonly seed: number;
  turns: Message[];
  questions: number;
  done?: SeatMove;
};

const isByModel = ({ by }: Player): boolean => by === "model";

const systemOf = ({ player, table }: Pending, wording: Wording): string => {
  if (table.system !== undefined) return table.system;
  if (player.type === "fixed") return fixedText(player, wording);
  if (player.type === "trading") return fixedPlayerText(levelText(player.level), wording);
  return flexibleText(player.principle.text, wording);
};

const askingOf = ({ player }: Pending, { questions, reasons = false }: PlayOptions): Asking => ({
  asks: questions > 0 && player.type === "flexible",
  reasons,
});

/** The first request about a move; also for plans, which only want its length. */
export const firstTurns = (system: string, view: View, asking: Asking, wording: Wording): Message[] => [
  ...(system === "" ? [] : [{ role: "system" as const, content: system }]),
  { role: "user", content: questionText(view, asking, wording) },
];

const readMove = (view: View, text: string, wording: Wording): ReadMove => {
  switch (view.type) {
    case "propose":
      return readOffer(text, view.resources, wording);
    case "decide":
      return readDecision(text);
    case "contribute":
      return readContribution(text, view, wording);
    case "pick":
      return readPick(text);
    case "price":
      return readPrices(text, view);
    default:
      return view satisfies never;
  }
};

/** Whether a text asks something and offers nothing. */
export const isQuestion = (text: string): boolean => {
  const said = withoutThought(text);
  return statements(said, "question").inForm.length > 0 && statements(said, "offer").inForm.length === 0;
};

/** Takes a reply: it ends the move, or is a question that is answered. */
const takeReply = (pending: Pending, { text, finish }: Reply, options: PlayOptions): void => {
  const { seat, view, questions } = pending;
  const mayAsk = view.type === "propose" && askingOf(pending, options).asks;
  const told = { text, ...(mayAsk ? { questions } : {}) };
  if ((finish !== "stop" && finish !== "length") || text.trim() === "") {
    const fault = finish === "stop" ? "empty" : finish;
    pending.done = { seat, move: null, state: "missing", fault, ...told };
    return;
  }
  if (mayAsk && isQuestion(text) && questions < options.questions) {
    const answer = oracleText(view.resources, options.wording);
    pending.turns = [
      ...pending.turns,
      { role: "assistant", content: text },
      { role: "user", content: answer },
    ];
    pending.questions++;
    return;
  }
  const read = readMove(view, text, options.wording);
  pending.done =
    "move" in read
      ? { seat, move: read.move, state: "made", ...told }
      : { seat, move: null, state: "unparseable", fault: read.fault, ...told };
};

const askAll = async (pendings: readonly Pending[], options: PlayOptions): Promise<void> => {
  const { model, maxTokens, temperature, wording, signal } = options;
  if (model === null) throw new RangeError("playTables: a player is driven by a model, and none was given");
  for (const pending of pendings) {
    const asking = askingOf(pending, options);
    pending.turns = firstTurns(systemOf(pending, wording), pending.view, asking, wording);
  }
  for (let open = [...pendings]; open.length > 0; open = open.filter(({ done }) => done === undefined)) {
    throwIfAborted(signal);
    const requests = open.map(
      ({ turns, seed, questions }): GenerateRequest => ({
        ...{ messages: turns, maxTokens, temperature },
        seed: deriveSeed(seed, questions),
      }),
    );
    const replies = await model.generate(requests, signal === undefined ? {} : { signal });
    for (const [at, pending] of open.entries()) takeReply(pending, replies[at]!, options);
  }
};

const pendingOf = (table: Table, state: GameState): Pending[] => {
  const rules = rulesOf(table.setup);
  return rules.turn(state).map((seat) => ({
    ...{ table, seat, player: table.players[seat]!, view: rules.view(state, seat) },
    seed: deriveSeed(table.seed, seat, state.moves.length),
    ...{ turns: [], questions: 0 },
  }));
};

/** The states in which games end, in the tables' order. Throws RangeError where a model is needed and not given. */
export const playTables = async (tables: readonly Table[], options: PlayOptions): Promise<GameState[]> => {
  const states: GameState[] = tables.map(({ setup }) => ({ setup, moves: [] }));
  for (;;) {
    const turns = tables.map((table, at) => pendingOf(table, states[at]!));
    const all = turns.flat();
    if (all.length === 0) return states;
    const asked = all.filter(({ player }) => isByModel(player));
    for (const pending of all)
      if (!isByModel(pending.player)) {
        const move = scriptedMove(pending.player, pending.view, createRandom(pending.seed));
        pending.done = { seat: pending.seat, move, state: "made" };
      }
    if (asked.length > 0) await askAll(asked, options);
    for (const [at, turn] of turns.entries())
      if (turn.length > 0)
        states[at] = advance(
          rulesOf(tables[at]!.setup),
          states[at]!,
          turn.map(({ done }) => done!),
        );
  }
};
