/**
 * Scalar phi^4 theory and its coupling flow (arXiv:1904.12072): S = sum_n [ sum_mu (phi(n + mu) - phi(n))^2 + m^2 phi^2 + lambda phi^4 ]. Sites of one parity move,
 * phi' = phi e^s + t, s and t from networks on the others: t odd and s even, so that the model is symmetric under phi -> -phi.
 */
import { type Field, type Lattice, type Real, type Scalar, add, exponential, kind, mask, scale, scaleBy, shift, square, sub, sum, tanh } from "../../autograd/index.ts";
import { CovarianceError, GeometryError } from "../../errors.ts";
import { guard, is } from "../../util/index.ts";
import { type TracedConvolution, channel, convolutionWeights, convolve, lift } from "./convolution.ts";
import { type GenerativeModel, scalarModel } from "./model.ts";
import type { WeightTree } from "./weights.ts";

/** Couplings of phi^4 theory in the convention above. */
export interface Phi4Couplings {
  readonly m2: number;
  readonly lambda: number;
}

/** S of a traced field. */
export function phi4Action(phi: Real, couplings: Phi4Couplings): Scalar {
  guard("phi4Action", { phi: [phi, kind.real], couplings: [couplings, is.object] });
  const { m2, lambda } = couplings;
  guard("phi4Action", { m2: [m2, is.finite], lambda: [lambda, is.finite] });
  const squared = square(phi);
  const kinetic = phi.lattice.extents.map((_, mu) => square(sub(shift(phi, mu), phi)));
  return sum(add(kinetic[0]!, ...kinetic.slice(1), scaleBy(m2, squared), scaleBy(lambda, square(squared))));
}

/** Averages over one configuration: M = mean phi, its square (times V: chi2) and modulus, phi^2, phi^4, phi(n) phi(n + mu) over the directions. @throws CovarianceError for fields of another kind. */
export function phi4Values(phi: Field): Record<string, number> {
  guard("phi4Values", { phi: [phi, kind.field] });
  if (phi.type.kind !== "real") throw new CovarianceError(`phi4Values: got a ${phi.type.kind} field, expected one real number a site`);
  const { lattice } = phi;
  const x = phi.toArray();
  const V = lattice.volume;
  let [M, two, four, neighbours] = [0, 0, 0, 0];
  for (let n = 0; n < V; n++) {
    const y = x[n]!;
    M += y / V;
    two += (y * y) / V;
    four += y ** 4 / V;
    const at = lattice.coordinates(n);
    for (let mu = 0; mu < lattice.dim; mu++) neighbours += (y * x[lattice.site(at.map((c, k) => (k === mu ? c + 1 : c)))]!) / (V * lattice.dim);
  }
  return { M, modulus: Math.abs(M), chi2: V * M * M, phi2: two, phi4: four, neighbours };
}

/** Size of the flow. */
export interface Phi4FlowOptions extends Phi4Couplings {
  readonly lattice: Lattice;
  readonly seed: number;
  /** Coupling layers, alternating in parity; default 16. */
  readonly layers?: number;
  /** Complex channels of the networks; default 4. */
  readonly channels?: number;
  /** Convolutions of a network; default 3. */
  readonly depth?: number;
}

type TracedLayer = { readonly s: TracedConvolution; readonly t: TracedConvolution };

function layerOf(phi: Real, parity: number, w: TracedLayer, channels: number): { readonly field: Real; readonly logDet: Scalar } {
  const on = (x: Real, p: number): Real => mask(x, p === 0 ? "even" : "odd", (at) => at.reduce((a, b) => a + b, 0) % 2 === p);
  const frozen = on(phi, 1 - parity);
  const active = on(phi, parity);
  // an odd network of phi, and one of phi^2
  const t = on(channel(convolve(lift(frozen, channels), w.t, "tanh"), 0), parity);
  const s = on(tanh(channel(convolve(lift(square(frozen), channels), w.s), 0)), parity);
  return { field: add(frozen, scale(exponential(s), active), t), logDet: sum(s) };
}

/** A generative model of exp(-S) for phi^4. @throws GeometryError for odd extents. */
export function phi4Flow(options: Phi4FlowOptions): GenerativeModel {
  guard("phi4Flow", { options: [options, is.keysOf("lattice", "seed", "m2", "lambda", "layers", "channels", "depth")] });
  const { lattice, seed, layers = 16, channels = 4, depth = 3, m2, lambda } = options;
  guard("phi4Flow", { lattice: [lattice, kind.lattice], m2: [m2, is.finite], lambda: [lambda, is.finite], seed: [seed, is.integer], layers: [layers, is.count], channels: [channels, is.count], depth: [depth, is.count] });
  if (!lattice.bipartite) throw new GeometryError(`phi4Flow: got ${lattice}, expected even extents: parity does not close around the lattice otherwise`);
  const weights: WeightTree = Array.from({ length: layers }, () => ({
    s: convolutionWeights(lattice, { channels, depth, biases: true }),
    t: convolutionWeights(lattice, { channels, depth, biases: false }),
  }));
  return scalarModel({
    name: `phi^4 coupling flow of ${layers} layers`, lattice, weights, seed,
    image: (z, p: readonly TracedLayer[]) => {
      let field = z;
      const terms: Scalar[] = [];
      p.forEach((w, k) => {
        const image = layerOf(field, k % 2, w, channels);
        field = image.field;
        terms.push(image.logDet);
      });
      return { field, logDet: add(terms[0]!, ...terms.slice(1)) };
    },
    action: (phi) => phi4Action(phi, { m2, lambda }),
    measure: (phi) => phi4Values(phi),
  });
}
