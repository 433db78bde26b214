/** Reads configurations of any format, with every check that the file allows. */
import { DirectionalField, Lattice, type LinkField } from "../autograd/index.ts";
import { FileFormatError } from "../errors.ts";
import { type Group, type LatticeOptions, groupOf, lattice as newLattice, latticeKeys, ofLattice, parseGroup, plaquettes } from "../gauge/index.ts";
import { type FormatName, formatOf } from "./formats.ts";
import { type CheckResult, type GaugeData, type GaugeFormat, type LinkSink, type OpenOptions, type Precision, type StoredNumber, extentsText } from "./gauge-data.ts";
import { LinkInspector, type UnitarityReport } from "./link-inspector.ts";
import { agreed, commOf } from "./together.ts";
import type { Hdf5 } from "./hdf5-library.ts";
import type { Provenance } from "./provenance.ts";
import { type ByteSource, type FileLike, isFileLike, openFileLike, openSource } from "./source.ts";
import { guard, is } from "../util/index.ts";

/** What is known of a file beforehand, and where its field is to live. */
export interface ReadOptions extends LatticeOptions {
  /** Extents Lx, Ly, Lz, Lt, or the lattice that the field is to live on: needed by formats without a header, compared with the header of the others. */
  readonly lattice?: readonly number[] | Lattice;
  /** The group that is expected, `su3` or a group. */
  readonly group?: Group | string;
  /** Order of the axes of npy and HDF5 arrays: `mu-last` (t, z, y, x, mu, row, column), `mu-first`, `mu-last-xyzt`, `mu-first-xyzt`, or all axes with commas, slowest first. */
  readonly order?: string;
  /** HDF5: names of the datasets with links, one, or one a direction. */
  readonly dataset?: string | readonly string[];
  /** The formats that are tried, in their order; default `gaugeFormats`. */
  readonly formats?: readonly GaugeFormat[];
  /** HDF5: what `await loadHdf5()` gives. */
  readonly hdf5?: Hdf5;
  /** Failed checks and trailing data become warnings. Links that are no numbers stay errors. */
  readonly allowMismatch?: boolean;
  /** The links are to enter a run: those off the group beyond rounding (`unitarityLimit`) are an error, whatever the checks say. */
  readonly onGroup?: boolean;
  /** Gives the lattice of the extents, to put several files on one lattice; default: a new one with the options for backend and threads. */
  readonly makeLattice?: (extents: readonly number[]) => Lattice;
}

/** Outcome of comparing the file's own checksum, plaquette and link trace with its links. */
export interface GaugeChecks {
  readonly checksum: CheckResult;
  readonly plaquette: CheckResult;
  readonly linkTrace: CheckResult;
}

/** A configuration with what its file says. Links are used as stored. */
export interface GaugeFile {
  readonly U: LinkField;
  /** Name of the format; one of a user's own has its own name. */
  readonly format: FormatName | (string & {});
  readonly group: Group;
  readonly precision: Precision;
  readonly checks: GaugeChecks;
  /** The header's own keys and texts. */
  readonly header: Readonly<Record<string, string>>;
  /** Where the links come from, as far as the file says. */
  readonly provenance: Provenance;
  /** Everything unusual, one sentence each: folded signs, zeros, links that are not unitary, trailing bytes, assumptions. */
  readonly warnings: readonly string[];
  readonly unitarity: UnitarityReport;
  /** Why the links are not of the group beyond rounding (`unitarityLimit`); undefined when they are, signs of a known pattern aside. */
  readonly offGroup?: string;
  /** Signs that are folded into the links, in a known pattern: true where a link was multiplied by -1. */
  readonly folding?: (mu: number, x: readonly number[]) => boolean;
}

/**
 * Reads a configuration: NERSC, ILDG, SciDAC, MILC, openQCD, HiRep, npy, HDF5, Bridge++ text and plain doubles, told apart by their
 * content. The links stream into the field in pieces of 1 MiB. A folder stands for its npy arrays. A `File` or `Blob` gives a promise: workers of a page
 * read it in the same pieces, other threads take it into memory.
 * @throws FileFormatError when the file is damaged, contradicts itself (unless allowed), or holds another lattice or group than expected.
 */
export function readGauge(file: string | Uint8Array, options?: ReadOptions): GaugeFile;
export function readGauge(file: FileLike, options?: ReadOptions): Promise<GaugeFile>;
export function readGauge(file: string | Uint8Array | FileLike, options: ReadOptions = {}): GaugeFile | Promise<GaugeFile> {
  guard("readGauge", { file: [isFileLike(file) ? "" : file, is.fileOrBytes], options: [options, latticeKeys("lattice", "group", "order", "dataset", "formats", "hdf5", "allowMismatch", "onGroup", "makeLattice")] });
  return isFileLike(file) ? openFileLike(file).then((source) => readSource(source, options)) : readSource(openSource(file), options);
}

function readSource(source: ByteSource, options: ReadOptions): GaugeFile {
  const group = typeof options.group === "string" ? parseGroup(options.group) : options.group;
  const given = options.lattice instanceof Lattice ? options.lattice : undefined;
  const open: OpenOptions = { extents: given?.extents ?? (options.lattice as readonly number[] | undefined), N: group?.N, allowMismatch: options.allowMismatch, order: options.order, datasets: typeof options.dataset === "string" ? [options.dataset] : options.dataset, hdf5: options.hdf5, formats: options.formats };
  try {
    const data = formatOf(source, open).open(source, open);
    expectSame(source, data, open);
    const { makeLattice = (extents) => newLattice(extents, ofLattice(options)) } = options;
    const lattice = given ?? makeLattice(data.extents);
    const U = new DirectionalField(lattice, data.N, "links");
    try {
      const file = fill(source, data, U, open);
      if (options.onGroup && file.offGroup !== undefined) throw new FileFormatError(`${source.name}: ${file.offGroup}, expected links of ${file.group.name}: the file is damaged, or holds smeared links or those of another group`);
      return file;
    } catch (error) {
      U[Symbol.dispose]();
      throw error;
    }
  } finally {
    source.close();
  }
}

