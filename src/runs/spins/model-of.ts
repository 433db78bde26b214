/** The effective model of a run of spins, as it stands in the folder of the run. */
import { ConfigurationError, FileFormatError } from "../../errors.ts";
import { lattice as makeLattice } from "../../gauge/index.ts";
import { latestCheckpoint } from "../../io/index.ts";
import { LinearModel, SpinTransformer, type SpinWeight, spinTransformer } from "../../spins/index.ts";
import { readRunInfo, runPaths } from "../folder/folder.ts";
import { readModelOn } from "./files.ts";
import { readSpinRun } from "./schema.ts";
import { type SpinCommand, SpinStages, type SpinState, trains } from "./stages.ts";

/**
 * The model that a run of spins trains, or proposes with: with its newest weights. The linear one is the transformer without blocks.
 * @throws ConfigurationError for a run of the exact weight, FileFormatError for one that has nothing trained yet, or whose model file is gone.
 */
export function spinModelOf(folder: string): SpinTransformer {
  const run = readSpinRun(runPaths(folder).configuration);
  const command = readRunInfo(folder).command.replace(/^spins /, "") as SpinCommand;
  const { effective, model } = run;
  if (effective.kind === "exact") throw new ConfigurationError(`${folder}: got a run of spins with effective.kind "exact", expected "linear" or "attention": the exact weight has the determinant of its electrons, which is no recorded action`);
  const lattice = makeLattice(model.lattice, { threads: 1 });
  const found = trains(command, run) ? trained() : readModelOn(lattice, run, effective.file!);
  return found instanceof LinearModel ? spinTransformer(lattice, { T: found.T, shells: found.couplings.length, reach: 0, layers: 0 }, { J: found.couplings, E0: found.E0, layers: [] }) : (found as SpinTransformer);

  function trained(): SpinWeight {
    const state = (latestCheckpoint(folder)?.state as { readonly state?: SpinState } | undefined)?.state;
    if (!state?.samples) throw new FileFormatError(`${folder}: got a run of spins without exact samples in its checkpoint, expected one that has begun to train: let it go on`);
    return new SpinStages(lattice, command, run).modelAt(state);
  }
}
