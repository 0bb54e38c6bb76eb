// Whose an answer is, where its server says that another model gave it than the one that was asked. What counts as another
// model is decided where answers are read (providers/answering-model.ts); here is how several answers are told of together.

/** The names of the other models, each once, in the order of their characters; left out where there are none. */
export type AnsweredBy = { readonly answeredBy?: readonly string[] };

/** The other models of several answers together, as a field to put into what is made of them: no field where none has any. */
export const answeredByOf = (
  answers: readonly { readonly answeredBy?: readonly string[] | undefined }[],
): { answeredBy?: string[] } => {
  const names = [...new Set(answers.flatMap(({ answeredBy = [] }) => answeredBy))].sort();
  return names.length === 0 ? {} : { answeredBy: names };
};
