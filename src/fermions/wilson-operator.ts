/** Wilson and clover fermions as operators. */
import { type Lattice, type VectorType } from "../autograd/index.ts";
import { ConfigurationError, GeometryError } from "../errors.ts";
import { guard, is } from "../util/index.ts";
import { evenOddWilson } from "./even-odd.ts";
import { type DiracOperator, type Twist, expectBounds, expectOperands, twisted } from "./operator.ts";
import type { Boundary } from "./staggered.ts";
import { wilsonD, wilsonDdag, wilsonType } from "./wilson.ts";

/** A Wilson or clover field. */
export interface WilsonParameters {
  /** Hopping parameter, 1/(2m + 2D) in D dimensions. */
  readonly kappa: number;
  /** Clover coefficient c_SW; default 0. */
  readonly clover?: number;
  /** Default: antiperiodic in time. */
  readonly boundary?: Boundary;
  /** Angles on top of the signs; default none. */
  readonly twist?: Twist;
  /** True: the Schur complement on even sites, det D = det T_o det Dh: half of the components, and solves of about a third of the iterations (kappa = 0.135, 4^3 x 8: 84 in place of 236); default false. */
  readonly evenOdd?: boolean;
}

/** The same spinors on even sites. @throws GeometryError for odd extents. */
function evenType<N extends number>(lattice: Lattice, type: VectorType<N>): VectorType<N> {
  if (!lattice.bipartite) throw new GeometryError(`Wilson fermions with evenOdd: got ${lattice}, expected even extents: parity is not defined with an odd one`);
  return { ...type, domain: "even" };
}

/**
 * One flavour of Wilson or clover fermions. |D| <= 1 + 2 D kappa + kappa c_SW D(D-1)/2 in D dimensions, as each hop has norm 1 and F at most 1.
 * @throws ConfigurationError for a kappa that is not finite; with `evenOdd` energies are NaN, which samplers refuse, where ln det T of a site matrix is not defined.
 */
export function wilson(options: WilsonParameters): DiracOperator<{ readonly kappa: number }> {
  guard("wilson", { options: [options, is.keysOf("kappa", "clover", "boundary", "twist", "evenOdd")] });
  const { kappa, clover = 0, boundary, twist, evenOdd = false } = options;
  guard("wilson", { evenOdd: [evenOdd, is.oneOf(true, false)] });
  if (!Number.isFinite(kappa)) throw new ConfigurationError(`Wilson fermions: got kappa = ${kappa}, expected a finite number`);
  return {
    name: `${clover === 0 ? "Wilson" : "clover"}${evenOdd ? " (even-odd)" : ""}`,
    parameters: { kappa },
    type: (lattice, N) => {
      const all = wilsonType(lattice, N, { boundary });
      return evenOdd ? evenType(lattice, all) : all;
    },
    on(links, parameters) {
      expectOperands("wilson", links, parameters);
      const { kappa: k } = parameters;
      const U = twisted(links, twist);
      return evenOdd ? evenOddWilson(U, k, clover) : { D: (x) => wilsonD(U, x, k, clover), Ddag: (x) => wilsonDdag(U, x, k, clover) };
    },
    flavours: () => 1,
    ...(evenOdd && clover !== 0
      ? {
          eliminated: (links, parameters) => {
            expectOperands("wilson", links, parameters);
            return evenOddWilson(twisted(links, twist), parameters.kappa, clover).eliminated!();
          },
        }
      : {}),
    spectrum(lattice, parameters) {
      expectBounds("wilson", lattice, parameters);
      const [{ dim }, k] = [lattice, Math.abs(parameters.kappa)];
      // the inverse of T has no bound that holds for all fields
      if (evenOdd) return clover === 0 ? { high: (1 + (2 * dim * k) ** 2) ** 2 } : {};
      return { high: (1 + k * (2 * dim + (Math.abs(clover) * dim * (dim - 1)) / 2)) ** 2 };
    },
  };
}
