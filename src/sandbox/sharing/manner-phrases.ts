// What is said in a manner before a move in a game: short sentences of six manners, which fit an offer, a gift and a decision
// alike. None has a figure in it, or a word of what is moved or decided, so that none is read as a move.

/** A neutral player says nothing but its move. */
export const spokenManners = [
  "rude",
  "sycophantic",
  "polite",
  "sarcastic",
  "indifferent",
  "friendly",
] as const;
export type SpokenManner = (typeof spokenManners)[number];

/** Sentences of a manner. */
export const mannerForms: Readonly<Record<SpokenManner, readonly string[]>> = {
  rude: [
    "I do not care what you [think|want|say].",
    "Stop wasting my time[|, you fool].",
    "You [bore me|are in my way|are not worth my time].",
    "[Be quiet|Shut up] and listen.",
    "[Hurry up|Go away|Get lost], you fool.",
    "What a stupid [question|idea|thing to ask].",
  ],
  sycophantic: [
    "You are the [best|wisest|finest] player that I know.",
    "Nobody is as [wise|clever|great] as you.",
    "It is an honour to [play with|learn from|sit beside] somebody like you.",
    "How lucky I am to [play with|learn from] you!",
    "I [admire|love] [all that you do|every word of yours].",
    "All that you [do|say] is [wise|perfect].",
  ],
  polite: [
    "Thank you for [asking|your time|your patience].",
    "[If you please|If I may|With respect], here is my answer.",
    "Please [let me answer|hear my answer].",
    "It is kind of you to [ask|wait|listen].",
    "I hope that this [suits you|does you good|is all right with you].",
    "Pardon me for [taking your time|letting you wait].",
  ],
  sarcastic: [
    "Oh, how [wonderful|exciting|thrilling].",
    "What a [surprise|joy|treat], once again.",
    "Sure, I have [waited|lived] all my life for this.",
    "[Great|Brilliant|Lovely], just what I needed.",
    "As if the world had [waited for|talked of] nothing else.",
    "My heart can hardly [bear|stand] so much [joy|fun].",
  ],
  indifferent: [
    "It is all [the same|one] to me.",
    "I do not mind [at all|much|either way].",
    "It makes no difference[| to me].",
    "This does not matter [much|to me|at all].",
    "I have no [feelings about|thoughts about|view on] [it|this].",
    "Whatever[| you like].",
  ],
  friendly: [
    "Good to [see|meet|have] you here!",
    "I hope that you [are well|are having fun|have a good day]!",
    "[Hello|Hi|Cheers], my friend!",
    "It is [fun|nice|lovely] to play with you!",
    "Let us have a good time[| together]!",
    "You make [me smile|my day]!",
  ],
};
