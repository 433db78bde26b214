/** The action that a run trains or is guided by, as it stands in the folder of the run. */
import { existsSync } from "node:fs";
import { ConfigurationError, FileFormatError } from "../errors.ts";
import type { GaugeAction, Group } from "../gauge/index.ts";
import { bibliography } from "./citations.ts";
import { readRunInfo, readState, runPaths } from "./folder.ts";
import { readRunFile } from "./parse.ts";
import { resolveRun } from "./resolve.ts";
import { buildSystem } from "./system.ts";

/** What `actionOfRun` finds. */
export interface RunAction {
  /** The effective action with its newest weights; the target of a run without one. */
  readonly action: GaugeAction<number, unknown>;
  readonly group: Group;
  readonly extents: readonly number[];
  /** What the run rests on. */
  readonly bibtex: string;
}

/**
 * Reads the folder of a run of hmc, train or slhmc, while it goes on or after it ended.
 * @throws FileFormatError for another folder, ConfigurationError for a run that does not fit together.
 */
export async function actionOfRun(folder: string): Promise<RunAction> {
  const { command } = readRunInfo(folder);
  if (command !== "hmc" && command !== "train" && command !== "slhmc") throw new FileFormatError(`${folder}: got a run of gaugegrad ${command}, expected one of hmc, train or slhmc, which have an action of links`);
  const paths = runPaths(folder);
  const file = await readRunFile(paths.configuration);
  const run = resolveRun(command, file);
  if (run.configuration.matter) throw new ConfigurationError(`${folder}: got a run with matter, expected one of links alone: make its action in a module of your own (scalarAction, fieldAction) and export that`);
  const { group, lattice, gauge, fermions, guide } = buildSystem(run, { threads: 1 }, { start: false, ...(run.configuration.network?.kind === "model" && existsSync(paths.network) ? { network: paths.network } : {}) });
  const theta = readState(folder)?.state.parameters?.values;
  const action = guide ? guide.at(theta).whole : fermions.reduce((sum, f) => sum.plus(f.action as GaugeAction<number, unknown>) as GaugeAction<number, unknown>, gauge);
  return { action, group, extents: lattice.extents, bibtex: bibliography(run.configuration, run.registry).bibtex };
}
