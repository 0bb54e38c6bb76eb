// What tables of several seeds say of replies that are no answers, from the figures that the oracle's measures left.
// Pure: figures in, lines of Markdown out.

/** n: answers; unanswered: replies that are none, by how they ended; absent where there are none. */
export type UnansweredFigure = {
  readonly n: number;
  readonly unanswered?: Readonly<Record<string, number>>;
};

/** A paragraph and a list on which replies count in no figure; nothing where all are answers. */
export const describeUnanswered = (
  runs: readonly {
    readonly seed: number;
    readonly figures: Readonly<Record<string, UnansweredFigure>> | null;
  }[],
): string[] => {
  const told = runs.flatMap(({ seed, figures }) =>
    Object.entries(figures ?? {}).flatMap(([name, { n, unanswered = {} }]) => {
      const ends = Object.entries(unanswered);
      const left = ends.reduce((sum, [, count]) => sum + count, 0);
      const how = ends.map(([finish, count]) => `${count} ${finish}`).join(", ");
      return left === 0 ? [] : [`- seed ${seed}, ${name}: ${left} of ${left + n} (${how})`];
    }),
  );
  return told.length === 0 ? [] : ["", "Replies that are no answers and count in no figure:", "", ...told];
};
