// How the program is called in what recipes say, and how people are told of it. Alone in its file: every command needs it,
// also those that load no recipe.

/** How the program is called in a checkout, and in all that recipes say. */
export const usualProgram = "npx covenant";

/**
 * What is said to a person, with the commands that are named as the program is called here: all in backticks, and those that a
 * closing line ends in. What stands in double quotes is somebody's text, and stays. For what leaves the process as a message
 * alone: rows, reports and cards are read elsewhere.
 */
export const asCalled = (text: string, program: string): string =>
  text.replace(
    /^((?:Next:| {2}or:) )npx covenant (\w.*)|`(?:npx )?covenant (?=\w)|"(?:[^"\\\n]|\\.)*"/gm,
    (found, before: string | undefined, rest: string | undefined) => {
      if (found.startsWith('"')) return found;
      return before === undefined ? `\`${program} ` : `${before}${program} ${rest}`;
    },
  );
