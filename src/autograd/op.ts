/**
 * An op: its types, its forward map at a site, its vector-Jacobian product written in the same ops, and sample inputs for the tests.
 * Cotangents follow one convention: for a real result S, dS = sum Re tr(G^+ dX), so G_ij = dS/dRe X_ij + i dS/dIm X_ij.
 */
import type { Lattice } from "./lattice.ts";
import type { Operand, Site, V } from "./site.ts";
import type { Attributes, Tape, Traced } from "./tape.ts";
import type { ValueType } from "./types.ts";

export interface VjpContext {
  readonly inputs: readonly Traced[];
  readonly output: Traced;
  /** Cotangent of the output, of the output's own type. */
  readonly cotangent: Traced;
  /** Which inputs want a cotangent. */
  readonly needs: readonly boolean[];
  readonly attributes: Attributes;
}

/** Inputs and a call for the op test. */
export interface Sample {
  readonly label: string;
  readonly inputs: readonly ValueType[];
  readonly apply: (inputs: readonly Traced[]) => Traced;
}

export interface Op {
  readonly name: string;
  /** What tells it apart from other ops of the same name; absent where the name does. */
  readonly identity?: string;
  /** Every application makes a value of its own, also of equal inputs. */
  readonly unique?: boolean;
  /** Type of the result. @throws CovarianceError with the op, both end points and the fix. */
  infer(inputs: readonly ValueType[], attributes: Attributes, lattice: Lattice): ValueType;
  /** A simpler value for the same expression, if there is one. */
  simplify?(tape: Tape, inputs: readonly Traced[], attributes: Attributes): Traced | undefined;
  /** Cotangents of the inputs; undefined where there is none. */
  vjp(context: VjpContext): readonly (Traced | undefined)[];
  /**
   * The cotangents of the inputs are fixed linear images of the output's, so that zero gives zero whatever the inputs are. Others may make
   * 0 * NaN at sites that a selection has left out, and are selected again (see backward.ts).
   */
  readonly linear?: true;
  /** For ops that move data between sites: a field that vanishes where the output's cotangent does, as seen by the input. */
  moved?(support: Traced, attributes: Attributes): Traced;
  /** Why the value is NaN at a site where the inputs are finite, for ops that are not defined everywhere: the error of a plan says so. */
  readonly partial?: string;
  /** Forward map at one site; absent for ops that move data between sites. */
  site?(b: Site, inputs: readonly Operand[], attributes: Attributes, types: readonly ValueType[]): V[];
  /** Real arithmetic operations per site, for the choice between storing and recomputing. */
  cost?(types: readonly ValueType[], attributes: Attributes): number;
  samples(lattice: Lattice, N: number): readonly Sample[];
}
