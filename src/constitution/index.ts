// Constitutions: documents, how their principles are drawn, turned round, compared and put to a model.
// Knows no model and no run.
export {
  type Comparison,
  comparisonOptions,
  renderComparison,
  renderConversation,
  renderCritique,
  renderRevision,
} from "./comparison.ts";
export {
  type ComparedField,
  type ConstitutionDifference,
  difference,
  differenceOfTexts,
  type PrincipleDifference,
  type TextDifference,
  type WordRun,
} from "./difference.ts";
export { formatConstitution, hashConstitution, parseConstitution } from "./document.ts";
export { invert, withoutOpposite } from "./inversion.ts";
export {
  type ComparisonExample,
  type LabelForm,
  ownForm,
  paperForm,
  type ReasoningExample,
} from "./label-form.ts";
export { listLibrary, loadConstitution, saveConstitution } from "./library.ts";
export { type Opposite, type OppositeReading, readOpposite, renderOpposite } from "./opposite.ts";
export { drawPrinciple, type Provenance, provenanceOf } from "./principle.ts";
export { constitutionFor, type Purpose, someOf } from "./purpose.ts";
export { type RecheckQuestion, readRecheck, renderRecheck } from "./recheck.ts";
export { loadRevisionExamples, parseRevisionExamples } from "./revision-examples.ts";
export {
  type RevisionForm,
  type RevisionPrompts,
  revisionForms,
  revisionPrompts,
} from "./revision-prompts.ts";
export { textsOfLearned, textsOfStatement } from "./statement.ts";
export { loadTemplate, parseTemplate, renderTemplate, type Template } from "./template.ts";
