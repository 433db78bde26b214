/**
 * Gaussian fields with a free choice of their propagator: phi = K z with the symmetric kernel K(d) = (1/V) sum_k lambda(k) cos(k d). lambda is the same for momenta that reflections (and, on
 * extents that are all equal, exchanges of directions) take to each other: lambda = e^c (2 k^2 + 2)^(-1/2), k^2 = sum 4 sin^2(k_mu/2), with a weight c for each such class; c = 0 is a free field of mass 1.
 * log det = sum_k log lambda(k). Couplings of one parity and the other change the two-point function at all momenta alike; this is what gives it its shape.
 */
import { type Lattice, type Real, type Scalar, add, exponential, neg, number, scale, scaleBy, shift } from "../../autograd/index.ts";
import { type WeightTree, scalarWeight } from "./weights.ts";

/** Sites, or momenta in units of 2 pi / L, by class. */
function classesOf(lattice: Lattice): readonly (readonly (readonly number[])[])[] {
  const { extents } = lattice;
  const equal = extents.every((L) => L === extents[0]);
  const classes = new Map<string, number[][]>();
  for (let n = 0; n < lattice.volume; n++) {
    const x = lattice.coordinates(n);
    const folded = x.map((c, mu) => Math.min(c, extents[mu]! - c));
    const key = (equal ? folded.toSorted((a, b) => a - b) : folded).join();
    classes.set(key, [...(classes.get(key) ?? []), x]);
  }
  return [...classes.values()];
}

export const freeFieldWeights = (lattice: Lattice): WeightTree => classesOf(lattice).map(() => scalarWeight());

/** K z with log det, or K^-1 phi with that of the inverse. */
export function freeField(z: Real, c: readonly Scalar[], back = false): { readonly field: Real; readonly logDet: Scalar } {
  const { lattice, tape } = z;
  const classes = classesOf(lattice);
  const log = classes.map((momenta, i) => {
    const k2 = momenta[0]!.reduce((s, p, mu) => s + 4 * Math.sin((Math.PI * p) / lattice.extents[mu]!) ** 2, 0);
    const one = add(c[i]!, number(tape, -0.5 * Math.log(2 * k2 + 2)));
    return back ? neg(one) : one;
  });
  const lambda = log.map((x) => exponential(x));
  const phase = (k: readonly number[], d: readonly number[]): number => Math.cos(k.reduce((s, p, mu) => s + (2 * Math.PI * p * d[mu]!) / lattice.extents[mu]!, 0));
  const terms = classes.map((sites) => {
    const kernel = classes.map((momenta, i) => scaleBy(momenta.reduce((s, k) => s + phase(k, sites[0]!), 0) / lattice.volume, lambda[i]!));
    const moved = sites.map((d) => shift(z, d));
    return scale(add(kernel[0]!, ...kernel.slice(1)), add(moved[0]!, ...moved.slice(1)));
  });
  const counts = log.map((x, i) => scaleBy(classes[i]!.length, x));
  return { field: add(terms[0]!, ...terms.slice(1)), logDet: add(counts[0]!, ...counts.slice(1)) };
}
