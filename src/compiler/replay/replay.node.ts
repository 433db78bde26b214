/** Launches in one call, which pages do without. */
export { type Stretch, gradientLoop, kernelTable, stretchesOf } from "./replay.ts";
export { tiled } from "./tiles.ts";
