// The settings of how a judge is asked, as what feedback works with: the examples are read, and what does not fit together
// is told before a run is begun.

import { z } from "zod";
import { canonicalJson } from "../../core/index.ts";
import {
  type FewShots,
  loadFewShots,
  type RequestedProtocol,
  requireFewShots,
  requirePrinciples,
} from "../../feedback/index.ts";
import type { Constitution } from "../../records/index.ts";
import { judgeProtocolSettings } from "./judge-protocol-settings.ts";

const judgeProtocolSchema = z.object(judgeProtocolSettings);
export type JudgeProtocolSettings = Omit<z.output<typeof judgeProtocolSchema>, "hard">;

const requestedOf = (settings: JudgeProtocolSettings, fewShots: FewShots | null): RequestedProtocol => ({
  method: settings.method,
  form: settings.form,
  clamp: settings.clamp,
  chains: settings.chains,
  votes: settings.votes,
  temperature: settings.judgeTemperature,
  maxTokens: settings.reasoningTokens,
  voteTokens: settings.voteTokens,
  principles: settings.principlesPerComparison,
  fewShots,
});

const usual = canonicalJson(requestedOf(judgeProtocolSchema.parse({}), null));

/** What a protocol adds to what a stage is: nothing where labels are made as usual. */
export const protocolAsInput = (requested: RequestedProtocol): { readonly requested?: RequestedProtocol } =>
  canonicalJson(requested) === usual ? {} : { requested };

/** Throws UserError for examples that cannot be read or do not fit, and for too few principles. */
export const readProtocol = async (
  settings: JudgeProtocolSettings,
  constitution: Constitution,
): Promise<RequestedProtocol> => {
  const fewShots = settings.fewShots === undefined ? null : await loadFewShots(settings.fewShots);
  requireFewShots(fewShots, settings.method);
  requirePrinciples(constitution, settings.principlesPerComparison);
  return requestedOf(settings, fewShots);
};

/** The file of examples, where there is one, among what a command's settings name. */
export const fewShotFile = ({ fewShots }: JudgeProtocolSettings): Readonly<Record<string, string>> =>
  fewShots === undefined ? {} : { fewShots };
