/**
 * Highly improved staggered quarks (hep-lat/0610092): Fat7 links, their unitary part, fattened again with the Lepage term, and the Naik
 * transporter of three links. D chi = (1/2) sum_mu eta_mu [X_mu chi(n+mu) - h.c.] - ((1 + eps_N)/48) sum_mu eta_mu [N_mu chi(n+3mu) - h.c.].
 */
import { kind, type Links, type Matrix, type Vector, add, polar, scaleBy, sub } from "../autograd/index.ts";
import { detour, line, staple } from "../gauge/index.ts";
import { type StaggeredOperator, eta, hopping } from "./staggered.ts";
import { guard, is } from "../util/index.ts";

/** Coefficients of the link and of the paths of 3, 5 and 7 links; `lepage` of the straight staple with sides of two links. */
export interface PathCoefficients {
  readonly link: number;
  readonly three: number;
  readonly five: number;
  readonly seven: number;
  readonly lepage?: number;
}

const FAT7: PathCoefficients = { link: 1 / 8, three: 1 / 16, five: 1 / 64, seven: 1 / 384 };

/**
 * Sums of the paths from n to n + mu that go out in different transverse directions, all orders and signs, and back the same way: 2(D-1) of 3
 * links, 24 of 5 and 48 of 7 in four dimensions. Built from outside in: every staple carries all longer paths inside it.
 */
export function fatLinks<N extends number>(U: Links<N>, coefficients: PathCoefficients): Links<N> {
  guard("fatLinks", { U: [U, kind.links], coefficients: [coefficients, is.object] });
  const { link, three, five, seven, lepage = 0 } = coefficients;
  const weights = [link, three, five, seven];
  return U.map((mu) => {
    const inside = (used: readonly number[]): Matrix<N> => {
      const own = scaleBy(weights[used.length]!, U[mu]!);
      if (used.length === weights.length - 1) return own;
      const free = U.lattice.extents.map((_, nu) => nu).filter((nu) => nu !== mu && !used.includes(nu));
      return add(own, ...free.flatMap((nu) => {
        const middle = inside([...used, nu].sort((a, b) => a - b));
        return [detour(U[nu]!, middle, mu, nu, 1), detour(U[nu]!, middle, mu, nu, -1)];
      }));
    };
    if (lepage === 0) return inside([]);
    const straight = U.lattice.extents.flatMap((_, nu) => (nu === mu ? [] : [staple(U, mu, nu, 1, 2), staple(U, mu, nu, -1, 2)]));
    return add(inside([]), scaleBy(lepage, add(straight[0]!, ...straight.slice(1))));
  });
}

/** First level of fattening: all paths of up to 7 links with (1/8, 1/16, 1/64, 1/384), which suppresses taste exchange. The sums are not unitary. */
export function fat7Links<N extends number>(U: Links<N>): Links<N> {
  guard("fat7Links", { U: [U, kind.links] });
  return fatLinks(U, FAT7);
}

/** What the operator hops with: one link and three links along each direction. */
export interface HisqLinks<N extends number = number> {
  readonly fat: Links<N>;
  readonly long: readonly Matrix<N>[];
}

/** Fat and long links of HISQ. `epsilon` is the Naik correction eps_N of a heavy quark, 0 for light ones. Boundary signs belong to the vectors. */
export function hisqLinks<N extends number>(U: Links<N>, epsilon = 0): HisqLinks<N> {
  guard("hisqLinks", { U: [U, kind.links], epsilon: [epsilon, is.finite] });
  const V = fat7Links(U);
  const W = V.map((mu) => polar(V[mu]!)) as Links<N>;
  const fat = fatLinks(W, { link: 1 + epsilon / 8, three: 1 / 16, five: 1 / 64, seven: 1 / 384, lepage: -1 / 8 });
  return { fat, long: U.lattice.extents.map((_, mu) => line(W, mu, 3)) };
}

/** D chi of HISQ; on even sites for chi on odd sites, and the other way round. */
export function hisqD<N extends number>(options: HisqLinks<N>, chi: Vector<N>, epsilon = 0): Vector<N> {
  guard("hisqD", { options: [options, is.withFields("the links of hisqLinks", "fat", "long")], chi: [chi, kind.vector], epsilon: [epsilon, is.finite] });
  const { fat, long } = options;
  const one = hopping(chi, (mu) => eta(mu, fat[mu]!), 1);
  const three = hopping(chi, (mu) => eta(mu, long[mu]!), 3);
  return sub(scaleBy(0.5, one), scaleBy((1 + epsilon) / 48, three));
}

/** HISQ as the operator of staggered pseudofermions and measurements. */
export function hisq(options: { readonly epsilon?: number } = {}): StaggeredOperator {
  guard("hisq", { options: [options, is.keysOf("epsilon")] });
  const { epsilon = 0 } = options;
  guard("hisq", { epsilon: [epsilon, is.finite] });
  return <N extends number>(U: Links<N>) => {
    const links = hisqLinks(U, epsilon);
    return (chi: Vector<N>) => hisqD(links, chi, epsilon);
  };
}
