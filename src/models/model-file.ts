/**
 * Trained networks in files: one line of text, `gaugegrad model VERSION BYTES SHA256`, and that many bytes of encoded plain data. The
 * network itself is not stored but named, with the declaration from which a registry of the caller's builds it again, so that a file
 * holds numbers and no code.
 */
import { readFileSync } from "node:fs";
import { FileFormatError } from "../errors.ts";
import { groupOf } from "../gauge/index.ts";
import { decode, encode, parameterSpace, sha256Hex, writeFileAtomic } from "../util/index.ts";
import type { AnyLayer, Layer } from "./layer.ts";

const VERSION = 1;
const HEADER = /^gaugegrad model (\d+) (\d+) ([0-9a-f]{64})\n/;

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
  const payload = encode(record);
  writeFileAtomic(file, Buffer.concat([Buffer.from(`gaugegrad model ${VERSION} ${payload.length} ${sha256Hex([payload])}\n`), payload]));
}

/** Reads and verifies a model file. @throws FileFormatError for a file of another kind or version, a truncated or an altered one. */
export function readModel(file: string): ModelRecord & { readonly checksum: string } {
  const bytes = readFileSync(file);
  const header = HEADER.exec(bytes.subarray(0, 256).toString("latin1"));
  if (!header) throw new FileFormatError(`${file}: got no model header, expected "gaugegrad model ...": pass a file that saveModel wrote`);
  const [line, version, count, checksum] = header;
  if (Number(version) !== VERSION) throw new FileFormatError(`${file}: got model format ${version}, expected ${VERSION}: read it with the version of gaugegrad that wrote it`);
  const payload = bytes.subarray(line.length);
  if (payload.length !== Number(count)) throw new FileFormatError(`${file}: got ${payload.length} bytes after the header, expected ${count}: the file is ${payload.length < Number(count) ? "truncated" : "longer than it was written"}, copy it again`);
  const found = sha256Hex([payload]);
  if (found !== checksum) throw new FileFormatError(`${file}: got the SHA-256 ${found}, expected ${checksum}: the file was altered after it was written, copy it again`);
  return { ...expectRecord(file, decode(payload)), checksum: checksum! };
}

/** The fields that every model has. A matching checksum does not say that the writer was this program. */
function expectRecord(file: string, x: unknown): ModelRecord {
  const r = x as Partial<ModelRecord> | null;
  const positive = (n: unknown): boolean => Number.isInteger(n) && (n as number) >= 1;
  const good =
    typeof r === "object" && r !== null && typeof r.network === "string" && r.declaration !== undefined && positive(r.group) && positive(r.dimension) &&
    Array.isArray(r.names) && r.names.every((n) => typeof n === "string") && r.values instanceof Float64Array && r.values.length === r.names.length && r.values.every(Number.isFinite) &&
    typeof r.others === "object" && r.others !== null && Object.values(r.others).every((v) => typeof v === "number") && r.training !== undefined;
  if (!good) throw new FileFormatError(`${file}: got a model without all of network, declaration, group, dimension, names, values (finite numbers), others, training, expected all: write it with saveModel`);
  return r as ModelRecord;
}

/** A model that can be used. */
export interface LoadedModel extends ModelRecord {
  /** The network with its trained weights. */
  readonly layer: Layer<number, unknown>;
}

/**
 * Reads a model file and builds its network for links of SU(N) (U(1): N = 1) in so many dimensions; extents are free.
 * @throws FileFormatError for another group or dimension, a network that the registry lacks or whose parameters differ, and as `readModel`.
 */
export function loadModel(file: string, expected: { readonly group: number; readonly dimension: number; readonly registry: NetworkRegistry }): LoadedModel {
  const record = readModel(file);
  const { group, dimension, registry } = expected;
  if (record.group !== group) throw new FileFormatError(`${file}: got a model for ${groupOf(record.group).name}, expected ${groupOf(group).name}: weights of one group mean nothing in another`);
  if (record.dimension !== dimension) throw new FileFormatError(`${file}: got a model for ${record.dimension} dimensions, expected ${dimension}: train one on such a lattice`);
  const build = Object.hasOwn(registry, record.network) ? registry[record.network] : undefined;
  if (!build) throw new FileFormatError(`${file}: got the network "${record.network}", expected one of ${Object.keys(registry).join(", ")}: register it under that name`);
  const layer = build(record.declaration);
  const space = parameterSpace(layer.parameters);
  if (space.names.join() !== record.names.join()) throw new FileFormatError(`${file}: got the parameters ${record.names.join(", ")}, expected those of "${record.network}": ${space.names.join(", ")}`);
  return { ...record, layer: layer.with(space.unflatten(record.values) as never) as Layer<number, unknown> };
}
