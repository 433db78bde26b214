/**
 * HDF5: datasets of links, one array of all directions or one array a direction, complex (a compound of two reals, as h5py, PyTables and Julia's JLD2
 * store it) or with a fastest axis of length 2. The order of the axes is the user's to state. Read through the optional package h5wasm.
 */
import { BackendError, FileFormatError } from "../errors.ts";
import { printable } from "../util/index.ts";
import { type ArrayLayout, ORDER_HELP, arrayLayout, scatterMatrices } from "./axes.ts";
import type { GaugeData, GaugeFormat, LinkSink, OpenOptions, Precision } from "./gauge-data.ts";
import { type Hdf5Dataset, type Hdf5File, type Hdf5Group, signatureAt } from "./hdf5-library.ts";
import { type ByteSource, peek, quoted } from "./source.ts";

/** Classes of the library's types. */
const [FLOAT, COMPOUND, REFERENCE] = [1, 6, 7];
/** More objects than any file of links has. */
const MAX_OBJECTS = 4096;

/** A dataset that may hold links. */
interface Candidate {
  readonly path: string;
  readonly precision: Precision;
  /** Without the axis of real and imaginary part. */
  readonly shape: readonly number[];
}

export const hdf5 = {
  name: "hdf5",
  title: "HDF5",
  cite: ["www.hdfgroup.org/solutions/hdf5"],
  options: { order: "order of the axes, always", dataset: "names of the datasets, where there are several; one a direction with commas" },
  matches: (source) => signatureAt(source.size, (at) => peek(source, at, 8)) !== undefined,
  open(source, options) {
    if (!options.hdf5) throw new BackendError(`${source.name}: this is HDF5, expected the reader h5wasm to be loaded: npm install h5wasm, and pass hdf5: await loadHdf5() (the commands measure and convert load it themselves)`);
    const { path } = source;
    if (path === undefined) throw new FileFormatError(`${source.name}: this is HDF5, expected a path to a file`);
    const library = options.hdf5;
    const inFile = <T>(use: (file: Hdf5File) => T): T => guarded(source, () => {
      const file = library.open(path);
      try {
        return use(file);
      } finally {
        file.close();
      }
    });
    return inFile((file) => described(source, file, options, (use) => inFile(use)));
  },
} as const satisfies GaugeFormat;

/** Errors of the library in one line. */
function guarded<T>(source: ByteSource, use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (error instanceof FileFormatError) throw error;
    const text = (error as Error).message.split("\n").at(-1)!.trim();
    throw new FileFormatError(`${source.name}: this is HDF5, but the library cannot read it (${printable(text).slice(0, 120)}), expected a whole file: it is damaged or truncated`);
  }
}

function described(source: ByteSource, file: Hdf5File, options: OpenOptions, again: <T>(use: (file: Hdf5File) => T) => T): GaugeData {
  const chosen = choose(source, file, options);
  const [first] = chosen as [Candidate, ...Candidate[]];
  const single = chosen.length === 1;
  if (options.order === undefined) throw new FileFormatError(`${source.name}: got the dataset ${quoted(first.path, 80)} of the shape (${first.shape.join(", ")}), expected a stated order of its axes: give the order (--order ${ORDER_HELP})`);
  const order = single || !(options.order in PER_DIRECTION) ? options.order : PER_DIRECTION[options.order]!;
  const layout = arrayLayout(source, first.shape, false, { order });
  const D = layout.extents.length;
  const hasMu = layout.outer.includes("mu");
  if (single !== hasMu || (!single && chosen.length !== D)) throw new FileFormatError(`${source.name}: got ${chosen.length} ${single ? "dataset" : "datasets"} with the order ${quoted(options.order, 80)}, expected one with an axis mu, or ${D} without (--dataset U1,U2,...)`);
  const other = chosen.find((c) => c.shape.join() !== first.shape.join() || c.precision !== first.precision);
  if (other) throw new FileFormatError(`${source.name}: got datasets of the shapes (${first.shape.join(", ")}) and (${other.shape.join(", ")}), expected the same for every direction`);
  const attributes = attributesOf(file);
  return {
    format: "hdf5",
    extents: layout.extents,
    N: layout.N,
    precision: first.precision,
    header: { dataset: chosen.map((c) => c.path).join(), ...attributes },
    provenance: Object.keys(attributes).length > 0 ? { other: attributes } : {},
    warnings: [],
    stream(sink) {
      again((f) => chosen.forEach((c, k) => streamDataset(f.get(c.path) as Hdf5Dataset, c, layout, sink, single ? undefined : k)));
      return { checksum: "absent", detail: "" };
    },
  };
}

