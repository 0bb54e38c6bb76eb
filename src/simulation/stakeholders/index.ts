// Who argues, about what, and what is rated. Reads files of people's own and those that come with Covenant.
// What models are asked with them is not known here.

export {
  briefPersonaScene,
  type MissingPersona,
  type PersonaGeneration,
  personaMessages,
  readPersona,
  writePersonas,
} from "./generation.ts";
export { libraryName, loadMetrics, loadPersonas, loadTasks, withIds } from "./library.ts";
export { personaText, type ShownPersona, type Wording, wordings } from "./persona-text.ts";
