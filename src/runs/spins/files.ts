/** model.json of `gaugegrad spins train`. */
import { join } from "node:path";
import type { Lattice } from "../../autograd/index.ts";
import { ConfigurationError, FileFormatError } from "../../errors.ts";
import { LinearModel, SpinTransformer, type SpinWeight, type TransformerParameters } from "../../spins/index.ts";
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

/** The effective weight of a model.json, on the lattice and at the temperature of the run. @throws FileFormatError, ConfigurationError when it belongs to another model. */
export function readModelOn(lattice: Lattice, run: SpinRun, file: string): SpinWeight {
  const text = readRegularFile(file, "the model.json of gaugegrad spins train", 1 << 28).toString("utf8");
  let content: Partial<ModelFile>;
  try {
    content = (JSON.parse(text) ?? {}) as Partial<ModelFile>;
  } catch (error) {
    throw new FileFormatError(`${file}: cannot be read (${(error as Error).message.split(",")[0]}), expected the model.json of gaugegrad spins train`);
  }
  const { format, version, model, kind, options, parameters } = content;
  if (format !== FORMAT || version !== 1 || !model || !options || !parameters) throw new FileFormatError(`${file}: got format ${String(format)}, version ${String(version)}, expected ${FORMAT}, version 1: train again`);
  if (JSON.stringify(model) !== JSON.stringify(run.model)) throw new ConfigurationError(`${file}: was trained for ${JSON.stringify(model)}, expected the model of the run, ${JSON.stringify(run.model)}`);
  return kind === "linear" ? new LinearModel(lattice, model.T, parameters.J, parameters.E0) : new SpinTransformer(lattice, { T: model.T, ...options }, parameters);
}
