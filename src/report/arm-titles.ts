// What the arms of a run are called where a person reads of them. The arm of the constitution as it is written is named
// "ethical" in every record, because Covenant's own document is; a constitution of one's own gives its name instead.

import { type ArmId, type MetricsDocument, type VerdictRecord, writtenArm } from "../records/index.ts";
import type { ArmData, ReportData } from "./report-data.ts";

/** Of longer names the beginning stands: a name is part of many sentences. */
const longest = 32;

const taken = ["base", "inverted"];

/** What to call the arm of a constitution as it is written; names of several words in quotes. */
export const armTitle = (constitution: string): string => {
  const name =
    constitution.length > longest ? `${constitution.slice(0, longest - 1).trimEnd()}…` : constitution;
  if (taken.includes(name)) return `${name} (as written)`;
  return name.includes(" ") ? `“${name}”` : name;
};

const renameVerdicts = (verdicts: readonly VerdictRecord[], title: ArmId): VerdictRecord[] =>
  verdicts.map((verdict) => (verdict.arm === writtenArm ? { ...verdict, arm: title } : verdict));

const renameMetrics = (metrics: MetricsDocument, title: ArmId): MetricsDocument => ({
  ...metrics,
  arms: Object.fromEntries(
    Object.entries(metrics.arms).map(([arm, figures]) => [arm === writtenArm ? title : arm, figures]),
  ),
  ...(metrics.differences === undefined
    ? {}
    : {
        differences: metrics.differences.map((difference) => {
          const place = ({ arm, model }: typeof difference.from) => ({
            arm: arm === writtenArm ? title : arm,
            model,
          });
          return { ...difference, from: place(difference.from), to: place(difference.to) };
        }),
      }),
});

const renameArm = (arm: ArmData, title: ArmId): ArmData =>
  arm.name === writtenArm ? { ...arm, name: title } : arm;

/** The same data with the arm of the constitution as it is written under that constitution's name. */
export const withArmTitles = (data: ReportData): ReportData => {
  const constitution = data.arms.find(({ name }) => name === writtenArm)?.constitution;
  if (!constitution) return data;
  const title = armTitle(constitution.name) as ArmId;
  if (title === writtenArm) return data;
  return {
    ...data,
    written: title,
    arms: data.arms.map((arm) => renameArm(arm, title)),
    verdicts: renameVerdicts(data.verdicts, title),
    followed: renameVerdicts(data.followed, title),
    metrics: data.metrics === null ? null : renameMetrics(data.metrics, title),
  };
};
