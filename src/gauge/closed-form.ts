/** Fields without files or random numbers: the direction field X and the links K(N, kappa) = exp(kappa X). */
import { kind, DirectionalField, type AlgebraField, type Lattice, type LinkField, exp, record, scale } from "../autograd/index.ts";
import { guard, is } from "../util/index.ts";

/**
 * X_mu(n) = TA(M_mu(n)) with M_ab = sin(1 + 0.7a + 1.3b + 0.37(x+2y+3z+5t) + 0.91 mu) + i cos(0.5 + 1.1a - 0.6b + 0.23(3x+y+2z+7t) - 0.4 mu),
 * zero-based a, b, mu. In D dimensions the first D coordinates' weights are used, in the order x, y, z, t.
 */
export function directionField<N extends number>(lattice: Lattice, N: N): AlgebraField<N> {
  guard("directionField", { lattice: [lattice, kind.lattice], N: [N, kind.colours] });
  const [w, v] = [[1, 2, 3, 5], [3, 1, 2, 7]];
  const X = new DirectionalField(lattice, N, "algebra");
  const size = 2 * N * N;
  return X.set(
    lattice.extents.map((_, mu) => {
      const out = new Float64Array(lattice.batch * lattice.volume * size);
      const m = new Float64Array(size);
      for (let n = 0; n < lattice.volume; n++) {
        const x = lattice.coordinates(n);
        const [p, q] = [w, v].map((c) => x.reduce((s, xi, k) => s + c[k]! * xi, 0));
        for (let a = 0; a < N; a++)
          for (let b = 0; b < N; b++) {
            m[2 * (a * N + b)] = Math.sin(1 + 0.7 * a + 1.3 * b + 0.37 * p! + 0.91 * mu);
            m[2 * (a * N + b) + 1] = Math.cos(0.5 + 1.1 * a - 0.6 * b + 0.23 * q! - 0.4 * mu);
          }
        tracelessAntihermitian(m, N, out, n * size);
      }
      // every sample of a batch alike
      for (let b = 1; b < lattice.batch; b++) out.copyWithin(b * lattice.volume * size, 0, lattice.volume * size);
      return out;
    }),
  );
}

function tracelessAntihermitian(m: Float64Array, N: number, out: Float64Array, at: number): void {
  let trace = 0;
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < N; j++) {
      const [p, q] = [2 * (i * N + j), 2 * (j * N + i)];
      out[at + p] = (m[p]! - m[q]!) / 2;
      out[at + p + 1] = (m[p + 1]! + m[q + 1]!) / 2;
    }
    trace += m[2 * (i * N + i) + 1]!;
  }
  if (N > 1) for (let i = 0; i < N; i++) out[at + 2 * (i * N + i) + 1]! -= trace / N;
}

/** U_mu(n) = exp(kappa X_mu(n)) with X = directionField. */
export function closedFormLinks<N extends number>(lattice: Lattice, N: N, kappa: number): LinkField<N> {
  guard("closedFormLinks", { lattice: [lattice, kind.lattice], N: [N, kind.colours], kappa: [kappa, is.finite] });
  return exponentialLinks(directionField(lattice, N), kappa);
}

/** U_mu(n) = exp(kappa X_mu(n)). */
export function exponentialLinks<N extends number>(X: AlgebraField<N>, kappa: number): LinkField<N> {
  guard("exponentialLinks", { X: [X, kind.algebraField], kappa: [kappa, is.finite] });
  const U = new DirectionalField(X.lattice, X.N, "links");
  const plan = record((a, k) => exp(scale(k, a)), X.fields[0]!, kappa);
  // exp is closed at the site; a link has the same numbers and other end points
  X.fields.forEach((x, mu) => U.fields[mu]!.set(plan.run(x, kappa).toArray()));
  return U;
}
