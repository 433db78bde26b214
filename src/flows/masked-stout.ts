/**
 * Masked stout maps: sweeps of half steps, each of which moves the links of one direction on sites of one parity (with rectangles: of one of four
 * colours), U' = exp(TA(W U^+)) U, while everything that W is made of stands still. The Jacobian is block diagonal, one block a link.
 */
import {
  type Links, type Matrix, type Real, type Scalar, type TracedOf, add, addDisplacements, adj, atan, broadcast, exp, mask, merge, mul, number, reTrace, restrict, scale, scaleBy, shift, sub, sum, sumLogs, ta, updateLogDet,
} from "../autograd/index.ts";
import { ConfigurationError, GeometryError } from "../errors.ts";
import { loopStaple, namedLoops } from "../gauge/index.ts";
import { guard, is } from "../util/index.ts";
import { Bijection, type Image } from "./bijection.ts";
import { GATE_FEATURES, type StaplePair, gateFeatures } from "./gate.ts";
import { inverter, replaced } from "./half-step.ts";

/** Fixed weights of the staples: W = plaquette C + rectangle C_rect. */
export type StoutWeights = { readonly plaquette: number; readonly rectangle?: number };
/** Weights of the plaquette staples that depend on loops without active links: rho(n) = (2/pi) bound atan(bias + sum_k slopes_k f_k(n)). */
export type GateWeights = { readonly bias: number; readonly slopes: readonly number[] };
/** Weights of each sweep. */
export type StoutParameters = { readonly sweeps: readonly (StoutWeights | GateWeights)[] };

/** Options of `maskedStout`. */
export interface MaskedStoutOptions {
  /** Weight of the staples; a positive one smooths. Default 0.1. One to one for |rho| < 1/(2(D-1)) (arXiv:0907.5491 takes 1/8 in four dimensions). */
  readonly rho?: number | StoutWeights;
  /** Number of sweeps over all links; default 1. */
  readonly sweeps?: number;
  /** Weights that see loops without active links, of size below `bound`; default 3/4 of the largest that is one to one, 1/(2(D-1)). */
  readonly gate?: { readonly bound?: number; readonly bias?: number; readonly slopes?: readonly number[] };
}

/** The links that a half step moves: direction, and parity of their sites or colour. */
interface HalfStep {
  readonly mu: number;
  readonly part: number;
}

/** The links behind a half step, and on the sites of the moved ones the update M = W U^+ by itself. */
interface Moved {
  readonly links: Links;
  readonly update: Matrix;
}

/** How a half step is made. */
interface Kind {
  /** Parts of a direction: 2 parities, 4 colours. */
  readonly parts: number;
  readonly step: (U: Links, half: HalfStep, weights: never) => Moved;
}

const PARITY = ["even", "odd"] as const;
/** The plaquette staples of U_mu on one parity, from factors on that parity alone. */
function staplesOn(U: Links, mu: number, parity: "even" | "odd"): StaplePair[] {
  const { lattice } = U;
  const on = (nu: number, d?: readonly number[]): Matrix => restrict(d ? shift(U[nu]!, d) : U[nu]!, parity);
  return lattice.extents.flatMap((_, nu) => {
    if (nu === mu) return [];
    const [up, down, right] = [lattice.step(nu), lattice.step(nu, -1), lattice.step(mu)];
    return [{ above: mul(mul(on(nu), on(mu, up)), adj(on(nu, right))), below: mul(adj(on(nu, down)), mul(on(mu, down), on(nu, addDisplacements(down, right)))) }];
  });
}

/** One half step by parity with the weight rho(U): only active links are computed. */
function parityStep<W>(rho: (U: Links, half: HalfStep, weights: W, staples: readonly StaplePair[]) => Scalar | Real): (U: Links, half: HalfStep, weights: W) => Moved {
  return (U, half, weights) => {
    const { mu, part } = half;
    const [active, frozen] = [restrict(U[mu]!, PARITY[part]!), restrict(U[mu]!, PARITY[1 - part]!)];
    const staples = staplesOn(U, mu, PARITY[part]!);
    const [first, ...rest] = staples.flatMap(({ above, below }) => [above, below]);
    const M = mul(scale(rho(U, half, weights, staples), add(first!, ...rest)), adj(active));
    const moved = mul(exp(ta(M)), active);
    return { links: replaced(U, mu, part === 0 ? merge(moved, frozen) : merge(frozen, moved)), update: M };
  };
}

const constantStep: Kind = { parts: 2, step: parityStep((_U, _half, w: TracedOf<StoutWeights>) => w.plaquette) };

/** The weight from the loops around each active link. */
const gatedStep = (bound: number | undefined): Kind => ({
  parts: 2,
  step: parityStep((U, { mu, part }, { bias, slopes }: TracedOf<GateWeights>, staples) => {
    const largest = bound ?? 0.75 / (2 * (U.lattice.dim - 1));
    const features = gateFeatures(U, mu, PARITY[part]!, staples);
    return scaleBy((2 / Math.PI) * largest, atan(features.reduce((x: Real, f, k) => add(x, scale(slopes[k]!, f)), broadcast(bias, PARITY[part]!))));
  }),
});

/** With rectangles: the colour (2 n_mu + the other coordinates) mod 4 separates all mu links of the loops through one of them. W is computed everywhere and masked. */
const rectangleStep: Kind = {
  parts: 4,
  step: (U, { mu, part }, w: TracedOf<Required<StoutWeights>>) => {
    const staple = (name: "plaquette" | "rectangle"): Matrix => scale(w[name], loopStaple(U, namedLoops(U.lattice, name), mu));
    const colour = (x: readonly number[]): number => (x.reduce((s, c) => s + c, 0) + x[mu]!) % 4;
    const M = mask(mul(add(staple("plaquette"), staple("rectangle")), adj(U[mu]!)), `colour ${part} of direction ${mu}`, (x) => colour(x) === part);
    return { links: replaced(U, mu, mul(exp(ta(M)), U[mu]!)), update: M };
  },
};

