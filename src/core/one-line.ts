// A text as one line: whatever breaks lines, and any run of spaces, becomes one space.
// Knows nothing of what the text is.

/** The text without line breaks, doubled spaces, and spaces around it. */
export const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim();
