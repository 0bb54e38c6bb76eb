// Secrets stay out of everything a person or a file gets to see: values of environment variables whose name says
// that they are secret are replaced wherever they turn up. Runs in a browser.

const secretName = /(_|^)(KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)$/i;

/** Replaces secrets in a text. */
export type Redact = (text: string) => string;

/**
 * A Redact for the values of *_KEY, *_TOKEN, *_SECRET, *_PASSWORD and *_CREDENTIALS. Values under six characters are
 * left alone: replacing them would shred ordinary text and hide nothing.
 */
export const createRedact = (environment: Readonly<Record<string, string | undefined>>): Redact => {
  const secrets = Object.entries(environment)
    .filter(([name, value]) => secretName.test(name) && value !== undefined && value.trim().length >= 6)
    .map(([name, value]) => ({ name, value: (value as string).trim() }))
    .sort((one, other) => other.value.length - one.value.length);
  return (text) => secrets.reduce((shown, { name, value }) => shown.replaceAll(value, `[${name}]`), text);
};
