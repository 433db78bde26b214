/**
 * Measurements with one staggered field M = m + D (4 tastes in 4D): chiral condensate, pion correlator, pseudofermion action. Traces run over
 * colour and sites and are not divided by N. All solves are on even sites, M^{-1} = M^+ (m^2 - D^2)^{-1}.
 */
import { kind, Field, type LinkField, type Scalar, type Vector, type VectorType, atOnce, dot, forOwnSites, merge, neg, scale, solve, sum } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { PURPOSE, jackknife, randomStream, guard, is } from "../util/index.ts";
import { cachedPlan, perObject } from "./cached-plan.ts";
import { closedFormSource } from "./closed-form.ts";
import { pointSource } from "./point-source.ts";
import { slices } from "./slices.ts";
import { type StaggeredOptions, evenTrace, lowModes } from "./spectrum.ts";
import { STAGGERED, type StaggeredOperator, massive, staggered, staggeredType, twistedOperator } from "./staggered.ts";

type Even = Field<VectorType>;
type Modes = readonly Even[];

/** Sites that are drawn together. */
const PIECE = 4096;

/** Of measurements with many solves on one configuration. */
export interface DeflationOptions {
  /** Number of lowest eigenvectors of M^+M that are computed first and kept out of all solves; default 0. Pays for light masses and many sources. */
  readonly deflate?: number;
}

/** The lowest eigenvectors of a staggered field, on even sites. */
function modesOf(U: LinkField, { deflate = 0, ...of }: StaggeredOptions & DeflationOptions): Modes {
  guard("deflate", { deflate: [deflate, is.natural] });
  return deflate === 0 ? [] : lowModes(U, staggered(of), { count: deflate }).vectors;
}

/** phi^+ (m^2 - D^2)^{-1} phi. */
const quadraticForm = perObject((operator: StaggeredOperator) =>
  cachedPlan<[LinkField, Even, number, Modes], Scalar>((U, phi, m, deflation) => {
    const D = operator(U);
    return sum(dot(phi, solve((x: Vector) => massive(D, x, m), phi, { deflation })));
  }),
);

/** M^{-1} b for b on even sites. */
const propagator = perObject((operator: StaggeredOperator) =>
  cachedPlan<[LinkField, Even, number, Modes], Vector>((U, b, m, deflation) => {
    const D = operator(U);
    const x = solve((v: Vector) => massive(D, v, m), b, { deflation });
    return merge(scale(m, x), neg(D(x)));
  }),
);

/** How the trace of the condensate is taken. */
export type CondensateMethod = "exact" | { readonly sources: number; readonly seed: number; readonly stream?: number };

/**
 * pbp = (1/V) tr M^{-1} = (2m/V) tr_e (m^2 - D^2)^{-1}. "exact": from the dense matrix of dimension N V / 2 (at most 6144), error 0. With
 * `sources` >= 2: mean over Z4 noise (1, i, -1, -i) on even sites and its jackknife error. The condensate of N_f flavours in 4D is N_f/4 of it.
 * @throws ConfigurationError for fewer than two sources, GeometryError when the exact value is out of reach.
 */
