/**
 * The overlap operator without eigenvectors: sign(H) by Newton's iteration X <- (X + X^{-1})/2, tanh(L artanh H) by powers, and derivatives by functions
 * of block matrices, f([[H, E], [0, H]]) = [[f(H), L(E)], [0, f(H)]] with L the derivative along E; tr(M L(E)) = tr(L(M) E).
 */
import type { OverlapWork } from "../../autograd/index.ts";
import { type Dense, combined, diagonal, eliminated, times } from "./matrices.ts";

const inverse = (a: Dense): Dense => eliminated(a).inverse;

function epsilon(H: Dense, Ls: number): Dense {
  if (Ls === 0) {
    let X = H;
    for (let k = 0; k < 100; k++) {
      const next = combined(0.5, X, 0.5, inverse(X));
      const change = Math.max(...next.map((row, i) => Math.max(...row.map((v, j) => Math.abs(v - X[i]![j]!)))));
      X = next;
      if (change < 1e-14) break;
    }
    return X;
  }
  const one = diagonal(H.map(() => 1));
  const power = (s: number): Dense => Array.from({ length: Ls }).reduce((p: Dense) => times(p, combined(1, one, s, H)), one);
  const [p, q] = [power(1), power(-1)];
  return times(combined(1, p, -1, q), inverse(combined(1, p, 1, q)));
}

/** ln |det D(m)| and its phase, the matrix K with d ln |det D| = Re tr(K dA), and the derivative by m. */
export function overlapOf(A: Dense, { signature, b, c, Ls }: OverlapWork, m: number, spin: number): { readonly logAbs: number; readonly phase: [number, number]; readonly inverse: Dense; readonly mass: number } {
  const n = A.length;
  const one = diagonal(A.map(() => 1));
  const G = diagonal(A.map((_, r) => signature[r % spin]!));
  const B = inverse(combined(2, one, b - c, A));
  const H = times(G, times(A, B)).map((row) => row.map((v) => (b + c) * v));
  const eps = epsilon(H, Ls);
  const { logAbs, phase, inverse: D } = eliminated(combined((1 + m) / 2, one, (1 - m) / 2, times(G, eps)));
  const M = times(D, G).map((row) => row.map((v) => ((1 - m) / 2) * v));
  const block: Dense = [...H.map((row, i) => Float64Array.of(...row, ...M[i]!)), ...H.map((row) => Float64Array.of(...row.map(() => 0), ...row))];
  const L = epsilon(block, Ls).slice(0, n).map((row) => row.slice(2 * n));
  // dH = 2 (b + c) G B dA B
  const K = times(times(B, times(L, G)), B).map((row) => row.map((v) => 2 * (b + c) * v));
  const along = times(D, combined(0.5, one, -0.5, times(G, eps)));
  return { logAbs, phase, inverse: K, mass: along.reduce((s, row, i) => s + row[2 * i]!, 0) };
}
