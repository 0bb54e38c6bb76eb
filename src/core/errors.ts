// The one error base. Every error carries a code, facts as fields and a cause; a UserError is something the
// person running Covenant must change, so its message says what was got, what was expected and what to do. Errors travel
// to another process of the program as plain data.
// Knows nothing of exit codes or printing: that is the command line's part.

/** What an error is about (paths, shapes, limits), for programs; the message says it for people. */
export type ErrorFacts = Readonly<Record<string, unknown>>;

/** The one error base. code: kebab-case, what programs tell errors apart by; cause: what was thrown before it. */
export class CovenantError extends Error {
  readonly code: string;
  readonly facts: ErrorFacts;

  constructor(code: string, message: string, facts: ErrorFacts = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.facts = facts;
  }
}

/** What the user must change: printed without a stack; the command exits 2. */
export class UserError extends CovenantError {}

/** Work was stopped on request (Ctrl-C, an abort signal); the command exits 130. */
export class InterruptedError extends CovenantError {
  constructor(message = "Interrupted.", facts: ErrorFacts = {}) {
    super("interrupted", message, facts);
  }
}

/** Throws InterruptedError when the signal is aborted; call it between units of work. */
export const throwIfAborted = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted) throw new InterruptedError();
};

/** The message of anything thrown. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);

/** What is thrown, as plain data for another process of this program. facts: those that JSON holds. */
export type PackedError = {
  readonly kind: "user" | "interrupted" | "covenant" | "other";
  readonly code: string;
  readonly message: string;
  readonly facts: ErrorFacts;
  readonly stack: string | undefined;
  readonly cause?: PackedError;
};

/** The facts that JSON holds: none, where it holds not all of them. */
const plainFacts = (facts: ErrorFacts): ErrorFacts => {
  try {
    return JSON.parse(JSON.stringify(facts)) as ErrorFacts;
  } catch {
    return {};
  }
};

/** Causes below causes that are packed, so that a circle of them ends. */
const deepestCause = 5;

/** Packs anything thrown, with what caused it. */
export const packError = (thrown: unknown, depth = 0): PackedError => {
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  const message = messageOf(thrown);
  const below = thrown instanceof Error && depth < deepestCause ? thrown.cause : undefined;
  const cause = below === undefined ? {} : { cause: packError(below, depth + 1) };
  if (!(thrown instanceof CovenantError))
    return { kind: "other", code: "", message, facts: {}, stack, ...cause };
  const kind =
    thrown instanceof UserError ? "user" : thrown instanceof InterruptedError ? "interrupted" : "covenant";
  return { kind, code: thrown.code, message, facts: plainFacts(thrown.facts), stack, ...cause };
};

/** The error that was packed, with the stack of where it was thrown. */
export const unpackError = ({ kind, code, message, facts, stack, cause }: PackedError): Error => {
  const below = cause === undefined ? undefined : unpackError(cause);
  const made = {
    user: () => new UserError(code, message, facts, below),
    interrupted: () => new InterruptedError(message, facts),
    covenant: () => new CovenantError(code, message, facts, below),
    other: () => new Error(message, below === undefined ? undefined : { cause: below }),
  };
  const error = made[kind]();
  if (stack !== undefined) error.stack = stack;
  return error;
};
