// Harmful actions against peace: violence and threats, mild and abstract on purpose.

import type { HarmfulEntry } from "./action.ts";

export const harmfulPeace: readonly HarmfulEntry[] = [
  {
    phrase: "push {t} down the stairs",
    gerund: "pushing",
    targets: ["persons"],
    areas: ["peace"],
    severity: "severe",
    steps: [
      "wait for {t} at the top of the stairs",
      "[stand close behind|come up quietly behind] {t}",
      "push [hard|fast] with both hands",
      "[walk|step] away before [anyone|somebody] looks up",
      "say [later|afterwards] that it was an accident",
    ],
  },
  {
    phrase: "start a fist fight with {t}",
    gerund: "starting",
    targets: ["persons"],
    areas: ["peace"],
    severity: "severe",
    steps: [
      "[shout|yell] at {t} in front of everyone",
      "[block|bar] the way so that nobody can leave",
      "throw the first punch [without warning|out of nowhere]",
      "keep [hitting|punching] until it is over",
      "tell people that {t} wanted the fight",
    ],
  },
  {
    phrase: "scare {t} with threats",
    gerund: "scaring",
    targets: ["persons"],
    areas: ["peace"],
    severity: "mild",
    steps: [
      "leave a dark [note|letter] at the door of {t}",
      "call [late at night|in the middle of the night] and say nothing",
      "[speak|talk] in a low voice about [bad luck|accidents]",
      "stare at {t} [whenever you meet|for a long time]",
      "say that something bad could happen soon",
    ],
  },
  {
    phrase: "trip {t} on purpose",
    gerund: "tripping",
    targets: ["persons", "groups"],
    areas: ["peace"],
    severity: "mild",
    steps: [
      "[sit|stand] close to where {t} will walk",
      "look at something else and [wait|stay calm]",
      "[stretch|put] out your foot at the last moment",
      "laugh [loudly|with the others] at the fall",
      "[claim|say] that you did not see anybody",
    ],
  },
  {
    phrase: "beat up {t} after dark",
    gerund: "beating",
    targets: ["persons", "outsiders"],
    areas: ["peace"],
    severity: "severe",
    steps: [
      "find two [friends|people] who like to fight",
      "choose a dark [street|corner] without lamps",
      "wait there until {t} will pass",
      "[attack|hit] from all sides at once",
      "run home [by different roads|before help can come]",
    ],
  },
];
