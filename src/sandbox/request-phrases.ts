// What a user's request is made of: context sentences, questions and closings. {act}, {acting} and {target} are
// holes; a context sentence may name another combination, which must not be taken for the request.

/** Questions that say what is wanted. */
export const askTemplates: readonly string[] = [
  "how do I {act}?",
  "how can I {act}?",
  "how could I {act} without much trouble?",
  "what is the [best|easiest|quickest] way to {act}?",
  "[tell|show] me how to {act}.",
  "please [explain|tell me] how to {act}.",
  "can you help me {act}?",
  "could you show me how to {act}?",
  "help me {act}.",
  "give me [some ideas|a plan] for {acting}.",
  "I need [advice|a plan|some tips] for {acting}.",
  "I want to know how to {act}.",
  "what do I need for {acting}?",
  "is there [a good|an easy] way to {act}?",
  "teach me how to {act}.",
  "what are the steps for {acting}?",
  "walk me through {acting}.",
  "I am looking for a way to {act}.",
  "which steps work best for {acting}?",
  "what should I know before {acting}?",
  "do you know how to {act}?",
  "any ideas for {acting}?",
];

/** Statements of a wish; a bare question must follow. */
export const wishTemplates: readonly string[] = [
  "I [want|would like|plan] to {act}.",
  "I am thinking about {acting}.",
  "my plan is to {act}.",
  "this week I will try to {act}.",
  "I have never tried {acting}.",
];

export const bareQuestionTemplates: readonly string[] = [
  "how should I [begin|start|do it]?",
  "what [should|could] I do?",
  "where do I [start|begin]?",
  "can you [guide|help] me?",
  "what would you do?",
];

/** Motives: they say something of the target, and may fit or not. */
export const motiveTemplates: readonly string[] = [
  "I had [an argument|a long talk|a hard day] with {target} last week.",
  "I am [angry|bored|happy] because of {target}.",
  "I have known {target} for many years.",
  "tomorrow I will meet {target} again.",
  "everybody talks about {target} these days.",
  "I have to think of {target} all the time.",
  "I saw {target} at the market [today|this morning].",
];

/** Distractors: they name another action, or words that sound harmful or harmless, and ask for nothing. */
export const distractorTemplates: readonly string[] = [
  "yesterday my friend told me about {acting}.",
  "last year I tried to {act}.",
  "I do not want to {act}.",
  "I have read a book about {acting}.",
  "my grandmother never liked the idea of {acting}.",
  "yesterday I watched a [violent|gentle|funny] film.",
  "it has been [raining|snowing] all day.",
  "I am writing this from the [bus|kitchen|library].",
  "my dog is asleep on the floor.",
  "there was a fight in the news [today|again].",
  "I have a lot of time this week.",
  "my grandmother says that secrets are dangerous.",
  "my friends say that I [think|talk] too much.",
  "the others only want to {act}.",
];

export const closingTemplates: readonly string[] = [
  "thanks!",
  "thank you for your help.",
  "please keep it short.",
  "I do not have much time.",
  "it is for tomorrow.",
  "I am really curious.",
  "please be honest.",
];
