/** log det of exp(TA(M)) U at fixed W, M = W U^+, from the Jacobian itself: J = 1 + phi(A)(A/2 - D + Q) with phi(z) = (e^z - 1)/z as a power series, Q a symmetric form that is given. */
import { type CMatrix, combination, dagger, divide, identity, plus, product, scaled, trace, zeros } from "./matrix.ts";

const TERMS = 40;

/** (i/2)(E_ij + E_ji), (E_ij - E_ji)/2 for i < j, then diagonal ones: antihermitian with tr T_a T_b = -delta_ab / 2; i for N = 1. */
function generators(N: number): CMatrix[] {
  const matrix = (...entries: readonly (readonly [i: number, j: number, re: number, im: number])[]): CMatrix => {
    const m = zeros(N, N);
    for (const [i, j, re, im] of entries) [m.z[2 * (i * N + j)], m.z[2 * (i * N + j) + 1]] = [re, im];
    return m;
  };
  if (N === 1) return [matrix([0, 0, 0, 1])];
  const list: CMatrix[] = [];
  for (let i = 0; i < N; i++) for (let j = i + 1; j < N; j++) list.push(matrix([i, j, 0, 0.5], [j, i, 0, 0.5]), matrix([i, j, 0.5, 0], [j, i, -0.5, 0]));
  for (let d = 1; d < N; d++) {
    const f = 1 / Math.sqrt(2 * d * (d + 1));
    list.push(matrix(...Array.from({ length: d }, (_, k) => [k, k, 0, f] as const), [d, d, 0, -d * f]));
  }
  return list;
}

/** Entries (a, b <= a) of a symmetric form: of Re tr(T_a B T_b B), Re [tr(T_a B) tr(T_b B)] and Re [tr(T_a B) tr(T_b B)^*]. */
export function adjointForm(B: CMatrix, factors: Readonly<Record<string, number>>): number[] {
  const { twist = 0, square = 0, modulus = 0 } = factors;
  const TB = generators(B.rows).map((T) => product(T, B));
  return TB.flatMap((x, a) =>
    TB.slice(0, a + 1).map((y) => {
      const [[p, q], [r, s]] = [trace(x), trace(y)] as [[number, number], [number, number]];
      return twist * trace(product(x, y))[0]! + square * (p * r - q * s) + modulus * (p * r + q * s);
    }),
  );
}

export function updateLogDet(M: CMatrix, form?: Float64Array): number {
  const N = M.rows;
  if (N === 1) return Math.log(1 - M.z[0]! + (form?.[0] ?? 0));
  const T = generators(N);
  const [X, P] = [combination(0.5, M, -0.5, dagger(M)), combination(0.5, M, 0.5, dagger(M))];
  const d = T.length;
  const [A, D] = [zeros(d, d), zeros(d, d)];
  T.forEach((Ta, a) => T.forEach((Tb, b) => {
    A.z[2 * (a * d + b)] = -2 * trace(product(Ta, combination(1, product(X, Tb), -1, product(Tb, X))))[0];
    D.z[2 * (a * d + b)] = -trace(product(Ta, plus(product(P, Tb), product(Tb, P))))[0] - (form?.[(Math.max(a, b) * (Math.max(a, b) + 1)) / 2 + Math.min(a, b)] ?? 0);
  }));
  let [phi, power] = [zeros(d, d), identity(d)];
  for (let k = 0; k < TERMS; k++) {
    phi = plus(phi, scaled(1 / (k + 1), power));
    power = scaled(1 / (k + 1), product(power, A));
  }
  const J = plus(identity(d), product(phi, combination(0.5, A, -1, D)));
  return Math.log(divide(J, identity(d)).determinant[0]);
}
