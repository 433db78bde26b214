/** Links from wherever they are kept: a configuration file of any format, the folder of a run (its newest checkpoint), or one checkpoint file. */
import { DirectionalField, type FieldData, type Lattice, type LinkField, atOnce, forOwnSites, setFields } from "../../autograd/index.ts";
import { selfComm } from "../../backend/index.ts";
import { FileFormatError, GeometryError } from "../../errors.ts";
import { type Group, groupOf, lattice as newLattice, ofLattice, parseGroup, plaquettes, reunitarise, unitarityDefect } from "../../gauge/index.ts";
import { type GaugeFile, type ReadOptions, openCheckpoint, readGauge, unitarityLimit } from "../../io/index.ts";
import { closeFile, isFolder, isThere, openRegularFile, readFully } from "../../util/index.ts";
import { expectState } from "../folder/checkpoint-state.ts";
import { isRun, readState } from "#platform/runs/folder/stored";
import type { CheckpointState } from "../records.ts";

/** A configuration as `readGauge` gives it; links of a run have the format "checkpoint". */
export type LinksFile = Omit<GaugeFile, "format"> & { readonly format: GaugeFile["format"] | "checkpoint" };

/** Reads links. @throws FileFormatError as `readGauge`, and for a run without a checkpoint. */
export function readLinks(path: string, options: ReadOptions = {}): LinksFile {
  if (isRun(path)) {
    const found = readState(path, options.comm ?? selfComm);
    if (!found) throw new FileFormatError(`${path}: got the folder of a run without a checkpoint, expected one: let the run begin first`);
    return linksOf(path, found.state, options, found.damaged.map((text) => `passed over a damaged checkpoint: ${text}`));
  }
  return isCheckpoint(path) ? linksOf(path, expectState(path, openCheckpoint(path, options.comm ?? selfComm)), options, []) : readGauge(path, options);
}

/** How checkpoint files begin. */
const MARK = "gaugegrad checkpoint ";

function isCheckpoint(path: string): boolean {
  if (!isThere(path) || isFolder(path)) return false;
  const { handle, size } = openRegularFile(path, "a configuration file");
  try {
    const head = new Uint8Array(Math.min(size, MARK.length));
    readFully(path, handle, 0, head);
    return String.fromCharCode(...head) === MARK;
  } finally {
    closeFile(handle);
  }
}

function linksOf(path: string, { group: N, extents, links, position, random }: CheckpointState<FieldData>, options: ReadOptions, warnings: readonly string[]): LinksFile {
  const expected = typeof options.group === "string" ? parseGroup(options.group) : options.group;
  const given = options.lattice && ("extents" in options.lattice ? options.lattice.extents : options.lattice);
  if (given && given.join() !== extents.join()) throw new FileFormatError(`${path}: got the lattice ${extents.join("x")}, expected ${given.join("x")}`);
  if (expected && expected.N !== N) throw new FileFormatError(`${path}: got links of ${groupOf(N).name}, expected ${expected.name}`);
  const lattice = options.lattice && "engine" in options.lattice ? options.lattice : (options.makeLattice ?? ((e: readonly number[]) => newLattice(e, ofLattice(options))))(extents);
  const U: LinkField = new DirectionalField(lattice, N, "links");
  setFields(U.fields, links);
  const unitarity = unitarityDefect(U);
  const off = Math.max(unitarity.unitarity, unitarity.determinant);
  if (options.onGroup && !(off <= unitarityLimit(N))) throw new FileFormatError(`${path}: links are off the group by ${off.toExponential(2)}, expected links of ${groupOf(N).name}: the run went wrong before this checkpoint`);
  const header = { seed: String(random.seed), stream: String(random.stream), trajectory: String(position) };
  return { U, format: "checkpoint", group: groupOf(N), precision: 64, checks: { checksum: "ok", plaquette: "absent", linkTrace: "absent" }, header, provenance: { sequenceNumber: String(position) }, warnings, unitarity };
}

/** Sites that are looked at together. */
const PIECE = 4096;
/** Distance from the group that double precision leaves. */
const EXACT = 1e-10;

/** Links that may enter a run, and what has to be said about them, one sentence each. */
export interface EnteringLinks {
  readonly U: LinkField;
  readonly notes: readonly string[];
}

/** How a file is read that a section of a run file names. */
export type EntryOptions = { readonly [K in "formats" | "hdf5" | "order" | "dataset"]?: ReadOptions[K] | undefined };

const given = (reading: EntryOptions): Pick<ReadOptions, keyof EntryOptions> => Object.fromEntries(Object.entries(reading).filter(([, value]) => value !== undefined));

/**
 * Reads the links that a run starts or learns from. Signs of a known pattern are taken out, as the boundary is that of the run file; what single
 * precision has left is projected out once. Both are said, with everything that the reader found.
 * @throws FileFormatError for links off the group beyond rounding.
 */
export function enteringLinks(path: string, lattice: Lattice, group: Group, reading: EntryOptions = {}): EnteringLinks {
  const read = readLinks(path, { lattice: lattice.extents, group, makeLattice: () => lattice, onGroup: true, ...given(reading), ...(lattice.engine.part ? { comm: lattice.engine.part.comm } : {}) });
  const { U, warnings, folding } = read;
  if (folding) unfold(U, folding);
  const { unitarity, determinant } = unitarityDefect(U);
  const off = Math.max(unitarity, determinant);
  const found = warnings.map((w) => (folding && w.includes("folded into the links") ? `${w}: taken out, the boundary condition of fermions is that of the run file` : w));
  if (off <= EXACT) return { U, notes: found };
  const before = plaquettes(U).mean;
  using moved = projected(path, U);
  U.copyFrom(moved);
  return { U, notes: [...found, `the links are off ${group.name} by ${off.toExponential(2)}, as single precision leaves them: projected onto the group once (mean plaquette ${before.toPrecision(13)} as stored, ${plaquettes(U).mean.toPrecision(13)} now)`] };
}

function projected(path: string, U: LinkField): LinkField {
  try {
    return reunitarise(U);
  } catch (error) {
    throw error instanceof GeometryError ? new FileFormatError(`${path}: ${error.message}`) : error;
  }
}

/** Multiplies by -1 where a code has done so. */
function unfold(U: LinkField, negative: NonNullable<GaugeFile["folding"]>): void {
  const size = 2 * U.N * U.N;
  const piece = atOnce(U.lattice, PIECE);
  const u = new Float64Array(piece * size);
  U.fields.forEach((field, mu) => forOwnSites(U.lattice, piece, (sites) => {
    field.readOwnSites(sites, u);
    for (let n = 0; n < sites.length; n++) if (negative(mu, U.lattice.coordinates(sites[n]!))) for (let k = n * size; k < (n + 1) * size; k++) u[k] = -u[k]!;
    field.writeSites(sites, u);
  }));
}

/** Sentences about files, those that differ in their numbers only once: `a.ildg and 12 more: ...`. */
export function gathered(notes: readonly { readonly file: string; readonly text: string }[]): string[] {
  const alike = new Map<string, { file: string; text: string; more: number }>();
  for (const note of notes) {
    const key = note.text.replaceAll(/\d+(\.\d+)?(e[+-]?\d+)?/g, "#");
    const known = alike.get(key);
    if (known) known.more++;
    else alike.set(key, { ...note, more: 0 });
  }
  return [...alike.values()].map(({ file, text, more }) => `${file}${more > 0 ? ` and ${more} more` : ""}: ${text}`);
}
