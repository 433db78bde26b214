/** Writes configurations; a file appears complete or not at all. */
import type { LinkField } from "../autograd/index.ts";
import { ConfigurationError, GeometryError } from "../errors.ts";
import { linkTrace, plaquettes } from "../gauge/index.ts";
import { writeAtomically } from "./atomic.ts";
import { writeBridge } from "./bridge.ts";
import { type Precision, extentsText } from "./gauge-data.ts";
import { writeIldg } from "./ildg.ts";
import { writeMilc } from "./milc.ts";
import { writeNersc } from "./nersc.ts";
import { writeNpy } from "./npy.ts";

/** Formats that are written, with the precisions that each can have; the first is the default. */
export const WRITABLE = {
  nersc: [64, 32],
  ildg: [64, 32],
  milc: [32],
  bridge: [64],
  npy: [64, 32],
} as const satisfies Record<string, readonly Precision[]>;

export type WritableFormat = keyof typeof WRITABLE;

export interface WriteOptions {
  /** Bits of each real; 64 where the format has them. */
  readonly precision?: Precision;
}

/**
 * Writes links with valid checksums (`nersc`: sum, plaquette, link trace; `ildg`: SciDAC; `milc`: both sums). Atomic: temporary file, fsync, rename,
 * fsync of the folder; an existing file is replaced. Reading gives identical bits at equal precision.
 * @throws GeometryError for lattices that the format cannot hold (all but npy want four dimensions, nersc wants SU(N)), ConfigurationError for a
 * format or precision it does not have, FileFormatError when writing fails.
 */
export function writeGauge(file: string, U: LinkField, format: WritableFormat, options: WriteOptions = {}): void {
  if (!Object.hasOwn(WRITABLE, format)) throw new ConfigurationError(`format: got "${format as string}", expected ${Object.keys(WRITABLE).join(", ")}`);
  const precisions: readonly Precision[] = WRITABLE[format];
  const precision = options.precision ?? precisions[0]!;
  if (!precisions.includes(precision)) throw new ConfigurationError(`format ${format}: got a precision of ${precision} bits, expected ${precisions.join(" or ")}`);
  if (format !== "npy" && U.lattice.dim !== 4) throw new GeometryError(`format ${format}: got the lattice ${extentsText(U.lattice.extents)}, expected four dimensions: use npy`);
  if (format === "nersc" && U.N < 2) throw new GeometryError(`format nersc: got U(1) links, expected SU(N): use ildg or npy`);
  const means = format === "nersc" ? { plaquette: plaquettes(U).mean, linkTrace: linkTrace(U) } : undefined;
  writeAtomically(file, (target) => {
    if (format === "nersc") writeNersc(target, U, precision, means!);
    else if (format === "ildg") writeIldg(target, U, precision);
    else if (format === "milc") writeMilc(target, U);
    else if (format === "bridge") writeBridge(target, U);
    else writeNpy(target, U, precision);
  });
}
