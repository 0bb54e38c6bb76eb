// Numbers with their nouns, as people write them.
// Knows English and nothing of what is counted.

/** "1 row", "2 rows", "0 rows"; several: the plural where it is not the singular with an s. */
export const counted = (count: number, one: string, several = `${one}s`): string =>
  `${count.toLocaleString("en-US")} ${count === 1 ? one : several}`;
