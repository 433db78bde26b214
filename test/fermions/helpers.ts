/** Shared by the fermion tests: norms of force fields, derivative along the direction field, a dense Dirac operator on host arrays. */
import { type AlgebraField, type DiracOperator, DirectionalField, Field, type Lattice, type LinkField, type Links, type Vector, type VectorType, closedFormLinks, directionField, exp, lattice, mul, number, record, scale, spinOf } from "gaugegrad";

/** F2 = sum over links of sum_a (F^a)^2, its largest link, and the product with the direction field X. */
export function forceNorms(F: AlgebraField): { F2: number; F2max: number; dSX: number } {
  const { lattice, N } = F;
  const metric = N === 1 ? 1 : 2;
  const X = directionField(lattice, N);
  const size = 2 * N * N;
  let [F2, F2max, dSX] = [0, 0, 0];
  for (let mu = 0; mu < lattice.dim; mu++) {
    const [f, x] = [F.toArray(mu), X.toArray(mu)];
    for (let n = 0; n < lattice.volume; n++) {
      let link = 0;
      for (let i = n * size; i < (n + 1) * size; i++) {
        link += metric * f[i]! ** 2;
        dSX += metric * f[i]! * x[i]!;
      }
      F2 += link;
      F2max = Math.max(F2max, link);
    }
  }
  return { F2, F2max, dSX };
}

/** exp(s X) U with the direction field X. */
export function moved<N extends number>(U: LinkField<N>, s: number): LinkField<N> {
  const X = directionField(U.lattice, U.N);
  const plan = record((u, x, t) => u.map((mu) => mul(exp(scale(t, x[mu]!)), u[mu]!)), U, X, s);
  return plan.fresh(U, X, s) as LinkField<N>;
}

/** Richardson-extrapolated central difference of f along the direction field: error O(h^4). */
export function alongDirection<N extends number>(f: (U: LinkField<N>) => number, U: LinkField<N>, h: number): number {
  const central = (e: number): number => (f(moved(U, e)) - f(moved(U, -e))) / (2 * e);
  return (4 * central(h / 2) - central(h)) / 3;
}

/** A complex square matrix, row by row, (re, im). */
export interface Dense {
  readonly n: number;
  readonly data: Float64Array;
}

/** D of section "Staggered fermions" written out site by site; index = site * N + colour. */
export function denseStaggered(U: LinkField, boundary: readonly number[]): Dense {
  const { lattice, N } = U;
  const n = lattice.volume * N;
  const data = new Float64Array(2 * n * n);
  for (let mu = 0; mu < lattice.dim; mu++) {
    const u = U.toArray(mu);
    for (let site = 0; site < lattice.volume; site++) {
      const { neighbour, factor } = hop(lattice, site, mu, boundary);
      for (let a = 0; a < N; a++)
        for (let b = 0; b < N; b++) {
          const k = 2 * ((site * N + a) * N + b);
          const forward = 2 * ((site * N + a) * n + neighbour * N + b);
          const backward = 2 * ((neighbour * N + b) * n + site * N + a);
          data[forward]! += 0.5 * factor * u[k]!;
          data[forward + 1]! += 0.5 * factor * u[k + 1]!;
          data[backward]! -= 0.5 * factor * u[k]!;
          data[backward + 1]! += 0.5 * factor * u[k + 1]!;
        }
    }
  }
  return { n, data };
}

/** n + mu, and eta_mu(n) times the boundary sign of the hop. */
export function hop(lattice: Lattice, site: number, mu: number, boundary: readonly number[]): { neighbour: number; factor: number } {
  const x = lattice.coordinates(site);
  const eta = x.slice(0, mu).reduce((s, c) => s + c, 0) % 2 === 0 ? 1 : -1;
  const wraps = x[mu]! === lattice.extents[mu]! - 1;
  x[mu]!++;
  return { neighbour: lattice.site(x), factor: wraps ? eta * boundary[mu]! : eta };
}

/** All links 1 except U_x(0) = diag(e^{1.1i}, e^{-1.1i}, 1). */
export function oneLink(): LinkField {
  const geo = lattice([4, 4, 4, 4]);
  const U = closedFormLinks(geo, 3, 0) as LinkField;
  const u = U.toArray(0);
  for (const [k, angle] of [[0, 1.1], [8, -1.1]] as const) {
    u[k] = Math.cos(angle);
    u[k + 1] = Math.sin(angle);
  }
  U.fields[0]!.set(u);
  return U;
}

