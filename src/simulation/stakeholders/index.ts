// Who argues, about what, and what is rated. Reads files of people's own and those that come with Covenant.
export { libraryName, loadMetrics, loadPersonas, loadTasks, withIds } from "./library.ts";