export function chiralCondensate(U: LinkField, options: StaggeredOptions & DeflationOptions & { readonly method?: CondensateMethod }): { readonly value: number; readonly error: number } {
  guard("chiralCondensate", { U: [U, kind.configuration], options: [options, is.keysOf(...STAGGERED, "deflate", "method")] });
  const { method = "exact", deflate, ...of } = options;
  const { mass, boundary } = of;
  const { lattice, N } = U;
  const norm = (2 * mass) / lattice.volume;
  if (method === "exact") return { value: norm * evenTrace(U, of), error: 0 };
  const { sources, seed, stream = 0 } = method;
  if (!Number.isInteger(sources) || sources < 2) throw new ConfigurationError(`chiralCondensate: got ${sources} sources, expected at least 2, so that there is an error`);
  const eta = new Field(lattice, staggeredType(lattice, N, { boundary, domain: "even" }));
  const deflation = modesOf(U, { ...of, ...(deflate === undefined ? {} : { deflate }) });
  const plan = quadraticForm(twistedOperator(of))(U, eta, mass, deflation);
  const random = randomStream(seed, stream);
  const pair = new Float64Array(2);
  const values = Array.from({ length: sources }, (_, k) => {
    forOwnSites(lattice, atOnce(lattice, PIECE), (sites) => {
      const data = new Float64Array(2 * N * sites.length);
      for (let at = 0; at < N * sites.length; at++) {
        random.uniforms(sites[Math.floor(at / N)]!, at % N, k, PURPOSE.noise, pair);
        const quarter = Math.floor(4 * pair[0]!);
        data[2 * at] = [1, 0, -1, 0][quarter]!;
        data[2 * at + 1] = [0, 1, 0, -1][quarter]!;
      }
      eta.writeSites(sites, data);
    });
    return norm * plan.run(U, eta, mass, deflation);
  });
  for (const field of [eta, ...deflation]) field[Symbol.dispose]();
  const { mean, error } = jackknife(values);
  return { value: mean, error };
}

/**
 * C(t) = sum_{x,y,z} sum_{a,b} |M^{-1}(x,a; 0,b)|^2, t = 0 ... Lt - 1: point source at the origin, all source and sink colours, no sign or
 * normalisation. m sum_t C(t) = Re sum_a M^{-1}(0,a; 0,a).
 * @throws SolverError when the solver does not converge.
 */
export function pionCorrelator(U: LinkField, options: StaggeredOptions & DeflationOptions): Float64Array {
  guard("pionCorrelator", { U: [U, kind.configuration], options: [options, is.keysOf(...STAGGERED, "deflate")] });
  const { lattice, N } = U;
  const C = new Float64Array(lattice.extents[lattice.dim - 1]!);
  const { deflate: _, ...of } = options;
  const deflation = modesOf(U, options);
  for (let b = 0; b < N; b++) {
    using G = columnOf(U, b, of, deflation);
    const [sums] = slices(lattice, 1, (sites, out) => {
      const x = G.readOwnSites(sites, new Float64Array(2 * N * sites.length));
      for (let i = 0; i < x.length; i++) out[Math.floor(i / (2 * N))]! += x[i]! * x[i]!;
    });
    sums!.forEach((c, t) => (C[t]! += c));
  }
  for (const v of deflation) v[Symbol.dispose]();
  return C;
}

/** M^{-1}(n,a; 0,colour) in canonical order: sites, colours, (re, im). */
export function pointPropagator(U: LinkField, colour: number, options: StaggeredOptions): Float64Array {
  guard("pointPropagator", { U: [U, kind.configuration], colour: [colour, is.natural], options: [options, is.keysOf(...STAGGERED)] });
  using G = columnOf(U, colour, options, []);
  return G.toArray();
}

function columnOf(U: LinkField, colour: number, options: StaggeredOptions, deflation: Modes): Field<VectorType> {
  const { lattice, N } = U;
  const { mass, boundary } = options;
  const source = new Field(lattice, staggeredType(lattice, N, { boundary, domain: "even" }));
  const G = propagator(twistedOperator(options))(U, source, mass, deflation).fresh(U, pointSource(source, colour), mass, deflation);
  source[Symbol.dispose]();
  return G;
}

/** S_f = phi^+ [(m^2 - D^2)_ee]^{-1} phi for a phi on even sites; default: the closed-form source. */
export function pseudofermionAction(U: LinkField, options: StaggeredOptions & { readonly phi?: Even }): number {
  guard("pseudofermionAction", { U: [U, kind.configuration], options: [options, is.keysOf(...STAGGERED, "phi")] });
  const { phi, ...of } = options;
  const { mass, boundary } = of;
  const source = phi ?? closedFormSource(U.lattice, U.N, boundary);
  return quadraticForm(twistedOperator(of))(U, source, mass, []).run(U, source, mass, []);
}
