/** log det of exp(TA(M)) U at fixed W, M = W U^+, from the Jacobian itself: J = 1 + phi(A)(A/2 - D) with phi(z) = (e^z - 1)/z as a power series. */
import { type CMatrix, combination, dagger, divide, identity, plus, product, scaled, trace, zeros } from "./matrix.ts";

const TERMS = 40;

/** Orthogonal antihermitian traceless matrices with tr T_a T_b = -delta_ab / 2; i for N = 1. */
function generators(N: number): CMatrix[] {
  const matrix = (...entries: readonly (readonly [i: number, j: number, re: number, im: number])[]): CMatrix => {
    const m = zeros(N, N);
    for (const [i, j, re, im] of entries) [m.z[2 * (i * N + j)], m.z[2 * (i * N + j) + 1]] = [re, im];
    return m;
  };
  const list: CMatrix[] = [];
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < i; j++) list.push(matrix([i, j, 0.5, 0], [j, i, -0.5, 0]), matrix([i, j, 0, 0.5], [j, i, 0, 0.5]));
    const f = 1 / Math.sqrt(2 * i * (i + 1));
    if (i > 0) list.push(matrix(...Array.from({ length: i }, (_, k) => [k, k, 0, f] as const), [i, i, 0, -i * f]));
  }
  return list;
}

export function updateLogDet(M: CMatrix): number {
  const N = M.rows;
  if (N === 1) return Math.log(1 - M.z[0]!);
  const T = generators(N);
  const [X, P] = [combination(0.5, M, -0.5, dagger(M)), combination(0.5, M, 0.5, dagger(M))];
  const d = T.length;
  const [A, D] = [zeros(d, d), zeros(d, d)];
  T.forEach((Ta, a) => T.forEach((Tb, b) => {
    A.z[2 * (a * d + b)] = -2 * trace(product(Ta, combination(1, product(X, Tb), -1, product(Tb, X))))[0];
    D.z[2 * (a * d + b)] = -trace(product(Ta, plus(product(P, Tb), product(Tb, P))))[0];
  }));
  let [phi, power] = [zeros(d, d), identity(d)];
  for (let k = 0; k < TERMS; k++) {
    phi = plus(phi, scaled(1 / (k + 1), power));
    power = scaled(1 / (k + 1), product(power, A));
  }
  const J = plus(identity(d), product(phi, combination(0.5, A, -1, D)));
  return Math.log(divide(J, identity(d)).determinant[0]);
}
