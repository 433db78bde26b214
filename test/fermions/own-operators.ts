/** Operators that this package does not have, declared as a user would. */
import {
  type DiracMaps, type DiracOperator, type Lattice, type Links, type Matrix, type Scalar, type SpinMatrix, type Vector, add, adj, constantReal, gamma, gamma5, mul, re, scale, scaleBy, shift, solve, spinMul, sub, sum, ta, trace, vectorType,
} from "gaugegrad";
import { fermion, z } from "gaugegrad/runs";

const product = (a: SpinMatrix, b: SpinMatrix): SpinMatrix => a.map((row) => b[0]!.map((_, c) => row.reduce<readonly [number, number]>(([re, im], [x, y], k) => [re + x * b[k]![c]![0] - y * b[k]![c]![1], im + x * b[k]![c]![1] + y * b[k]![c]![0]], [0, 0])));
const times = (m: SpinMatrix, re: number, im: number): SpinMatrix => m.map((row) => row.map(([x, y]) => [x * re - y * im, x * im + y * re] as const));
const boundaryOf = (lattice: Lattice): (1 | -1)[] => lattice.extents.map((_, mu) => (mu === 0 ? -1 : 1));
const spins = (lattice: Lattice): number => (lattice.dim === 4 ? 4 : 2);

/** Naive fermions with a Wilson term of its own weight r, a twisted mass i mu gamma_5 and the antihermitian part of one plane's plaquette times i sigma: three parameters, not gamma_5-hermitian. */
export const twistedWilson = (mass: number, mu = 0.2, r = 0.7): DiracOperator<{ readonly mass: number; readonly mu: number; readonly r: number }> => ({
  name: "twisted-wilson",
  parameters: { mass, mu, r },
  type: (geo, N) => vectorType(geo, N, { spin: spins(geo), boundary: boundaryOf(geo) }),
  flavours: () => 1,
  on<N extends number>(U: Links<N>, p: { readonly mass: Scalar; readonly mu: Scalar; readonly r: Scalar }): DiracMaps<N> {
    const { lattice } = U;
    const g5 = gamma5(lattice);
    const leaf = ta(mul(mul(U[0]!, shift(U[1]!, 0)), mul(adj(shift(U[0]!, 1)), adj(U[1]!)))) as Matrix<N>;
    const sigma = product(gamma(lattice, 0), gamma(lattice, 1));
    const apply = (x: Vector<N>, s: 1 | -1): Vector<N> => {
      const hops = lattice.extents.map((_, nu) => {
        const [ahead, behind] = [mul(U[nu]!, shift(x, nu)), shift(mul(adj(U[nu]!), x), nu, -1)];
        return sub(scaleBy(s / 2, spinMul(sub(ahead, behind), gamma(lattice, nu))), scale(scale(0.5, p.r), sub(add(ahead, behind), scaleBy(2, x))));
      });
      const twist = scale(p.mu, spinMul(x, times(g5, 0, s)));
      // leaf and sigma are antihermitian, their product is hermitian
      return add(scale(p.mass, x), twist, scaleBy(0.3, mul(leaf, spinMul(x, sigma))), ...hops);
    };
    return { D: (x) => apply(x, 1), Ddag: (x) => apply(x, -1) };
  },
});

/** Staggered fermions with hops over one and three links and phases of their own order, on even blocks. */
export const longStaggered = (mass: number, c3 = -0.05): DiracOperator<{ readonly mass: number; readonly c3: number }> => ({
  name: "long-staggered",
  parameters: { mass, c3 },
  type: (geo, N) => vectorType(geo, N, { boundary: boundaryOf(geo) }),
  flavours: (geo) => 2 ** (geo.dim / 2),
  evenBlock: true,
  on<N extends number>(U: Links<N>, { mass: m, c3: c }: { readonly mass: Scalar; readonly c3: Scalar }): DiracMaps<N> {
    const { lattice } = U;
    const hop = (V: Matrix<N>, x: Vector<N>, mu: number, length: number): Vector<N> => sub(mul(V, shift(x, mu, length)), mul(shift(adj(V), mu, -length), shift(x, mu, -length)));
    const K = (x: Vector<N>): Vector<N> => {
      const terms = lattice.extents.map((_, mu) => {
        const eta = constantReal(U[0]!.tape, `own-eta-${mu}`, (n) => 1 - 2 * (lattice.coordinates(n).slice(mu + 1).reduce((s, k) => s + k, 0) % 2));
        const V = U[mu]!;
        const long = mul(V, mul(shift(V, mu), shift(V, mu, 2)));
        return scaleBy(0.5, scale(eta as never, add(hop(V, x, mu, 1), scale(c, hop(long as Matrix<N>, x, mu, 3)))));
      });
      return add(terms[0]!, ...terms.slice(1));
    };
    return { D: (x) => add(scale(m, x), K(x)), Ddag: (x) => sub(scale(m, x), K(x)), normal: (x) => sub(scale(scale(m, m), x), K(K(x))) };
  },
});

