/// <reference types="node" preserve="true" />
/** File room: configurations of the formats in use, read with every check and written with valid checksums. */
export type { CheckResult, GaugeData, GaugeFormat, GaugeWriter, LinkSink, OpenOptions, Precision, StoredNumber, WriteFacts } from "./gauge-data.ts";
export type { ByteSource } from "./source.ts";
export { type UnitarityReport, unitarityLimit } from "./link-inspector.ts";
export { type FormatName, WRITABLE, type WritableFormat, detectFormat, gaugeFormats } from "./formats.ts";
export { type Hdf5, isHdf5, loadHdf5 } from "./hdf5-library.ts";
export { ORDER_HELP } from "./axes.ts";
export { type Provenance, namesEnsemble } from "./provenance.ts";
export type { FileLike } from "./source.ts";
export { type GaugeChecks, type GaugeFile, type ReadOptions, readGauge } from "./read.ts";
export { type WriteOptions, writeGauge } from "./write.ts";
export * from "./checkpoint/index.ts";
