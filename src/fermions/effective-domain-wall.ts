/**
 * The four-dimensional operator of domain walls, with q = P_- psi_0 + P_+ psi_{Ls-1} the physical field of a five-dimensional one:
 *
 *     D_4(m) = q[ D_5(1)^{-1} D_5(m) q^+ ] = (1 + m)/2 + (1 - m)/2 gamma_5 tanh(Ls artanh H),   det D_4(m) = det D_5(m) / det D_5(1),
 *
 * on the same vectors as Wilson and overlap fermions, so that pseudofermions may be shared with them. S = [D_4(m)^{-1} - 1]/(1 - m) is the propagator of q.
 */
import { type SpinMatrix, type Vector, solve, number, spinMul } from "../autograd/index.ts";
import { type DomainWallParameters, chirality, domainWall, domainWallD, domainWallDdag } from "./domain-wall.ts";
import { type DiracOperator, expectOperands, twisted } from "./operator.ts";
import { dagger, wilsonType } from "./wilson.ts";
import { guard, is } from "../util/index.ts";

/** Options of the inner solves with the Pauli-Villars field. */
export interface EffectiveDomainWallParameters extends DomainWallParameters {
  /** Relative residual of D_5(1)^{-1}; default 1e-13. */
  readonly precision?: number;
}

/** q^+: the components of a spinor on the slices where they live. */
function walls(signs: readonly number[], Ls: number): SpinMatrix {
  return Array.from({ length: Ls * signs.length }, (_, r) => signs.map((sign, e) => [r % signs.length === e && Math.floor(r / signs.length) === (sign < 0 ? 0 : Ls - 1) ? 1 : 0, 0] as const));
}

/**
 * One flavour of domain walls as a four-dimensional operator; the Pauli-Villars field is part of it. Every application is a solve.
 * @throws as `domainWall`.
 */
export function effectiveDomainWall(options: EffectiveDomainWallParameters): DiracOperator<{ readonly mass: number }> {
  guard("effectiveDomainWall", { options: [options, is.object] });
  const { precision = 1e-13, ...five } = options;
  guard("effectiveDomainWall", { precision: [precision, is.positive] });
  const { pauliVillars: _, spectrum: _bounds, ...operator } = domainWall(five);
  const { Ls, boundary, twist, mass: _mass, ...shape } = five;
  const solver = { tolerance: precision, maxIterations: 20_000 };
  return {
    ...operator,
    name: `${operator.name} in four dimensions`,
    type: (lattice, N) => wilsonType(lattice, N, { boundary }),
    on(links, parameters) {
      expectOperands("effectiveDomainWall", links, parameters);
      const { mass: m } = parameters;
      const U = twisted(links, twist);
      const one = number(m.tape, 1);
      const out = walls(chirality(U.lattice), Ls);
      const normal = <N extends number>(y: Vector<N>): Vector<N> => domainWallDdag(U as never, domainWallD(U as never, y, one, shape), one, shape);
      return {
        D: (x) => spinMul(solve(normal, domainWallDdag(U, domainWallD(U, spinMul(x, out), m, shape), one, shape), solver), dagger(out)),
        Ddag: (x) => spinMul(domainWallDdag(U, domainWallD(U, solve(normal, spinMul(x, out), solver), one, shape), m, shape), dagger(out)),
      };
    },
  };
}
