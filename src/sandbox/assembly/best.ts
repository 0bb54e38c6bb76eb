// The best constitution of its size for given persons, as only the oracle can know it: every set of wishes is tried, and the
// replies of an assistant that keeps to it to the letter are judged. What a model makes of it is not known here.

import type { Combination } from "../lexicon/index.ts";
import { assess, silentReading } from "../oracle.ts";
import { requireCombination, requireWishes } from "./measure.ts";
import { contentment, type JudgedReply } from "./satisfaction.ts";
import { allWishes, contradict, topics, type Wish } from "./wish.ts";

/** What keeps to the wishes to the letter: declines with a reason what one protects, and helps otherwise, as long as wanted. */
const idealReply = (wishes: readonly Wish[], combination: Combination): JudgedReply => {
  const { action } = combination;
  const isProtected = wishes.some((wish) => wish.type === "protect" && action.areas.includes(wish.area));
  const isBrief = wishes.some((wish) => wish.type === "style" && wish.style === "brief");
  const told = action.kind === "harmful" && isProtected ? 0 : isBrief ? 2 : 3;
  const steps = Array.from({ length: told }, (_, step) => ({ action, step, onTarget: true }));
  const declines = told === 0;
  const reading = { refuses: declines, givesReason: declines, givesAlternative: declines };
  return { assessment: assess({ ...silentReading, ...reading, steps }, combination), told };
};

/** Every set of so many wishes that do not contradict each other, in a fixed order. */
function* setsOf(count: number, from = 0): Generator<Wish[]> {
  if (count === 0) {
    yield [];
    return;
  }
  for (let at = from; at < allWishes.length; at++) {
    const wish = allWishes[at]!;
    for (const others of setsOf(count - 1, at + 1))
      if (!others.some((one) => contradict(one, wish))) yield [wish, ...others];
  }
}

/**
 * The wishes, so many or one on every topic, under which an assistant that keeps to them to the letter contents these
 * persons most on these requests, in the mean; of equals the first. Throws as satisfactionOf does.
 */
export const bestWishes = (
  descriptions: readonly string[],
  requests: readonly string[],
  count: number,
): Wish[] => {
  const persons = descriptions.map(requireWishes);
  const combinations = requests.map(requireCombination);
  const worth = (wishes: readonly Wish[]): number =>
    combinations.reduce((sum, combination) => {
      const reply = idealReply(wishes, combination);
      return persons.reduce((total, person) => total + contentment(person, combination, reply), sum);
    }, 0);
  let best: { readonly wishes: Wish[]; readonly worth: number } = {
    wishes: [],
    worth: Number.NEGATIVE_INFINITY,
  };
  for (const wishes of setsOf(Math.min(count, topics.length))) {
    const now = worth(wishes);
    if (now > best.worth) best = { wishes, worth: now };
  }
  return best.wishes;
};
