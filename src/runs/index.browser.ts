/** Runs room in a browser: what lines of metrics say. Run files, their parts, folders and production are for Node. */
import { BackendError } from "../errors.ts";
import type { Registry } from "./parts/registry.ts";

export { summaryOfChains } from "./chains/summary.ts";
export { demonCouplings, demonLabel } from "./summary/demon-couplings.ts";
export { alarmsOf, expMinusDH } from "./summary/health.ts";
export { BENCHMARK, REFERENCE } from "./quickstart/benchmark.ts";
export type { CheckpointState, EventRecord, MeasurementRecord, MetricsRecord, RunCommand, RunInfo, TrajectoryRecord } from "./records.ts";
export { isOffline } from "./sections/offline.ts";
export { summaryOf, summaryText } from "./summary/summary.ts";
export { packageVersion } from "../util/index.ts";

/** Parts have no titles here: reports show their names. */
export const builtIn: Pick<Registry, "find" | "list"> = { find: () => undefined, list: () => [] };

/** @throws BackendError always. */
export function networkOf(): never {
  throw new BackendError("runs: got a browser, expected Node to build the network of a run: build it from the layers of gaugegrad/models");
}
