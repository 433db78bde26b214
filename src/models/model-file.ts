/**
 * Trained networks in files: containers of the kind `model`. The
 * network itself is not stored but named, with the declaration from which a registry of the caller's builds it again, so that a file
 * holds numbers and no code.
 */
import { ConfigurationError, FileFormatError, GaugegradError } from "../errors.ts";
import { groupOf } from "../gauge/index.ts";
import { parameterSpace, printable, readContainer, writeContainer, guard, is } from "../util/index.ts";
import type { AnyLayer, Layer } from "./layer.ts";

const KIND = { name: "model", version: 1 } as const;
/** A model of a larger group or dimension was not written by this program. */
const [MAX_GROUP, MAX_DIMENSION] = [12, 4];

/** Data without code: what a declaration and a training summary are made of. */
export type Plain = number | string | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/** What a model file says. */
export interface ModelRecord {
  /** Name of the network in a registry: "covariant network", "cask", ... */
  readonly network: string;
  /** From which the registry builds it: loops, number of layers, variant, ... */
  readonly declaration: Plain;
  /** N of the gauge group that it was trained for; 1 for U(1). */
  readonly group: number;
  /** Dimension of the lattice that it was trained on. */
  readonly dimension: number;
  readonly names: readonly string[];
  /** Weights in the order of `names`. */
  readonly values: Float64Array;
  /** Numbers trained along with the network: couplings, hopping mass, E_0. */
  readonly others: { readonly [name: string]: number };
  /** Where the weights come from: system, loss, optimiser, steps, losses before and after, seeds, versions. */
  readonly training: Plain;
}

/** A layer of any parameter structure that takes new values. */
export interface TrainableLayer {
  readonly parameters: unknown;
  with(parameters: never): AnyLayer;
}

/** Builds a network from its declaration. */
export type NetworkRegistry = { readonly [name: string]: (declaration: Plain) => TrainableLayer };

/** What `saveModel` stores: a record whose weights are those of a network. */
export interface ModelToSave extends Pick<ModelRecord, "declaration" | "group" | "dimension" | "training"> {
  readonly name: string;
  readonly network: TrainableLayer;
  readonly others?: ModelRecord["others"];
}

/** Writes a model file in one piece. @throws ConfigurationError when the network's parameters are not numbers; errors of the operating system. */
export function saveModel(file: string, model: ModelToSave): void {
  guard("saveModel", { file: [file, is.text], model: [model, is.withFields("a model (name, declaration, group, dimension, network, training)", "name", "network")] });
  const space = parameterSpace(model.network.parameters);
  const record: ModelRecord = {
    network: model.name,
    declaration: model.declaration,
    group: model.group,
    dimension: model.dimension,
    names: space.names,
    values: space.flatten(model.network.parameters),
    others: model.others ?? {},
    training: model.training,
  };
  writeContainer(file, KIND, record);
}

/** Reads and verifies a model file. @throws FileFormatError for a file of another kind or version, a truncated or an altered one. */
export function readModel(file: string): ModelRecord & { readonly checksum: string } {
  guard("readModel", { file: [file, is.text] });
  const { data, checksum } = readContainer(file, KIND);
  return { ...expectRecord(file, data), checksum };
}

/** The fields that every model has. A matching checksum does not say that the writer was this program. */
function expectRecord(file: string, x: unknown): ModelRecord {
  const r = x as Partial<ModelRecord> | null;
  const from1to = (n: unknown, max: number): boolean => Number.isInteger(n) && (n as number) >= 1 && (n as number) <= max;
  const good =
    typeof r === "object" && r !== null && typeof r.network === "string" && r.declaration !== undefined && from1to(r.group, MAX_GROUP) && from1to(r.dimension, MAX_DIMENSION) &&
    Array.isArray(r.names) && r.names.every((n) => typeof n === "string") && r.values instanceof Float64Array && r.values.length === r.names.length && r.values.every(Number.isFinite) &&
    typeof r.others === "object" && r.others !== null && Object.values(r.others).every((v) => typeof v === "number") && r.training !== undefined;
  if (!good) throw new FileFormatError(`${file}: got a model without all of network, declaration, group, dimension, names, values (finite numbers), others, training, expected all: write it with saveModel`);
  return { ...(r as ModelRecord), network: printable(r.network!), names: r.names!.map(printable) };
}

/** A model that can be used. */
export interface LoadedModel extends ModelRecord {
  /** The network with its trained weights. */
  readonly layer: Layer<number, unknown>;
}

/**
 * Reads a model file and builds its network for links of SU(N) (U(1): N = 1) in so many dimensions; extents are free.
 * @throws FileFormatError for another group or dimension, a network that the registry lacks or whose parameters differ, and as `readModel`; ConfigurationError for a
 * network whose declaration is beyond a bound.
 */
export function loadModel(file: string, expected: { readonly group: number; readonly dimension: number; readonly registry: NetworkRegistry }): LoadedModel {
  guard("loadModel", { file: [file, is.text], expected: [expected, is.withFields("what is expected (group, dimension, registry)", "group", "dimension", "registry")] });
  const record = readModel(file);
  const { group, dimension, registry } = expected;
  if (record.group !== group) throw new FileFormatError(`${file}: got a model for ${groupOf(record.group).name}, expected ${groupOf(group).name}: weights of one group mean nothing in another`);
  if (record.dimension !== dimension) throw new FileFormatError(`${file}: got a model for ${record.dimension} dimensions, expected ${dimension}: train one on such a lattice`);
  const build = Object.hasOwn(registry, record.network) ? registry[record.network] : undefined;
  if (!build) throw new FileFormatError(`${file}: got the network "${record.network}", expected one of ${Object.keys(registry).join(", ")}: register it under that name`);
  const layer = built(file, record, build);
  const space = parameterSpace(layer.parameters);
  if (space.names.join() !== record.names.join()) throw new FileFormatError(`${file}: got the parameters ${few(record.names)}, expected those of "${record.network}": ${few(space.names)}`);
  return { ...record, layer: layer.with(space.unflatten(record.values) as never) as Layer<number, unknown> };
}

/** Builds the network; a declaration from elsewhere may be anything. */
function built(file: string, { network, declaration }: ModelRecord, build: (declaration: Plain) => TrainableLayer): TrainableLayer {
  try {
    return build(declaration);
  } catch (error) {
    if (error instanceof ConfigurationError && "bound" in error) throw Object.assign(new ConfigurationError(`${file}: ${printable(error.message)}`), { cause: error });
    const text = error instanceof GaugegradError ? error.message : `its declaration is damaged: ${(error as Error).message}`;
    throw Object.assign(new FileFormatError(`${file}: the network "${network}" cannot be built from it (${printable(text)}), expected the declaration that saveModel wrote`), { cause: error });
  }
}

/** The first names of a list that may be long. */
const few = (names: readonly string[]): string => `${names.slice(0, 6).join(", ")}${names.length > 6 ? ", ..." : ""}`;
