/** Writes configurations; a file appears complete or not at all. */
import { type LinkField, kind, oneSample } from "../autograd/index.ts";
import { ConfigurationError, GeometryError } from "../errors.ts";
import { linkTrace, plaquettes } from "../gauge/index.ts";
import { commOf, writeTogether } from "./together.ts";
import { WRITABLE, type WritableFormat, writerOf } from "./formats.ts";
import { type GaugeFormat, type Precision, extentsText } from "./gauge-data.ts";
import type { Provenance } from "./provenance.ts";
import { guard, is } from "../util/index.ts";

/** Precision and provenance of a written configuration. */
export interface WriteOptions {
  /** Bits of each real; 64 where the format has them. */
  readonly precision?: Precision;
  /** Where the links come from, kept as far as the format has places for it (NERSC and ILDG: all; MILC: the date). */
  readonly provenance?: Provenance;
}

/**
 * Writes links with valid checksums (`nersc`: sum, plaquette, link trace; `ildg`: SciDAC; `milc`: both sums). Atomic: temporary file, fsync, rename,
 * fsync of the folder; an existing file is replaced. Reading gives identical bits at equal precision.
 * `format` is a name, or a format of one's own with a writer.
 * @throws GeometryError for lattices that the format cannot hold (all but npy want four dimensions, nersc wants SU(N)), ConfigurationError for a
 * format or precision it does not have, FileFormatError when writing fails.
 */
export function writeGauge(file: string, U: LinkField, format: WritableFormat | GaugeFormat, options: WriteOptions = {}): void {
  guard("writeGauge", { file: [file, is.text], U: [U, kind.linkField], format: [typeof format === "string" ? format : format?.name, is.text], options: [options, is.keysOf("precision", "provenance")] });
  oneSample("writeGauge", U.lattice);
  const { name, writer } = typeof format === "string" ? { name: format, writer: writerOf(format) } : format;
  if (!writer) throw new ConfigurationError(`format: got "${name}", expected ${Object.keys(WRITABLE).join(", ")}`);
  const precision = options.precision ?? writer.precisions[0]!;
  if (!writer.precisions.includes(precision)) throw new ConfigurationError(`format ${name}: got a precision of ${precision} bits, expected ${writer.precisions.join(" or ")}`);
  if (!writer.anyDimension && U.lattice.dim !== 4) throw new GeometryError(`format ${name}: got the lattice ${extentsText(U.lattice.extents)}, expected four dimensions: use npy`);
  if (!writer.u1 && U.N < 2) throw new GeometryError(`format ${name}: got U(1) links, expected SU(N): use ildg or npy`);
  const means = (): { plaquette: number; linkTrace: number } => ({ plaquette: plaquettes(U).mean, linkTrace: linkTrace(U) });
  writeTogether(file, commOf(U.lattice), (target) => writer.write(target, U, { precision, provenance: options.provenance ?? {}, means }));
}
