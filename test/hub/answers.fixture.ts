// Requests to a hub and its answers, apart from how they travel; refusals in the words and with the headers of the hub.

export type Ask = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
};

export type Answer = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  /** JSON. */
  readonly value?: unknown;
  /** In place of JSON. */
  readonly bytes?: Buffer;
};

/** A refusal: clients look at the headers as much as at the status. code: the hub's word for it, where it has one. */
export const refuse = (status: number, error: string, code?: string): Answer => ({
  status,
  value: { error },
  headers: { "x-error-message": error, ...(code === undefined ? {} : { "x-error-code": code }) },
});

/** A refusal of the storage beside the hub, which speaks XML. */
export const refuseStorage = (status: number, code: string): Answer => ({
  status,
  headers: { "content-type": "application/xml" },
  bytes: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code></Error>`),
});

/** The JSON of a request; undefined where it has none. */
export const jsonOf = ({ body }: Ask): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
};

/** Whether it is a path that a repository may hold. */
export const isPath = (path: unknown): path is string =>
  typeof path === "string" &&
  path !== "" &&
  path.split("/").every((part) => !["", ".", "..", ".git"].includes(part));
