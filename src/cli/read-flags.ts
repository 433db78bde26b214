/** The options of commands that read configurations. */
import type { Command } from "commander";
import { ORDER_HELP, type ReadOptions, isHdf5, loadHdf5 } from "../io/index.ts";
import { formatsWith } from "../runs/index.ts";
import { extents } from "./output.ts";

/** Options added by `withReading`. */
export interface ReadFlags {
  readonly lattice?: number[];
  readonly group?: string;
  readonly order?: string;
  readonly dataset?: string;
  readonly formatModule?: string;
  readonly allowMismatch?: boolean;
}

/** Adds what a file may leave unsaid, and --allow-mismatch. */
export function withReading(command: Command): Command {
  return command
    .option("--lattice <LX,LY,LZ,LT>", "extents, for files that do not state them", extents)
    .option("--group <name>", "the group that is expected: su2, su3, ...")
    .option("--order <axes>", `order of the axes of npy and HDF5 arrays: ${ORDER_HELP}`)
    .option("--dataset <names>", "datasets of links in HDF5 files: one, or one a direction with commas")
    .option("--format-module <file>", "TypeScript or JavaScript file that declares file formats of your own")
    .option("--allow-mismatch", "failed checks are warnings instead of errors");
}

/** What the flags say, for `readGauge`; the reader of HDF5 is loaded when one of the files needs it. @throws BackendError that says what to install. */
export async function readOptions(flags: ReadFlags, files: readonly string[], directory: string): Promise<ReadOptions> {
  return {
    ...(flags.lattice ? { lattice: flags.lattice } : {}),
    ...(flags.group === undefined ? {} : { group: flags.group }),
    ...(flags.order === undefined ? {} : { order: flags.order }),
    ...(flags.dataset === undefined ? {} : { dataset: flags.dataset.split(",") }),
    ...(flags.dataset !== undefined || files.some(isHdf5) ? { hdf5: await loadHdf5() } : {}),
    ...(flags.formatModule === undefined ? {} : { formats: await formatsWith(flags.formatModule, directory) }),
    allowMismatch: flags.allowMismatch ?? false,
  };
}
