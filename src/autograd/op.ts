/**
 * An op: its types, its forward map at a site, and its vector-Jacobian product written in the same ops.
 * Cotangents follow one convention: for a real result S, dS = sum Re tr(G^+ dX), so G_ij = dS/dRe X_ij + i dS/dIm X_ij.
 */
import type { Displacement, Lattice } from "./lattice.ts";
import type { Operand, Site, V } from "./site.ts";
import type { Attributes, Program, Tape, Traced } from "./tape.ts";
import type { ValueType } from "./types.ts";

/** What the vector-Jacobian product of an op is given: all values traced, so that the result can be differentiated again. */
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

/** Inputs on which an op is tested, beside the op in its file and no part of it, so that bundles of pages leave them out (see ops/sample-inputs.ts). */
export type Samples = (lattice: Lattice, N: number) => readonly Sample[];

/** Conjugate gradients for a hermitian positive operator, or stabilised biconjugate gradients for any that can be inverted. */
export type SolveMethod = "cg" | "bicgstab";

/** A linear system A x = b of a solve: A as a program, (A + shift) x = b. */
export interface System {
  readonly operator: Program;
  readonly shift: number;
  /** Relative residual to reach. */
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly method: SolveMethod;
  /** A^+ on the same captured values, where A is not hermitian. */
  readonly adjoint?: Program;
  /** So many inputs before b span a space that is solved exactly: deflation. */
  readonly modes: number;
  /** Iterate in single precision, with residuals and solutions in double precision. */
  readonly mixed: boolean;
}

/**
 * Work on dense matrices. The factors are linear operators as programs, (captured..., x) -> A x, or their inverses; the inputs of the op are what they
 * capture, factor after factor. One factor: ln |det A|; more of them: the real part of the trace of their product. With `gradient` the result is the
 * derivative of that with respect to what a factor, counted as a variable of its own, captures: a cotangent of its type.
 */
export interface DenseWork {
  readonly factors: readonly { readonly operator: Program; readonly inverse: boolean }[];
  readonly gradient?: { readonly factor: number; readonly input: number };
  /** A determinant that is not positive is an error. */
  readonly positive: boolean;
  /**
   * ln |det D(m)| of the overlap operator D(m) = (1 + m)/2 + (1 - m)/2 G eps(H) of the one factor A in place of that of A; the op's last input is m, and
   * `gradient.input` counts it behind what the factor captures.
   */
  readonly overlap?: OverlapWork;
}

/** G, by the spin components of a vector, and H = (b + c) G A [2 + (b - c) A]^{-1} with eps = tanh(Ls artanh H), or the sign for Ls = 0. */
export interface OverlapWork {
  readonly signature: readonly number[];
  readonly b: number;
  readonly c: number;
  readonly Ls: number;
}

/**
 * A loop. Forwards: state s + 1 = body(state, captured, s), from state 0 to state `count`. With `back` it is run through once more, backwards, with every state
 * at hand: w = back(state s, captured, s, w) for s = count - 1 .. 0. The op's inputs are state 0, what is captured, and the first w.
 */
export interface LoopWork {
  readonly count: number;
  /** (state..., captured..., s) -> state. */
  readonly body: Program;
  /** (state..., captured..., s, w...) -> w. */
  readonly back?: Program;
  /** States kept for the way back; the others are computed again from these. */
  readonly checkpoints: number;
  /** Which member of the last state, or of the last w, the value is. */
  readonly output: number;
}

/** What the rule of an op of several values is given: the cotangents of all of them, by number, undefined where there is none. */
export interface JointContext {
  readonly inputs: readonly Traced[];
  readonly cotangents: readonly (Traced | undefined)[];
  readonly needs: readonly boolean[];
  readonly attributes: Attributes;
}

