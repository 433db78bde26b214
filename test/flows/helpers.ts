/** Shared by the tests of flows. */
import { type AlgebraField, metric } from "../../src/autograd/index.ts";

/** (X, Y) summed over links. */
export const inner = (X: AlgebraField, Y: AlgebraField): number => metric(X.N) * X.fields.reduce((s, f, mu) => s + f.toArray().reduce((t, x, i) => t + x * Y.toArray(mu)[i]!, 0), 0);

/** (F, F) of every link of a direction. */
export function squaresOf(F: AlgebraField, mu: number): number[] {
  const x = F.toArray(mu);
  const size = x.length / F.lattice.volume;
  return Array.from({ length: F.lattice.volume }, (_, n) => metric(F.N) * x.subarray(n * size, (n + 1) * size).reduce((s, y) => s + y * y, 0));
}