/** Compares with what the caller expects. */
function expectSame(source: ByteSource, data: GaugeData, open: OpenOptions): void {
  if (open.extents && open.extents.join() !== data.extents.join()) throw new FileFormatError(`${source.name}: got the lattice ${extentsText(data.extents)}, expected ${extentsText(open.extents)}: another file, or another --lattice`);
  if (open.N !== undefined && open.N !== data.N) throw new FileFormatError(`${source.name}: got links of ${groupOf(data.N).name}, expected ${groupOf(open.N).name}`);
}

function fill(source: ByteSource, data: GaugeData, U: LinkField, open: OpenOptions): GaugeFile {
  const inspector = new LinkInspector(source.name, data.extents, data.N);
  const comm = commOf(U.lattice);
  const inspect = ofOwnSites(U.lattice, inspector.add);
  const { checksum, detail } = agreed(comm, () =>
    data.stream((mu, sites, links, offset, stride) => {
      inspect(mu, sites, links, offset, stride);
      U.fields[mu]!.writeSites(sites, links, offset, stride);
    }, U.lattice),
  );
  inspector.join(comm);
  const warnings = [...data.warnings, ...inspector.warnings(data.precision, data.rebuilt ?? false)];
  const plaquette = U.lattice.dim > 1 ? plaquettes(U).mean : 1;
  const first: GaugeChecks = { checksum, plaquette: compare(data.plaquette, plaquette, warnings), linkTrace: compare(data.linkTrace, inspector.linkTrace, warnings) };
  const checks = forgiveZeros(first, data);
  const wrong = [
    ...(checks.checksum === "mismatch" ? [detail] : []),
    ...(checks.plaquette === "mismatch" ? [`plaquette of the links ${plaquette.toPrecision(12)}, stored ${data.plaquette!.value}`] : []),
    ...(checks.linkTrace === "mismatch" ? [`link trace of the links ${inspector.linkTrace.toPrecision(12)}, stored ${data.linkTrace!.value}`] : []),
  ];
  if (wrong.length > 0) {
    const text = `mismatch: ${wrong.join("; ")}`;
    if (!open.allowMismatch) throw new FileFormatError(`${source.name}: ${text}: the links are damaged or the header belongs to another file; allow mismatches to read it all the same`);
    warnings.push(text);
  }
  // links that nothing vouches for and that are no group elements cannot be what was meant
  const vouched = Object.values(checks).includes("ok");
  if (inspector.broken && !vouched && !open.allowMismatch) throw new FileFormatError(`${source.name}: ${inspector.warnings(data.precision, data.rebuilt ?? false).find((w) => w.includes("not unitary"))!}, and the file has no checksum to confirm them: it is damaged, of another lattice, or holds no gauge links; allow mismatches to read it all the same`);
  if (data.N % 2 === 0 && plaquette < -0.1) warnings.push(`mean plaquette ${plaquette.toPrecision(4)} is negative: Kogut-Susskind phases may be folded into the links`);
  return { U, format: data.format as FormatName, group: groupOf(data.N), precision: data.precision, checks, header: data.header, provenance: data.provenance ?? {}, warnings, unitarity: inspector.report, ...(inspector.offGroup === undefined ? {} : { offGroup: inspector.offGroup }), ...(inspector.folding ? { folding: inspector.folding.negative } : {}) };
}

/** A sink that gets the sites of this rank only, whatever a format streams. */
function ofOwnSites({ engine: { ownSites }, volume }: Lattice, sink: LinkSink): LinkSink {
  if (!ownSites) return sink;
  const own = new Uint8Array(volume);
  for (const n of ownSites) own[n] = 1;
  return (mu, sites, links, offset, stride) => {
    for (let k = 0; k < sites.length; k++) if (own[sites[k]!]) sink(mu, sites.subarray(k, k + 1), links, offset + k * stride, stride);
  };
}

function compare(stored: StoredNumber | undefined, value: number, warnings: string[]): CheckResult {
  if (stored === undefined) return "absent";
  if (Math.abs(stored.value - value) <= stored.tolerance) return "ok";
  if (!stored.known || !(Math.abs(stored.known.value - value) <= stored.tolerance)) return "mismatch";
  warnings.push(stored.known.text);
  return "ok";
}

/** A stored 0 was not computed by its writer, provided that the other checks hold. */
function forgiveZeros(checks: GaugeChecks, data: GaugeData): GaugeChecks {
  const zero = { plaquette: data.plaquette?.value === 0, linkTrace: data.linkTrace?.value === 0 };
  const holds = checks.checksum === "ok" || (checks.plaquette === "ok" && !zero.plaquette) || (checks.linkTrace === "ok" && !zero.linkTrace);
  const fails = checks.checksum === "mismatch" || (checks.plaquette === "mismatch" && !zero.plaquette) || (checks.linkTrace === "mismatch" && !zero.linkTrace);
  const forgive = holds && !fails;
  return {
    checksum: checks.checksum,
    plaquette: forgive && zero.plaquette && checks.plaquette === "mismatch" ? "absent" : checks.plaquette,
    linkTrace: forgive && zero.linkTrace && checks.linkTrace === "mismatch" ? "absent" : checks.linkTrace,
  };
}
