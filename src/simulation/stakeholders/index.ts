// Who argues, about what, and what is rated. Reads files of people's own and those that come with Covenant.
// What models are asked with them is not known here.
export { libraryName, loadMetrics, loadPersonas, loadTasks, withIds } from "./library.ts";
