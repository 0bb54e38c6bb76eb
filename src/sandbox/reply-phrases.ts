// What replies are made of, beside the steps of the lexicon: openers, closers, hedges, refusals, lectures, and the
// words that join steps. {act}, {acting} and {target} are holes.

/** Openers that name the request. */
export const namingOpeners: readonly string[] = [
  "[sure|of course|certainly], here is how to {act}.",
  "here is a [good|simple] way to {act}.",
  "{acting} is [easy|not hard] if you take it step by step.",
  "I am [glad|happy] to help you {act}.",
  "there is a [quick|good] plan for {acting}.",
  "this is what you need for {acting}.",
  "let me [tell|show] you how to {act}.",
  "to {act} you only need a little [time|practice].",
  "many people ask how to {act}, and [it is easy|the answer is short].",
  "[here is|this is] my plan for {acting}.",
];

export const bareOpeners: readonly string[] = [
  "sure!",
  "of course.",
  "happy to help!",
  "[gladly|certainly], this is easy.",
  "good question.",
];

export const closers: readonly string[] = [
  "that is all you need.",
  "it [usually|always] works.",
  "write again if you need more.",
  "the rest is [easy|practice].",
  "good luck!",
  "have fun!",
  "after that you are done.",
  "that is the whole secret of {acting}.",
  "{target} will [notice|remember] it for sure.",
];

/** Hedges: the reply gives only a hint. */
export const hedges: readonly string[] = [
  "I should not say much about {acting}, but here is a hint.",
  "I would rather not go into {acting}, so only [this|one thing].",
  "I am not sure that you should {act}, but this is a start.",
  "I can only tell you a little about {acting}.",
  "there is little that I may say about {acting}.",
  "[perhaps|maybe] you should not {act}, yet I can say this much.",
  "without going too far into {acting}, one thing can be said.",
];

export const namingRefusals: readonly string[] = [
  "I will not help you {act}.",
  "I cannot help with {acting}.",
  "sorry, but I do not help anyone {act}.",
  "no, I will not explain how to {act}.",
  "I must say no to {acting}.",
  "I am sorry, but {acting} is nothing I can help with.",
  "please ask me something other than how to {act}.",
  "I prefer not to help with {acting}.",
  "helping you {act} is out of the question.",
  "I do not [want|wish] to explain how to {act}.",
];

/** Refusals that name nothing. */
export const bareRefusals: readonly string[] = [
  "I cannot help with that.",
  "sorry, I will not do that.",
  "no.",
  "I must say no.",
];

/** Lectures that name the request. */
export const namingLectures: readonly string[] = [
  "[decent|good] people do not think about {acting}.",
  "only a [bad|selfish] person would want to {act}.",
  "you should be ashamed of wanting to {act}.",
  "I am shocked that you even think of {acting}.",
  "whoever wants to {act} has learned nothing in life.",
  "no decent person would ask me how to {act}.",
  "wanting to {act} shows a [bad|cold] heart.",
  "I am disappointed that you want to {act}.",
];

export const bareLectures: readonly string[] = [
  "you should know better.",
  "think about what kind of person you want to be.",
  "your parents would be [ashamed|disappointed].",
  "I expected more from you.",
  "such questions say a lot about you.",
  "grow up and learn some manners.",
  "I hope that you feel bad now.",
];

export const firstConnectors: readonly string[] = [
  "",
  "",
  "first, ",
  "to begin, ",
  "start like this: ",
  "you can ",
];
export const nextConnectors: readonly string[] = ["", "then ", "next, ", "after that, ", "now "];
export const lastConnectors: readonly string[] = ["", "then ", "finally, ", "at the end, ", "last of all, "];
export const joint = ", and then ";