/** The half steps of a sweep in their order. @throws GeometryError for extents on which the masks do not close. */
function halfSteps(extents: readonly number[], { parts }: Kind): HalfStep[] {
  if (extents.some((L) => L % parts !== 0)) throw new GeometryError(`masked stout: got extents ${extents.join("x")}, expected multiples of ${parts}: its masks do not close around the lattice otherwise`);
  return extents.flatMap((_, mu) => Array.from({ length: parts }, (__, part) => ({ mu, part })));
}

/**
 * log det of updates one after the other. Those of U(1) have the determinants 1 - Re M, whose logarithms are taken together, site by site: with wide
 * matrices a logarithm is little beside the rest, and its series goes with its own update.
 */
function logDetOf(updates: readonly Matrix[]): Scalar {
  const N = updates[0]!.type.N;
  if (N > 1) return total(updates.map((M) => sum(updateLogDet(M))));
  const domains = [...new Set(updates.map((M) => M.type.domain))];
  return total(domains.map((d) => sum(sumLogs(updates.filter((M) => M.type.domain === d).map((M) => sub(broadcast(number(M.tape, 1), d), reTrace(M)))))));
}

const image = ({ links, update }: Moved): Image => ({ links, logDet: logDetOf([update]) });

const total = (terms: readonly Scalar[]): Scalar => (terms.length > 1 ? add(terms[0]!, ...terms.slice(1)) : terms[0]!);

/** The map of one half step by itself. */
function halfMap(half: HalfStep, { step }: Kind, weights: unknown): Bijection<number, unknown> {
  return new Bijection<number, unknown>(`direction ${half.mu}, part ${half.part}`, weights, ((V: Links, w: never) => image(step(V, half, w))) as never, { invert: inverter("masked stout", half.mu, (V, w) => image(step(V, half, w as never))) });
}

/**
 * Sweeps of masked stout steps as one bijection with exact log det (arXiv:hep-lat/0311018, 0907.5491): for mu = 0, 1, ... the even, then the odd sites; with a
 * rectangle weight the four colours in their order. U(1) and SU(2) to SU(4), 2 to 4 dimensions. Gauge covariant; masks break translations to those by even
 * vectors, their order breaks rotations.
 * @throws ConfigurationError for weights that do not fit together; GeometryError, when it is used, for extents that are not multiples of 2 (rectangles: 4).
 */
export function maskedStout(options: MaskedStoutOptions = {}): Bijection<number, StoutParameters> {
  guard("maskedStout", { options: [options, is.keysOf("rho", "sweeps", "gate")] });
  const { rho = 0.1, sweeps = 1, gate } = options;
  guard("maskedStout", { sweeps: [sweeps, is.count], rho: [rho, is.either(is.finite, is.keysOf("plaquette", "rectangle"))], gate: [gate, is.optional(is.keysOf("bound", "bias", "slopes"))] });
  const fixed: StoutWeights = typeof rho === "number" ? { plaquette: rho } : rho;
  for (const [name, x] of Object.entries(fixed)) guard("maskedStout", { [name]: [x, is.finite] });
  const { bound, bias = 0, slopes = Array.from({ length: GATE_FEATURES }, () => 0) } = gate ?? {};
  guard("maskedStout", { "gate.bound": [bound, is.optional(is.positive)], "gate.bias": [bias, is.finite], "gate.slopes": [slopes, is.listOf(is.finite, GATE_FEATURES)] });
  if (gate !== undefined && options.rho !== undefined) throw new ConfigurationError("maskedStout: got rho and gate, expected one of them: the gate gives the weights");
  if (slopes.length !== GATE_FEATURES) throw new ConfigurationError(`maskedStout: got ${slopes.length} slopes, expected ${GATE_FEATURES}, one a loop around the link`);
  if (!("plaquette" in fixed)) throw new ConfigurationError("maskedStout: got weights without a plaquette, expected { plaquette, rectangle }");
  const made = gate ? gatedStep(bound) : fixed.rectangle === undefined ? constantStep : rectangleStep;
  const start: StoutWeights | GateWeights = gate ? { bias, slopes } : fixed;

  const forward = (V: Links, p: TracedOf<StoutParameters>): Image => {
    const moved: Moved[] = [];
    let links = V;
    const halves = halfSteps(V.lattice.extents, made);
    (p.sweeps as readonly unknown[]).forEach((weights, s) => {
      for (const half of halves) {
        moved.push(V[0]!.tape.inLayer(`sweep ${s + 1}, ${V.lattice.axis(half.mu)} ${half.part}`, () => made.step(links, half, weights as never)));
        links = moved.at(-1)!.links;
      }
    });
    return { links, logDet: logDetOf(moved.map((m) => m.update)) };
  };
  const known = new Map<string, Bijection<number, unknown>>();
  const map = (half: HalfStep): Bijection<number, unknown> => {
    const key = `${half.mu} ${half.part}`;
    const found = known.get(key) ?? halfMap(half, made, start);
    known.set(key, found);
    return found;
  };
  return new Bijection<number, StoutParameters>("masked stout", { sweeps: Array.from({ length: sweeps }, () => start) }, forward as never, {
    steps: (p, lattice) => p.sweeps.flatMap((weights) => halfSteps(lattice.extents, made).map((half) => map(half).with(weights))),
  });
}
