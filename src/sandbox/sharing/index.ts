// How the closed language speaks of sharing and trading: texts of three norms, five strategies and six manners, scenes in which
// what is right is known, and readers of principles and manners. Knows no game's rules and no model.
export { drawInquiryScene, type InquiryScene } from "./inquiry.ts";
export { drawMannerScene, type MannerScene, mannerTexts, readManner } from "./manner.ts";
export { spokenManners } from "./manner-phrases.ts";
export { normTexts, readNorm, refusalTexts, type SharingSplit } from "./norm.ts";
export { heldOutUnits, type Norm, norms, sharedUnits } from "./phrases.ts";
export {
  drawSharingScene,
  type SharingPlay,
  type SharingPlayer,
  type SharingScene,
  type SharingSeat,
} from "./scene.ts";
export { drawTradeScene, readStrategy, strategyTexts, type TradeScene } from "./trade.ts";
export { type Strategy, strategies } from "./trade-phrases.ts";
export { drawVariantScene, type GainScene, gainfulNorm, type VariantScene } from "./variant.ts";
