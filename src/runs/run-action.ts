/** The action that a run trains, is guided by or samples, as it stands in the folder of the run. */
import { existsSync } from "node:fs";
import { FileFormatError } from "../errors.ts";
import { type FieldAction, type FieldKinds, type GaugeAction, type Group, U1 } from "../gauge/index.ts";
import { bibliography, spinBibliography } from "./citations.ts";
import { readRunInfo, readState, runPaths } from "./folder/folder.ts";
import { readRunFile } from "./file/parse.ts";
import { resolveRun } from "./file/resolve.ts";
import { spinModelOf } from "./spins/model-of.ts";
import { buildSystem } from "./system/system.ts";
import type { System } from "./system-types.ts";

type Found = GaugeAction<number, unknown> | FieldAction<FieldKinds, number, unknown>;

/** What `actionOfRun` finds. */
export interface RunAction {
  /**
   * The effective action with its newest weights; the target of a run without one, of all of its fields where it has matter. Of a run that trains a field transformation the action of what it
   * moves, S(F(V)) - log det; of a run of spins -ln W_eff, with the spins as its input `S`.
   */
  readonly action: Found;
  /** Of the links; U(1) where there are none. */
  readonly group: Group;
  readonly extents: readonly number[];
  /** What the run rests on. */
  readonly bibtex: string;
}

/**
 * Reads the folder of a run of hmc, train, slhmc or spins, while it goes on or after it ended.
 * @throws FileFormatError for another folder, ConfigurationError for a run that does not fit together, or that has no recorded action.
 */
export async function actionOfRun(folder: string): Promise<RunAction> {
  const { command } = readRunInfo(folder);
  if (command.startsWith("spins ")) {
    const model = spinModelOf(folder);
    return { action: model.action as GaugeAction<number, unknown>, group: U1, extents: model.lattice.extents, bibtex: spinBibliography().bibtex };
  }
  if (command !== "hmc" && command !== "train" && command !== "slhmc") throw new FileFormatError(`${folder}: got a run of gaugegrad ${command}, expected one of hmc, train, slhmc or spins, which have an action`);
  const paths = runPaths(folder);
  const run = resolveRun(command, await readRunFile(paths.configuration));
  const system = buildSystem(run, { threads: 1 }, { start: false, ...(run.configuration.network?.kind === "model" && existsSync(paths.network) ? { network: paths.network } : {}) });
  const theta = readState(folder)?.state.parameters?.values;
  return { action: actionOf(system, theta), group: system.group, extents: system.lattice.extents, bibtex: bibliography(run.configuration, run.registry).bibtex };
}

function actionOf({ guide, learned, matter, gauge, fermions }: System, theta: Float64Array | undefined): Found {
  if (guide) return guide.at(theta).whole;
  if (learned) return (theta ? learned.effective.with(theta) : learned.effective).action;
  return matter?.whole ?? fermions.reduce((sum, f) => sum.plus(f.action as GaugeAction<number, unknown>) as GaugeAction<number, unknown>, gauge);
}
