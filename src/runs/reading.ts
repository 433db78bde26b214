/** What a run reads configurations with: the formats that it knows, and the library of HDF5 where one of its files needs it. */
import { type GaugeFormat, isHdf5, loadHdf5 } from "../io/index.ts";
import { loadModule } from "./modules/load-module.ts";
import { builtIn } from "./parts/built-in.ts";
import { formatsOf } from "./parts/formats.ts";
import { type FormatPart, isPart } from "./parts/part.ts";
import type { ResolvedRun } from "./resolved-run.ts";
import { absolutePath } from "../util/index.ts";
import type { Reading } from "./system-types.ts";

/** The formats of this package and those that a module exports. @throws as `loadModule`, and ConfigurationError for a name that is taken. */
export async function formatsWith(module: string, base: string): Promise<readonly GaugeFormat[]> {
  const own = Object.values(await loadModule(module, base)).filter((x): x is FormatPart => isPart(x) && x.family === "format");
  return formatsOf(builtIn.with(...own.map((part) => ({ ...part, fromModule: true }))));
}

/** What a run needs before it is built. @throws BackendError when one of its files is HDF5 and the library is not installed. */
export async function readingOf({ configuration: { start, training }, registry, base }: ResolvedRun, started: boolean): Promise<Reading> {
  const files = [...(start.file === undefined || started ? [] : [start.file]), ...(training?.configurations ?? [])];
  return { formats: formatsOf(registry), ...(files.some((file) => isHdf5(absolutePath(base, file))) ? { hdf5: await loadHdf5() } : {}) };
}
