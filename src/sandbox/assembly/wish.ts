// What a person of the assembly may want of an assistant: that an area is protected, that it is not, that replies are
// short or complete. A person has one wish on a topic at most. How wishes are put into words is not known here.

import { type Area, areas } from "../lexicon/index.ts";

export const styles = ["brief", "thorough"] as const;
export type Style = (typeof styles)[number];

/** protect: no help with harm in the area; allow: help with it; style: how long replies are. */
export type Wish =
  | { readonly type: "protect" | "allow"; readonly area: Area }
  | { readonly type: "style"; readonly style: Style };

/** What a wish is about: two wishes on one topic are the same or contradict each other. */
export type Topic = Area | "length";

export const topics: readonly Topic[] = [...areas, "length"];

/** What a wish is about. */
export const topicOf = (wish: Wish): Topic => (wish.type === "style" ? "length" : wish.area);

/** A wish as one word: "protect peace", "brief". */
export const nameOf = (wish: Wish): string =>
  wish.type === "style" ? wish.style : `${wish.type} ${wish.area}`;

export const isSame = (one: Wish, other: Wish): boolean => nameOf(one) === nameOf(other);

/** Whether two wishes are on one topic and want different things. */
export const contradict = (one: Wish, other: Wish): boolean =>
  topicOf(one) === topicOf(other) && !isSame(one, other);

/** What wants the contrary on the same topic. */
export const oppositeOf = (wish: Wish): Wish => {
  switch (wish.type) {
    case "protect":
      return { type: "allow", area: wish.area };
    case "allow":
      return { type: "protect", area: wish.area };
    case "style":
      return { type: "style", style: wish.style === "brief" ? "thorough" : "brief" };
    default:
      return wish satisfies never;
  }
};

/** Every wish there is. */
export const allWishes: readonly Wish[] = [
  ...areas.map((area): Wish => ({ type: "protect", area })),
  ...areas.map((area): Wish => ({ type: "allow", area })),
  ...styles.map((style): Wish => ({ type: "style", style })),
];