/** What a compiler may know of an op besides its arithmetic at a site. Ops without a role are that arithmetic and nothing else. */
export type Role =
  /** A value that nothing computes: an input, or data known while recording. What is made in place is written into the loops that use it. */
  | { readonly is: "leaf"; readonly inPlace?: true; readonly data?: (attributes: Attributes) => Float64Array }
  /** Its first operand, renamed: moved by a displacement, as its adjoint, or as soon as the second operand is known. */
  | { readonly is: "view"; readonly displacement?: (attributes: Attributes) => Displacement; readonly adjoint?: true; readonly waits?: true }
  /** The value of its scalar operand at every site. */
  | { readonly is: "broadcast" }
  /** A multiple of its second operand by the first. */
  | { readonly is: "multiple" }
  /** A sum of its operands with fixed coefficients. */
  | { readonly is: "combination"; readonly coefficients: (attributes: Attributes) => readonly number[] }
  /** A product of two matrices, or of a matrix and a vector; its adjoint is that of the adjoints in the other order. */
  | { readonly is: "product" }
  /** One number of all sites of its operand: known after the loop over them. */
  | { readonly is: "barrier" }
  /** The same number for every sample of a batch; and the sum of the samples' numbers, a step between loops. */
  | { readonly is: "spread" }
  /** A sum over sites, displacements or weights that a step of its own makes: it runs over the numbers of a tensor. */
  | { readonly is: "contraction"; readonly of: "apply" | "correlate" | "sum" }
  | { readonly is: "samples" }
  /** A step between loops: fields on one parity joined to one on all sites, with zero where there is none; or the solution of a system, whose last operand is b. */
  | { readonly is: "join" }
  | { readonly is: "solve"; readonly system: (attributes: Attributes) => System }
  /** One value of a loop; those that differ in the attribute `output` alone are made by one step. */
  | { readonly is: "loop"; readonly work: (attributes: Attributes) => LoopWork }
  /** What stands for the state of a loop, or its number, while its body is being recorded. No program holds one. */
  | { readonly is: "slot" }
  | { readonly is: "dense"; readonly work: (attributes: Attributes) => DenseWork };

/**
 * Ops that rules of simpler ones are written in: the rule of outer is made of mul, which itself is built on outer. A tape hands them in, so
 * that files of ops do not import each other in circles.
 */
export interface Rules {
  conj(z: Traced): Traced;
  cdot(x: Traced, y: Traced): Traced;
  dot(x: Traced, y: Traced): Traced;
  mul(a: Traced, b: Traced): Traced;
  /** The same matrix, no longer known to be a quaternion. */
  asMatrix(a: Traced): Traced;
  scale(s: Traced, x: Traced): Traced;
  sum(r: Traced): Traced;
  spread(s: Traced): Traced;
  tensorSum(t: Traced): Traced;
}

/**
 * One kind of operation on fields: the type of its result with the check of end points, its vector-Jacobian product, and its forward map at one
 * site where it has one.
 */
export interface Op {
  readonly name: string;
  /** What tells it apart from other ops of the same name; absent where the name does. */
  readonly identity?: string;
  /** Every application makes a value of its own, also of equal inputs. */
  readonly unique?: boolean;
  /** How compilers treat it; absent for arithmetic at one site. */
  readonly role?: Role;
  /** Type of the result. @throws CovarianceError with the op, both end points and the fix. */
  infer(inputs: readonly ValueType[], attributes: Attributes, lattice: Lattice): ValueType;
  /**
   * Does a result of this type lie in the real span of SU(2) where these operands do as their types say? Without it results are matrices. Those in the algebra always do.
   */
  quaternion?(types: readonly ValueType[], result: ValueType): boolean;
  /** A simpler value for the same expression, if there is one. */
  simplify?(tape: Tape, inputs: readonly Traced[], attributes: Attributes): Traced | undefined;
  /** Cotangents of the inputs for all values of a loop at once, in place of `vjp`. */
  joint?(context: JointContext): readonly (Traced | undefined)[];
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
}
