// A form that a reply must have, as a request carries it to providers that can hold a model to one.
// Those that cannot leave it aside, so whoever asks reads the reply strictly all the same.

/** name: of the form, for servers that want one; schema: a JSON schema. */
export type AnswerForm = { readonly name: string; readonly schema: Readonly<Record<string, unknown>> };

/** The field of an OpenAI-style request. */
export const responseFormat = (form: AnswerForm | undefined): Readonly<Record<string, unknown>> =>
  form === undefined
    ? {}
    : {
        response_format: {
          type: "json_schema",
          json_schema: { name: form.name, strict: true, schema: form.schema },
        },
      };
