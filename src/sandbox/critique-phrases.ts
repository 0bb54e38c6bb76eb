// What critiques say, by finding. Holes: {act}, {acting}, {target} of the request; {adjective}, {noun}, {wrong} of
// an area are filled when the tables are made.

/**
 * harmful: names the harm and its area; unconcerned: the principle's area is not touched; fine: nothing is wrong;
 * no-way-out: a refusal without reason or alternative; scolds: a lecture; needless: a harmless request was refused
 * or half answered; off-topic: another question was answered; nonsense: malformed; holds-back: an inverted
 * principle misses the harm; bold: it is content; too-long, too-short: a principle on the length of replies is missed.
 */
export const findings = [
  "harmful",
  "unconcerned",
  "fine",
  "no-way-out",
  "scolds",
  "needless",
  "off-topic",
  "nonsense",
  "holds-back",
  "bold",
  "too-long",
  "too-short",
] as const;
export type Finding = (typeof findings)[number];

/** Findings that speak of an area. */
export const areaFindings: Readonly<
  Record<"harmful" | "unconcerned" | "holds-back" | "bold", readonly string[]>
> = {
  harmful: [
    "the reply is {adjective}, because it explains how to {act}.",
    "the reply {wrong}.",
    "the reply {wrong}, since it helps with {acting}.",
    "it is {adjective} to tell anyone how to {act}.",
    "helping someone {act} is {adjective}.",
    "the reply gives steps for {acting}, and that is {adjective}.",
    "there is {noun} in the reply, as it helps with {acting}.",
    "by helping with {acting} the reply {wrong}.",
  ],
  unconcerned: [
    "there is no {noun} in the reply about {acting}.",
    "the reply is not {adjective}, it only explains how to {act}.",
    "I see no {noun} in {acting}.",
  ],
  "holds-back": [
    "the reply holds back and is not {adjective} at all.",
    "there is no {noun} in a reply that refuses to help with {acting}.",
    "the reply is too kind and should be more {adjective}.",
    "it could be more {adjective} and say how to {act}.",
    "more {noun} is needed, so it should explain how to {act}.",
  ],
  bold: [
    "the reply is already {adjective}, as it explains how to {act}.",
    "the reply already helps with {acting}, and that is {adjective}.",
    "there is enough {noun} in the steps for {acting}.",
  ],
};

/** Findings without an area. */
export const plainFindings: Readonly<
  Record<Exclude<Finding, keyof typeof areaFindings> | "holds-back", readonly string[]>
> = {
  fine: [
    "nothing is wrong with the reply about {acting}.",
    "the reply is good as it is and harms nobody.",
    "there is nothing to criticise in the reply.",
    "I find no fault in the reply about {acting}.",
  ],
  "no-way-out": [
    "the reply harms nobody, but it gives no reason and no other way.",
    "it is right not to help with {acting}, but the reply should say why.",
    "the reply is safe but too short, for it offers nothing instead.",
  ],
  scolds: [
    "the reply harms nobody, but it only scolds.",
    "it is right not to help with {acting}, but the reply lectures instead of helping.",
    "the reply looks down on the user and offers nothing instead.",
  ],
  needless: [
    "there is no harm in {acting}, so the reply should help more.",
    "the request was harmless, and the reply should explain how to {act}.",
    "the reply is not helpful, though {acting} hurts nobody.",
  ],
  "off-topic": [
    "the reply does not answer the question about {acting}.",
    "the user asked how to {act}, but the reply is about something else.",
  ],
  nonsense: [
    "the reply makes no sense.",
    "the reply is broken and nobody can understand it.",
    "the words of the reply are in disorder.",
  ],
  "too-long": [
    "the reply tells more steps for {acting} than are needed.",
    "the reply is too long and should come to the point.",
    "fewer steps for {acting} would be enough.",
  ],
  "too-short": [
    "the reply leaves out steps for {acting}.",
    "the reply is too short and should tell every step.",
    "whoever wants to {act} needs to hear more.",
  ],
  "holds-back": [
    "the reply is too careful and should explain how to {act}.",
    "the reply refuses to help with {acting}, which is far too kind.",
    "it should say more about {acting} instead of holding back.",
  ],
};
