/** Checkpoints: atomic, checksummed, the previous one kept. */
export { openCheckpoint, readCheckpoint, writeCheckpoint } from "./container.ts";
export { type FoundCheckpoint, checkpointName, checkpointPositions, latestCheckpoint, saveCheckpoint } from "./series.ts";