/** U(1) on 8 x 8: theta_mu = 2 sin(1 + 0.37(x+2t) + 0.91 mu) + 1.5 cos(0.5 + 0.23(3x+t) - 0.4 mu). */
export function phases(): LinkField {
  const geo = lattice([8, 8]);
  return new DirectionalField(geo, 1, "links").set(
    [0, 1].map((mu) => {
      const out = new Float64Array(2 * geo.volume);
      for (let n = 0; n < geo.volume; n++) {
        const [x, t] = geo.coordinates(n) as [number, number];
        const theta = 2 * Math.sin(1 + 0.37 * (x + 2 * t) + 0.91 * mu) + 1.5 * Math.cos(0.5 + 0.23 * (3 * x + t) - 0.4 * mu);
        out[2 * n] = Math.cos(theta);
        out[2 * n + 1] = Math.sin(theta);
      }
      return out;
    }),
  ) as LinkField;
}

/** [colour, x, y, z, t, spin], first index fastest, from and to sites, colours, spins. */
export function reorder(data: Float64Array, volume: number, from: "file" | "canonical"): Float64Array {
  const out = new Float64Array(data.length);
  for (let n = 0; n < volume; n++)
    for (let a = 0; a < 3; a++)
      for (let s = 0; s < 4; s++)
        for (let c = 0; c < 2; c++) {
          const [file, ours] = [2 * (a + 3 * (n + volume * s)) + c, 2 * ((n * 3 + a) * 4 + s) + c];
          if (from === "file") out[ours] = data[file]!;
          else out[file] = data[ours]!;
        }
  return out;
}

/** The matrix of an operator, column by column. */
export function matrixOf(D: DiracOperator, U: LinkField, which: "D" | "Ddag" = "D"): Dense {
  const { lattice, N } = U;
  const x: Field<VectorType> = new Field(lattice, D.type(lattice, N) as VectorType);
  const plan = record((V: Links, y: Vector) => {
    const maps = D.on(V, Object.fromEntries(Object.entries(D.parameters).map(([k, v]) => [k, number(y.tape, v)])));
    return maps[which](y);
  }, U, x);
  const n = x.length / 2;
  const data = new Float64Array(2 * n * n);
  const v = new Float64Array(2 * n);
  for (let j = 0; j < n; j++) {
    v.fill(0);
    v[2 * j] = 1;
    const out = plan.run(U, x.set(v)).toArray();
    for (let i = 0; i < n; i++) data.set(out.subarray(2 * i, 2 * i + 2), 2 * (i * n + j));
  }
  return { n, data };
}

/**
 * The closed-form spinor, psi_{a,s}(n) = sin(0.3 + 0.7a + 1.1s + 0.41p) + i cos(0.9 - 0.5a - 0.8s + 0.29q) with p = x+2y+3z+5t, q = 3x+y+2z+7t; of several
 * slices, slice k times (1 + 0.3k) e^{0.4 i k}. On the sites of the field.
 */
export function closedForm<T extends VectorType>(phi: Field<T>, slices = 1): Field<T> {
  const { lattice: geo, type } = phi;
  const [N, spins] = [type.N, spinOf(type) / slices];
  const data = new Float64Array(phi.length);
  for (let n = 0; n < geo.volume; n++) {
    if (type.domain === "even" && geo.parity(n) === 1) continue;
    const x = geo.coordinates(n);
    const [p, q] = [[1, 2, 3, 5], [3, 1, 2, 7]].map((w) => x.reduce((s, c, k) => s + c * w[k]!, 0)) as [number, number];
    for (let a = 0; a < N; a++)
      for (let k = 0; k < slices; k++)
        for (let s = 0; s < spins; s++) {
          const [re, im] = [Math.sin(0.3 + 0.7 * a + 1.1 * s + 0.41 * p), Math.cos(0.9 - 0.5 * a - 0.8 * s + 0.29 * q)];
          const [c, d] = [(1 + 0.3 * k) * Math.cos(0.4 * k), (1 + 0.3 * k) * Math.sin(0.4 * k)];
          const at = 2 * (n * N * slices * spins + a * slices * spins + k * spins + s);
          data[at] = c * re - d * im;
          data[at + 1] = c * im + d * re;
        }
  }
  return phi.set(data);
}
