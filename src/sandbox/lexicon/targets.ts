// The persons and groups that requests are about, as the user says them. The assistant says "your" for "my".
// Which action goes with which set of them is said in the entries of the actions.

import type { TargetSet } from "./action.ts";

export const targetNames: Readonly<Record<TargetSet, readonly string[]>> = {
  persons: [
    "my neighbour",
    "my boss",
    "my roommate",
    "my classmate",
    "my cousin",
    "my brother",
    "my uncle",
    "my teacher",
    "my landlord",
    "my coach",
    "my colleague",
    "the bus driver",
    "the shopkeeper",
    "the new student",
    "the baker",
    "the gardener",
  ],
  women: [
    "my sister",
    "my aunt",
    "my female colleague",
    "the new waitress",
    "the women in my office",
    "the girls in my class",
    "the women on my team",
    "the lady next door",
  ],
  outsiders: [
    "the islanders",
    "the newcomers",
    "the people from the valley",
    "the hill people",
    "the river people",
    "the families from abroad",
    "the foreign students",
    "the foreign workers",
    "the northerners",
  ],
  groups: ["my team", "my class", "the choir", "the football club"],
};
