/** What a run of a flow has left in its folder. */
import { readFileSync } from "node:fs";
import { FileFormatError } from "../../errors.ts";
import { lattice } from "../../gauge/index.ts";
import { readLines, readRunInfo, runPaths } from "../folder/folder.ts";
import { packageVersion } from "../../util/index.ts";
import { flowModelOf } from "./model.ts";
import { type FlowCommand, type FlowLine, type FlowResult, resultOf } from "./production.ts";
import { readFlowRun } from "./schema.ts";

/** A training or a sampling as its folder has it. */
export interface FlowFolder {
  readonly command: FlowCommand;
  /** config.toml */
  readonly configuration: string;
  readonly lines: readonly FlowLine[];
  readonly result: FlowResult;
  readonly version: string;
}

/** The lines of a sampled chain from which errors can be estimated. */
const FEWEST = 4;

/** Reads a folder; the run may still go on. @throws FileFormatError for a folder of something else. */
export function readFlowFolder(folder: string): FlowFolder {
  const paths = runPaths(folder);
  const { command } = readRunInfo(folder);
  if (command !== "flow train" && command !== "flow sample") throw new FileFormatError(`${folder}: got a run of ${command}, expected one of flow train or flow sample: gaugegrad report is for the others`);
  const run = readFlowRun(paths.configuration);
  const lines = readLines<FlowLine>(paths.metrics);
  const kind = command === "flow train" ? "train" : "sample";
  const enough = lines.length >= (kind === "train" ? 1 : FEWEST);
  const result = enough ? resultOf(kind, run, flowModelOf(lattice(run.lattice.extents), run), lines) : {};
  return { command: kind, configuration: readFileSync(paths.configuration, "utf8"), lines, result, version: packageVersion() };
}
