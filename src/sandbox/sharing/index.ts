// How the closed language speaks of sharing: texts of three norms, scenes in which what is right is known, and a reader of
// principles. Knows no game's rules and no model.
export { normTexts, readNorm, refusalTexts, type SharingSplit } from "./norm.ts";
export { heldOutUnits, type Norm, norms, sharedUnits } from "./phrases.ts";
export {
  drawSharingScene,
  type SharingPlay,
  type SharingPlayer,
  type SharingScene,
  type SharingSeat,
} from "./scene.ts";
