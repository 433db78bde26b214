/** Dirac operators as dense matrices written out from their formulas site by site, with boundary phases and gamma matrices of this file's own. */
import type { LinkField } from "gaugegrad";
import { type ComplexMatrix, combine, product } from "./complex-matrix.ts";
import { HostLinks, dagger, multiply } from "../gauge/host.ts";

type C = readonly [re: number, im: number];
const zero = (n: number): ComplexMatrix => ({ n, data: new Float64Array(2 * n * n) });
export const identity = (n: number): ComplexMatrix => ({ n, data: Float64Array.from({ length: 2 * n * n }, (_, k) => Number(k % (2 * (n + 1)) === 0)) });
const matrix = (rows: readonly (readonly C[])[]): ComplexMatrix => ({ n: rows.length, data: Float64Array.from(rows.flat(2)) });
export const adjoint = (m: ComplexMatrix): ComplexMatrix => ({ n: m.n, data: dagger(m.data, m.n) });

const [o, e, i, me, mi]: readonly C[] = [[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]];
/** Dirac-Pauli matrices in four dimensions, Pauli matrices 2, 3 in two: another basis than the package's. */
export const gammas: Readonly<Record<number, readonly ComplexMatrix[]>> = {
  2: [matrix([[o!, mi!], [i!, o!]]), matrix([[e!, o!], [o!, me!]])],
  4: [
    matrix([[o!, o!, o!, mi!], [o!, o!, mi!, o!], [o!, i!, o!, o!], [i!, o!, o!, o!]]),
    matrix([[o!, o!, o!, me!], [o!, o!, e!, o!], [o!, e!, o!, o!], [me!, o!, o!, o!]]),
    matrix([[o!, o!, mi!, o!], [o!, o!, o!, i!], [i!, o!, o!, o!], [o!, mi!, o!, o!]]),
    matrix([[e!, o!, o!, o!], [o!, e!, o!, o!], [o!, o!, me!, o!], [o!, o!, o!, me!]]),
  ],
};

/** Of a vector over the boundary: psi(n + L mu) = sign e^{i angle} psi(n). */
export interface Phases {
  readonly boundary?: readonly number[];
  readonly twist?: readonly number[];
}

/** Adds z (colour x spin) to the block from site m to site n; index = (site N + colour) spins + spin. */
function put(D: ComplexMatrix, n: number, m: number, colour: Float64Array, N: number, spin: ComplexMatrix, z: C): void {
  const S = spin.n;
  for (let a = 0; a < N; a++)
    for (let b = 0; b < N; b++)
      for (let s = 0; s < S; s++)
        for (let t = 0; t < S; t++) {
          const [u, v, p, q] = [colour[2 * (a * N + b)]!, colour[2 * (a * N + b) + 1]!, spin.data[2 * (s * S + t)]!, spin.data[2 * (s * S + t) + 1]!];
          const [x, y] = [u * p - v * q, u * q + v * p];
          const at = 2 * (((n * N + a) * S + s) * D.n + (m * N + b) * S + t);
          D.data[at]! += z[0] * x - z[1] * y;
          D.data[at + 1]! += z[0] * y + z[1] * x;
        }
}

/** Sum over hops of w_mu(n) A_mu U_mu(n) psi(n + mu) + w_mu(n - mu) B_mu U_mu(n - mu)^+ psi(n - mu). */
function hops(U: LinkField, A: readonly ComplexMatrix[], B: readonly ComplexMatrix[], { boundary, twist }: Phases, w: (x: readonly number[], mu: number) => number = () => 1): ComplexMatrix {
  const { lattice, N } = U;
  const links = new HostLinks(U);
  const D = zero(lattice.volume * N * A[0]!.n);
  for (let n = 0; n < lattice.volume; n++)
    lattice.extents.forEach((L, mu) => {
      const x = lattice.coordinates(n);
      const over = x[mu] === L - 1;
      const sign = w(x, mu) * (over ? (boundary?.[mu] ?? (mu === lattice.dim - 1 ? -1 : 1)) : 1);
      const theta = over ? (twist?.[mu] ?? 0) : 0;
      const m = lattice.site(x.map((c, nu) => (nu === mu ? c + 1 : c)));
      const u = links.link(x, mu);
      put(D, n, m, u, N, A[mu]!, [sign * Math.cos(theta), sign * Math.sin(theta)]);
      put(D, m, n, dagger(u, N), N, B[mu]!, [sign * Math.cos(theta), -sign * Math.sin(theta)]);
    });
  return D;
}

