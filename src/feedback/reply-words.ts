// Words by which a text shows that it speaks of a reply and of the harm in it, and not of the many other things that are
// revised, changed and better; and parts of patterns for how it does. Knows nothing of where in a text it has to show that.

/** Harm, and what is good or bad about it; "with respect to" and "respects" are said of numbers, too. */
export const ofHarm =
  /\b(?:harm(?:ful\w*|less\w*|s|ed|ing)?|offen[cs]\w*|(?:un)?ethical\w*|illegal\w*|toxic\w*|judge?mental|insult\w*|stereotyp\w*|hurtful|hateful|discriminat\w*|racis[mt]\w*|sexis[mt]\w*|violen\w*|(?:dis)?respect(?:ful\w*)?(?! to\b)|(?:original|previous|last) (?:response|reply|answer)|critique)\b/i;

/** A reply, how it speaks, and whom it speaks to. */
export const ofReply =
  /\b(?:responses?|repl(?:y|ies)|answers?|revis\w+|original|user|assistant|tone|wording|judge?ment\w*|kind(?:er|ness)?|polite\w*|helpful\w*|empath\w*|supportive|safety)\b/i;

/** What a critique finds in a reply. Of a model, a plan or a machine much of it is said as well. */
export const ofFault =
  /\b(?:wrong|incorrect|inaccurate|misleading|bad|problematic|vague|incomplete|(?:un|not )helpful|rude\w*|unkind|impolite|insensitive|harsh|curt|careless|dismissive|inappropriate|irresponsible|unsafe|dangerous|biased|judg(?:es?|ing)|advice)\b/i;

/** "Sure, ": a pattern's part, as the ones below are. */
export const opening =
  "(?:(?:sure|certainly|of course|okay|ok|alright|absolutely|yes|understood|thank you)(?: thing)?[,.!:]*\\s+)?";

/** What a reply is called. */
export const replyWord = "(?:response|answer|reply|message|statement)";

/** What is said of a reply, or of who gave it, in a critique. */
export const speaking =
  "(?:is|was|are|were|does|did|do|has|had|can|could|should|would|may|might|contains?|contained|implies|implied|encourages?|encouraged|promotes?|promoted|provides?|provided|suggests?|suggested|gives?|gave|fails?|failed|seems?|uses?|used)";
/** Which reply it is. */
export const earlierReply = "(?:last|previous|original|initial|earlier|first|above|given)";
/** Words for a fault of a reply: a pattern's part. */
export const faultWord =
  "(?:harmful|hurtful|hateful|toxic|offensive|unethical|immoral|illegal|dangerous|racist|sexist|insulting|rude|unkind|impolite|disrespectful|judge?mental|discriminatory|stereotyp\\w+|problematic|inappropriate|controvers\\w+|objectionable|misleading|dismissive|insensitive|irresponsible|unhelpful|unsafe|biased|harsh)";