/** The usual orders, for one array a direction. */
const PER_DIRECTION: Readonly<Record<string, string>> = { "mu-first": "t,z,y,x,row,column", "mu-last": "t,z,y,x,row,column", "mu-first-xyzt": "x,y,z,t,row,column", "mu-last-xyzt": "x,y,z,t,row,column" };

/** The datasets that the user names, or the only one that can hold links. */
function choose(source: ByteSource, file: Hdf5File, options: OpenOptions): readonly Candidate[] {
  const all = datasetsOf(file);
  const good = all.flatMap(({ path, dataset }) => candidateOf(path, dataset) ?? []);
  const list = (paths: readonly string[]): string => (paths.length === 0 ? "none" : `${paths.slice(0, 8).map((p) => quoted(p, 60)).join(", ")}${paths.length > 8 ? ", ..." : ""}`);
  if (options.datasets) {
    return options.datasets.map((name) => {
      const path = name.replace(/^\/+/, "");
      const found = good.find((c) => c.path === path);
      if (!found) throw new FileFormatError(`${source.name}: got no dataset ${quoted(name, 60)} of complex numbers or pairs of reals, expected one of ${list(good.map((c) => c.path))}`);
      return found;
    });
  }
  if (good.length === 1) return good;
  const references = all.filter(({ dataset }) => dataset.metadata.type === REFERENCE).map(({ path }) => path);
  const hint = good.length > 1 ? "name it, or one a direction with commas (--dataset NAME,...)" : references.length > 0 ? `${list(references)} hold references to Julia objects: save the arrays themselves` : "it holds no gauge links";
  throw new FileFormatError(`${source.name}: this is HDF5 with ${good.length} datasets that may hold links (${list(good.length > 0 ? good.map((c) => c.path) : all.map((d) => d.path))}), expected one: ${hint}`);
}

function datasetsOf(file: Hdf5File): { path: string; dataset: Hdf5Dataset }[] {
  const found: { path: string; dataset: Hdf5Dataset }[] = [];
  let seen = 0;
  const walk = (group: Hdf5Group, prefix: string, depth: number): void => {
    for (const key of group.keys()) {
      if (++seen > MAX_OBJECTS || depth > 16) return;
      // types of Julia
      if (key === "_types") continue;
      const object = group.get(key);
      if (object === null) continue;
      if ("slice" in object) found.push({ path: prefix + key, dataset: object });
      else if ("keys" in object) walk(object, `${prefix}${key}/`, depth + 1);
    }
  };
  walk(file, "", 0);
  return found;
}

function candidateOf(path: string, { metadata }: Hdf5Dataset): Candidate | undefined {
  const { type, size, shape, compound_type } = metadata;
  if (!shape || shape.length < 4) return undefined;
  const bits = (bytes: number): Precision | undefined => (bytes === 8 ? 64 : bytes === 4 ? 32 : undefined);
  const members = compound_type?.members ?? [];
  if (type === COMPOUND && members.length === 2 && members.every((m) => m.type === FLOAT && m.size === members[0]!.size)) {
    const precision = bits(members[0]!.size);
    return precision && { path, precision, shape: [...shape] };
  }
  const precision = type === FLOAT && shape.at(-1) === 2 ? bits(size) : undefined;
  return precision && { path, precision, shape: shape.slice(0, -1) };
}

/** Attributes of the file that are single numbers or texts. */
function attributesOf(file: Hdf5File): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [key, attribute] of Object.entries(file.attrs).slice(0, 64)) {
    const { value } = attribute;
    if (["number", "string", "bigint", "boolean"].includes(typeof value)) out[printable(key).slice(0, 60)] = printable(String(value)).slice(0, 200);
  }
  return out;
}

/** One piece is one step of the slowest axis. */
function streamDataset(dataset: Hdf5Dataset, { shape }: Candidate, layout: ArrayLayout, sink: LinkSink, direction?: number): void {
  const steps = shape[0]!;
  const matrices = layout.lengths.reduce((v, L) => v * L, 1) / steps;
  const reals = new Float64Array(matrices * 2 * layout.N * layout.N);
  for (let k = 0; k < steps; k++) {
    const values = dataset.slice([[k, k + 1]]);
    if (Array.isArray(values)) (values as readonly (readonly [number, number])[]).forEach(([re, im], n) => {
      reals[2 * n] = re;
      reals[2 * n + 1] = im;
    });
    else reals.set(values as Float64Array);
    scatterMatrices(layout, k * matrices, matrices, reals, sink, direction);
  }
}