/** m + D of one staggered field, eta_mu = (-1)^{x_0 + ... + x_{mu-1}}. */
export function hostStaggered(U: LinkField, mass: number, phases: Phases = {}): ComplexMatrix {
  const { dim } = U.lattice;
  const one = (x: number) => Array.from({ length: dim }, () => matrix([[[x, 0]]]));
  const D = hops(U, one(0.5), one(-0.5), phases, (x, mu) => 1 - 2 * (x.slice(0, mu).reduce((s, c) => s + c, 0) % 2));
  return combine(1, D, mass, identity(D.n));
}

/** sum_mu [(1 - gamma_mu) U psi(n + mu) + (1 + gamma_mu) U^+ psi(n - mu)]. */
export function hostHopping(U: LinkField, phases: Phases): ComplexMatrix {
  const g = gammas[U.lattice.dim]!;
  const one = identity(g[0]!.n);
  return hops(U, g.map((m) => combine(1, one, -1, m)), g.map((m) => combine(1, one, 1, m)), phases);
}

/** 1 - kappa Hop - kappa c_SW sum_{m<n} gamma_m gamma_n F_mn, F = (Q - Q^+)/8 with the four leaves. */
export function hostWilson(U: LinkField, kappa: number, clover = 0, phases: Phases = {}): ComplexMatrix {
  const { lattice, N } = U;
  const [g, links] = [gammas[lattice.dim]!, new HostLinks(U)];
  const hopping = hostHopping(U, phases);
  const D = combine(1, identity(hopping.n), -kappa, hopping);
  for (let n = 0; n < lattice.volume; n++)
    for (let mu = 0; mu < lattice.dim && clover !== 0; mu++)
      for (let nu = mu + 1; nu < lattice.dim; nu++) {
        const [a, b] = [mu + 1, nu + 1];
        const Q = [[a, b, -a, -b], [b, -a, -b, a], [-a, -b, a, b], [-b, a, b, -a]].map((path) => links.product(lattice.coordinates(n), path)).reduce((s, m) => s.map((v, k) => v + m[k]!));
        const Qd = dagger(Q, N);
        put(D, n, n, Q.map((v, k) => (v - Qd[k]!) / 8), N, product(g[mu]!, g[nu]!), [-kappa * clover, 0]);
      }
  return D;
}

/** gamma_5 on all sites and colours. */
export function hostGamma5({ lattice, N }: LinkField): ComplexMatrix {
  const g = gammas[lattice.dim]!;
  // i gamma_1 gamma_2 in two dimensions up to a sign that no determinant sees
  const five = lattice.dim === 4 ? g.reduce((s, m) => product(s, m)) : { n: 2, data: multiply(product(g[0]!, g[1]!).data, matrix([[i!, o!], [o!, i!]]).data, 2) };
  const out = zero(lattice.volume * N * five.n);
  const unit = Float64Array.from({ length: 2 * N * N }, (_, k) => Number(k % (2 * (N + 1)) === 0));
  for (let n = 0; n < lattice.volume; n++) put(out, n, n, unit, N, five, [1, 0]);
  return out;
}

/** D_W = (dim - M5) - Hop/2. */
export function hostKernel(U: LinkField, height: number, phases: Phases = {}): ComplexMatrix {
  const hopping = hostHopping(U, phases);
  return combine(U.lattice.dim - height, identity(hopping.n), -0.5, hopping);
}

/** D_W (b + c S) + 1 - S of Ls slices; index = slice n + the rest. */
export function hostDomainWall(U: LinkField, { mass, Ls, height, b, c, ...phases }: Phases & { readonly mass: number; readonly Ls: number; readonly height: number; readonly b: number; readonly c: number }): ComplexMatrix {
  const [W, g5] = [hostKernel(U, height, phases), hostGamma5(U)];
  const { n } = W;
  const P = [combine(0.5, identity(n), -0.5, g5), combine(0.5, identity(n), 0.5, g5)];
  const D = zero(Ls * n);
  const add = (s: number, t: number, A: ComplexMatrix, x: number): void => {
    for (let r = 0; r < n; r++) for (let k = 0; k < 2 * n; k++) D.data[2 * ((s * n + r) * D.n + t * n) + k]! += x * A.data[2 * r * n + k]!;
  };
  for (let s = 0; s < Ls; s++) {
    add(s, s, W, b);
    add(s, s, identity(n), 1);
    // S psi_s = P_- psi_{s+1} + P_+ psi_{s-1}, with -m around
    [[(s + 1) % Ls, s === Ls - 1, P[0]!], [(s + Ls - 1) % Ls, s === 0, P[1]!]].forEach(([t, around, A]) => {
      const x = around ? -mass : 1;
      add(s, t as number, product(W, A as ComplexMatrix), c * x);
      add(s, t as number, A as ComplexMatrix, -x);
    });
  }
  return D;
}
