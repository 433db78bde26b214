/** Links without a header: the shape follows from the number of bytes, and from which reading gives unitary matrices. */
import { FileFormatError } from "../errors.ts";
import { type OpenOptions, type Precision, type Shape, extentsText, possibleShapes } from "./gauge-data.ts";
import type { ByteSource } from "./source.ts";
import { firstReals, startsUnitary } from "./stream.ts";

/**
 * Shape of `bytes` bytes of links at `at`: of the shapes that fit the length, the first whose first link is unitary. A shape that the caller
 * did not give is reported.
 * @throws FileFormatError when no shape fits.
 */
export function headerlessShape(source: ByteSource, at: number, bytes: number, precisions: readonly Precision[], littleEndian: boolean, options: OpenOptions, warnings: string[]): Shape {
  const shapes = possibleShapes(bytes, precisions, options);
  const unitary = shapes.filter((s) => startsUnitary(firstReals(source, at, s.precision, littleEndian, 2 * s.N * s.N), s.N));
  return chooseShape(source, `${bytes} bytes of links without a header`, shapes, unitary, options, warnings);
}

/** Takes the first unitary shape, else the first one, and says what was assumed. */
export function chooseShape(source: ByteSource, what: string, shapes: readonly Shape[], unitary: readonly Shape[], options: OpenOptions, warnings: string[]): Shape {
  const best = unitary[0] ?? shapes[0];
  if (!best) throw new FileFormatError(`${source.name}: got ${what}, expected V x D x 2 N^2 reals of ${options.extents ? `the lattice ${extentsText(options.extents)}` : "a hypercube"}: ${options.extents ? "another lattice, a truncated file or trailing data" : "give the lattice (--lattice LX,LY,LZ,LT)"}`);
  if (!options.extents) {
    const others = unitary.filter((s) => s !== best).map((s) => `${extentsText(s.extents)} with N = ${s.N}`);
    warnings.push(`the file does not state its lattice: taken as ${extentsText(best.extents)} with N = ${best.N}${others.length > 0 ? `, which could also be ${others.join(" or ")}: give the lattice` : ""}`);
  }
  return best;
}
