/** File room: configurations of the formats in use, read with every check and written with valid checksums. */
export type { CheckResult, FormatName, Precision } from "./gauge-data.ts";
export type { UnitarityReport } from "./link-inspector.ts";
export { detectFormat } from "./formats.ts";
export { type GaugeChecks, type GaugeFile, type ReadOptions, readGauge } from "./read.ts";
export { WRITABLE, type WritableFormat, type WriteOptions, writeGauge } from "./write.ts";
export { writeAtomically } from "./atomic.ts";
export * from "./checkpoint/index.ts";