/** The inverse of a covariant laplacian as an operator, hermitian. */
export const inverseLaplacian = (mass: number): DiracOperator<{ readonly mass: number }> => ({
  name: "inverse laplacian",
  parameters: { mass },
  type: (geo, N) => vectorType(geo, N),
  flavours: () => 1,
  on<N extends number>(U: Links<N>, { mass: m }: { readonly mass: Scalar }): DiracMaps<N> {
    const L = (x: Vector<N>): Vector<N> => {
      const hops = U.lattice.extents.flatMap((_, mu) => [mul(U[mu]!, shift(x, mu)), shift(mul(adj(U[mu]!), x), mu, -1)]);
      return sub(add(scale(m, x), scaleBy(2 * U.lattice.dim, x)), add(hops[0]!, ...hops.slice(1)));
    };
    const D = (x: Vector<N>): Vector<N> => add(x, solve(L, x, { tolerance: 1e-13 }));
    return { D, Ddag: D };
  },
});

/** Staggered fermions whose hops carry the factor 1 + c times the mean plaquette, on even blocks and without a normal operator of their own. */
export const globalFactor = (mass: number, c = 0.2): DiracOperator<{ readonly mass: number; readonly c: number }> => ({
  name: "global-factor",
  parameters: { mass, c },
  type: (geo, N) => vectorType(geo, N, { boundary: boundaryOf(geo) }),
  flavours: (geo) => 2 ** (geo.dim / 2),
  evenBlock: true,
  on<N extends number>(U: Links<N>, p: { readonly mass: Scalar; readonly c: Scalar }): DiracMaps<N> {
    const { lattice } = U;
    const loop = mul(mul(U[0]!, shift(U[1]!, 0)), mul(adj(shift(U[0]!, 1)), adj(U[1]!))) as Matrix<N>;
    const factor = scale(p.c, scaleBy(1 / (lattice.volume * U.N), sum(re(trace(loop)))));
    const K = (x: Vector<N>): Vector<N> => {
      const terms = lattice.extents.map((_, mu) => {
        const eta = constantReal(U[0]!.tape, `eta-${mu}`, (n) => 1 - 2 * (lattice.coordinates(n).slice(0, mu).reduce((s, k) => s + k, 0) % 2));
        return scaleBy(0.5, scale(eta as never, sub(mul(U[mu]!, shift(x, mu)), shift(mul(adj(U[mu]!), x), mu, -1))));
      });
      const hops = add(terms[0]!, ...terms.slice(1));
      return add(hops, scale(factor, hops));
    };
    return { D: (x) => add(scale(p.mass, x), K(x)), Ddag: (x) => sub(scale(p.mass, x), K(x)) };
  },
});

/** Two scalars that a Pauli matrix joins, with a mass of each site's own and no parameter at all, in any dimension. */
export const doublet = (): DiracOperator<Record<string, never>> => ({
  name: "doublet",
  parameters: {},
  type: (geo, N) => vectorType(geo, N, { spin: 2, boundary: boundaryOf(geo) }),
  flavours: () => 2,
  on<N extends number>(U: Links<N>): DiracMaps<N> {
    const { lattice } = U;
    const mass = constantReal(U[0]!.tape, "mass", (n) => 1.2 + 0.2 * Math.cos(3 * n) + 2 * lattice.dim);
    const D = (x: Vector<N>): Vector<N> => {
      const hops = lattice.extents.flatMap((_, mu) => [mul(U[mu]!, shift(x, mu)), shift(mul(adj(U[mu]!), x), mu, -1)]);
      return add(scale(mass as never, x), scaleBy(0.4, spinMul(x, [[[0, 0], [1, 0]], [[1, 0], [0, 0]]])), ...hops.map((h) => scaleBy(-1, h)));
    };
    return { D, Ddag: D };
  },
});

const number = z.number();
export const twisted = fermion({ name: "twisted", options: z.strictObject({ mass: number, mu: number.default(0.2), r: number.default(0.7) }), operator: ({ mass, mu, r }) => twistedWilson(mass, mu, r) });
export const long = fermion({ name: "long", options: z.strictObject({ mass: number, c3: number.default(-0.05) }), operator: ({ mass, c3 }) => longStaggered(mass, c3) });
export const global = fermion({ name: "global", options: z.strictObject({ mass: number, c: number.default(0.2) }), operator: ({ mass, c }) => globalFactor(mass, c) });
export const bare = fermion({ name: "bare", options: z.strictObject({}), operator: () => doublet() });
