/** Wilson and clover fermions: meson correlators from point sources at the origin. */
import { kind, Field, type LinkField, type Links, type Scalar, type Vector, type VectorType, record, solve } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { pointSource } from "./point-source.ts";
import { slices } from "./slices.ts";
import { lowModes } from "./spectrum.ts";
import type { Boundary } from "./staggered.ts";
import { gamma, wilsonD, wilsonDdag, wilsonNormal, wilsonType } from "./wilson.ts";
import { wilson } from "./wilson-operator.ts";
import { guard, is } from "../util/index.ts";

/** Parameters of the Wilson or clover operator; `kappa` is the hopping parameter, 1 / (2m + 8) in four dimensions with m in lattice units. */
export interface WilsonOptions {
  readonly kappa: number;
  /** Clover coefficient c_SW; default 0. */
  readonly clover?: number;
  /** Default: antiperiodic in time. */
  readonly boundary?: Boundary;
  /** How D^{-1} is applied: "cg" (default), conjugate gradients on D^+D, or "bicgstab" on D itself. */
  readonly solver?: "cg" | "bicgstab";
  /** Conjugate gradients: number of lowest eigenvectors of D^+D that are computed first and kept out of all solves; default 0. */
  readonly deflate?: number;
}

/**
 * Columns of the propagator: the function returned gives D^{-1}(n; 0) = (D^+D)^{-1} D^+ for a source of one colour and spin at the origin, in
 * canonical order: sites, colours, spins, (re, im). It throws a GeometryError for a colour or spin that there is not.
 */
export function wilsonPropagator(U: LinkField, options: WilsonOptions): (colour: number, spin: number) => Float64Array {
  const column = wilsonColumns(U, options);
  return (colour, spin) => {
    const S = column(colour, spin);
    const data = S.toArray();
    S[Symbol.dispose]();
    return data;
  };
}

/** The same columns as fields, a new one each: on a lattice that is divided over ranks every rank has its own sites of them. */
export function wilsonColumns(U: LinkField, options: WilsonOptions): (colour: number, spin: number) => Field<VectorType> {
  guard("wilsonPropagator", { U: [U, kind.configuration], options: [options, is.keysOf("kappa", "clover", "boundary", "solver", "deflate")] });
  const { kappa, clover = 0, boundary, solver = "cg", deflate = 0 } = options;
  guard("wilsonPropagator", { kappa: [kappa, is.finite], clover: [clover, is.finite], boundary: [boundary, is.optional(kind.boundary(U.lattice))], solver: [solver, is.oneOf("cg", "bicgstab")], deflate: [deflate, is.natural] });
  if (solver === "bicgstab" && deflate > 0) throw new ConfigurationError(`wilsonPropagator: got deflate = ${deflate} with the solver "bicgstab", expected 0: deflation belongs to "cg"`);
  const source: Field<VectorType> = new Field(U.lattice, wilsonType(U.lattice, U.N, { boundary }));
  const modes = deflate === 0 ? [] : lowModes(U, wilson({ kappa, clover, ...(boundary ? { boundary } : {}) }), { count: deflate }).vectors;
  const inverse = (V: Links, b: Vector, k: Scalar, deflation: readonly Vector[]): Vector =>
    solver === "bicgstab" ? solve((x: Vector) => wilsonD(V, x, k, clover), b, { method: solver }) : solve((x: Vector) => wilsonNormal(V, x, k, clover), wilsonDdag(V, b, k, clover), { deflation });
  const plan = record((V, b, k, deflation) => inverse(V, b, k, deflation), U, source, kappa, modes);
  return (colour, spin) => plan.fresh(U, pointSource(source, colour, spin), kappa, modes);
}

/** Correlators of time slices t = 0 ... Lt - 1, summed over space, without sign or normalisation. */
export interface PionCorrelators {
  /** PP(t) = sum |S(x, 0)|^2 over all colours and spins. */
  readonly PP: Float64Array;
  /** Axial current gamma_t gamma_5 at the sink, gamma_5 at the source: AP(t) = - sum tr[gamma_t S S^+]. */
  readonly AP: Float64Array;
  /** PCAC mass [AP(t+1) - AP(t-1)] / (4 PP(t)), with periodic differences. */
  readonly pcacMass: Float64Array;
}

/** Pion correlators with point source at the origin and all source columns. @throws SolverError when the solver does not converge. */
export function wilsonPion(U: LinkField, options: WilsonOptions): PionCorrelators {
  guard("wilsonPion", { U: [U, kind.configuration], options: [options, is.keysOf("kappa", "clover", "boundary", "solver", "deflate")] });
  const { lattice, N } = U;
  const gammaT = gamma(lattice, lattice.dim - 1);
  const spins = gammaT.length;
  const T = lattice.extents[lattice.dim - 1]!;
  const column = wilsonColumns(U, options);
  const [PP, AP] = [new Float64Array(T), new Float64Array(T)];
  for (let c = 0; c < N; c++)
    for (let s = 0; s < spins; s++) {
      using S = column(c, s);
      const [pp, ap] = slices(lattice, 2, (sites, out) => {
        const x = S.readOwnSites(sites, new Float64Array(2 * N * spins * sites.length));
        for (let k = 0; k < sites.length * N; k++)
          for (let e = 0; e < spins; e++) {
            const [at, to] = [2 * k * spins, 2 * Math.floor(k / N)];
            const [re, im] = [x[at + 2 * e]!, x[at + 2 * e + 1]!];
            out[to]! += re * re + im * im;
            // Re of conj(S_e) gamma_ef S_f
            gammaT[e]!.forEach(([gr, gi], f) => {
              const [fr, fi] = [x[at + 2 * f]!, x[at + 2 * f + 1]!];
              out[to + 1]! -= re * (gr * fr - gi * fi) + im * (gr * fi + gi * fr);
            });
          }
      });
      pp!.forEach((p, t) => (PP[t]! += p));
      ap!.forEach((p, t) => (AP[t]! += p));
    }
  return { PP, AP, pcacMass: PP.map((p, t) => (AP[(t + 1) % T]! - AP[(t + T - 1) % T]!) / (4 * p)) };
}
