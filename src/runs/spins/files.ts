/** Files of `gaugegrad spins`: model.json and spins.json. */
import { join } from "node:path";
import type { Lattice } from "../../autograd/index.ts";
import { ConfigurationError, FileFormatError } from "../../errors.ts";
import { LinearModel, SpinTransformer, type SpinWeight, type TransformerParameters, expectUnitSpins } from "../../spins/index.ts";
import { readRegularFile, writeFileAtomic } from "../../util/index.ts";
import type { SpinRun } from "./schema.ts";

const FORMAT = "gaugegrad-spins";

/** model.json. */
interface ModelFile {
  readonly format: typeof FORMAT;
  readonly version: 1;
  readonly model: SpinRun["model"];
  readonly kind: "linear" | "attention";
  readonly options: { readonly shells: number; readonly reach: number; readonly layers: number; readonly gram: number };
  readonly parameters: TransformerParameters;
}

export function writeModel(folder: string, run: SpinRun, model: LinearModel | SpinTransformer): string {
  const file = join(folder, "model.json");
  const { shells, reach, gram } = run.effective;
  const content: ModelFile =
    model instanceof LinearModel
      ? { format: FORMAT, version: 1, model: run.model, kind: "linear", options: { shells, reach, gram, layers: 0 }, parameters: { J: model.couplings, E0: model.E0, layers: [] } }
      : { format: FORMAT, version: 1, model: run.model, kind: "attention", options: { shells, reach, gram, layers: model.options.layers }, parameters: model.parameters };
  writeFileAtomic(file, `${JSON.stringify(content, null, 1)}\n`);
  return file;
}

function readJson(file: string, expected: string): unknown {
  const text = readRegularFile(file, expected, 1 << 28).toString("utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FileFormatError(`${file}: cannot be read (${(error as Error).message.split(",")[0]}), expected ${expected}`);
  }
}

/** The effective weight of a model.json, on the lattice and at the temperature of the run. @throws FileFormatError, ConfigurationError when it belongs to another model. */
export function readModelOn(lattice: Lattice, run: SpinRun, file: string): SpinWeight {
  const { format, version, model, kind, options, parameters } = (readJson(file, "the model.json of gaugegrad spins train") ?? {}) as Partial<ModelFile>;
  if (format !== FORMAT || version !== 1 || !model || !options || !parameters) throw new FileFormatError(`${file}: got format ${String(format)}, version ${String(version)}, expected ${FORMAT}, version 1: train again`);
  if (JSON.stringify(model) !== JSON.stringify(run.model)) throw new ConfigurationError(`${file}: was trained for ${JSON.stringify(model)}, expected the model of the run, ${JSON.stringify(run.model)}`);
  return kind === "linear" ? new LinearModel(lattice, model.T, parameters.J, parameters.E0) : new SpinTransformer(lattice, { T: model.T, ...options }, parameters);
}

/** The spins of a file, `[x, y, z, x, ...]` by site. @throws FileFormatError for what is no list of so many unit vectors. */
export function readSpins(file: string, lattice: Lattice): Float64Array {
  const numbers = readJson(file, "the spins.json of gaugegrad spins sample");
  if (!Array.isArray(numbers) || !numbers.every((x) => typeof x === "number")) throw new FileFormatError(`${file}: got no list of numbers, expected the spins.json of gaugegrad spins sample`);
  const spins = Float64Array.from(numbers);
  try {
    expectUnitSpins(lattice, spins);
  } catch (error) {
    throw Object.assign(new FileFormatError(`${file}: ${(error as Error).message}`), { cause: error });
  }
  return spins;
}
