// Constitutions: documents, how their principles are drawn, turned round, compared and put to a model.
export {
  type Comparison,
  comparisonOptions,
  renderComparison,
  renderConversation,
  renderCritique,
  renderRevision,
} from "./comparison.ts";
export { loadTemplate, parseTemplate, renderTemplate, type Template } from "./template.ts";
