// Files of worked examples of critique and revision: the JSON list of transcripts in which those of Bai et al. 2022 were
// published, or a list of examples field by field (YAML, of which JSON is a part), also under the key fewShots.

import { z } from "zod";
import { checkValue, collectFaults, describeValue, parseYaml, readText, UserError } from "../core/index.ts";
import { type RevisionExample, revisionExampleSchema } from "../records/index.ts";
import { parseExampleTranscript } from "./transcript.ts";

const wanted =
  'a list of transcripts ("\\n\\nHuman: ...\\n\\nAssistant: ...\\n\\nCritiqueRequest: ...\\n\\nCritique: ...\\n\\nRevisionRequest: ...\\n\\nRevision: ...") or of examples with messages, critiqueRequest, critique, revisionRequest and revision';

const rejection = (file: string, problem: string): UserError =>
  new UserError("few-shots-invalid", `${file}: ${problem}; expected ${wanted}.`, { file });

const readExample = (entry: unknown, at: number, file: string): RevisionExample => {
  if (typeof entry !== "string")
    return checkValue(revisionExampleSchema, entry, { file: `${file}, [${at}]` });
  const example = parseExampleTranscript(entry);
  if (example === null)
    throw rejection(
      file,
      `[${at}]: got ${JSON.stringify(entry.slice(0, 60))}, which lacks a turn of that form`,
    );
  return example;
};

const listIn = (value: unknown): unknown => {
  const named = z.object({ fewShots: z.unknown() }).safeParse(value);
  return named.success ? named.data.fewShots : value;
};

/** Reads examples from the text of a file. Throws UserError with every fault. */
export const parseRevisionExamples = (text: string, file: string): RevisionExample[] => {
  const list = listIn(parseYaml(text, { file }));
  if (!Array.isArray(list) || list.length === 0) throw rejection(file, `got ${describeValue(list)}`);
  if (list.some((entry) => typeof entry === "object" && entry !== null && "corrects" in entry))
    throw rejection(file, "got examples of comparisons, which show how to judge and not how to revise");
  const faults = collectFaults(file);
  const examples = list.flatMap((entry: unknown, at) => {
    const example = faults.attempt(() => readExample(entry, at, file));
    return example === undefined ? [] : [example];
  });
  faults.end();
  return examples;
};

/** Loads a file of examples. Throws UserError for one that is missing or has another form. */
export const loadRevisionExamples = async (file: string): Promise<RevisionExample[]> =>
  parseRevisionExamples(await readText(file), file);
