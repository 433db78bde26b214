/** Pion correlators of Shamir domain-wall fermions from point sources at the origin. */
import { kind, Field, type LinkField, type Vector, type VectorType, record, solve } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { chirality, domainWallDdag, domainWallNormal, domainWallType } from "./domain-wall.ts";
import type { Boundary } from "./staggered.ts";
import { guard, is } from "../util/index.ts";

/** Parameters of the Shamir domain-wall operator, in lattice units; `mass` is the bare quark mass m_f. */
export interface DomainWallOptions {
  readonly mass: number;
  /** Extent of the fifth dimension, even. */
  readonly Ls: number;
  /** Domain-wall height M5; default 1. */
  readonly height?: number;
  /** Default: antiperiodic in time. */
  readonly boundary?: Boundary;
}

/** Sums over space of |field|^2 over all colours and spins of source and sink, time slices t = 0 ... Lt - 1. */
export interface DomainWallPion {
  /** Of the physical field q = P_- psi_0 + P_+ psi_{Ls-1}. */
  readonly PP: Float64Array;
  /** Of the midpoint field P_+ psi_{Ls/2-1} + P_- psi_{Ls/2}; its ratio to PP is the residual mass. */
  readonly midpoint: Float64Array;
}

/**
 * Source P_+ eta at s = 0 plus P_- eta at s = Ls - 1, eta one colour and spin at the origin; normalisation of D with D_W = (dim - M5) - Hop/2.
 * @throws ConfigurationError for an odd Ls, SolverError when the solver does not converge.
 */
export function domainWallPion(U: LinkField, options: DomainWallOptions): DomainWallPion {
  guard("domainWallPion", { U: [U, kind.linkField], options: [options, is.keysOf("mass", "Ls", "height", "boundary")] });
  const { mass, Ls, height = 1, boundary } = options;
  guard("domainWallPion", { mass: [mass, is.finite], height: [height, is.finite], Ls: [Ls, is.count], boundary: [boundary, is.optional(kind.boundary(U.lattice))] });
  if (Ls % 2 !== 0) throw new ConfigurationError(`domainWallPion: got Ls = ${Ls}, expected an even number: an odd one has no midpoint`);
  const { lattice, N } = U;
  const source: Field<VectorType> = new Field(lattice, domainWallType(lattice, N, { Ls, boundary }));
  const plan = record((V, b, m) => solve((x: Vector) => domainWallNormal(V, x, m, { height }), domainWallDdag(V, b, m, { height })), U, source, mass);
  const signs = chirality(lattice);
  const spins = signs.length;
  const T = lattice.extents[lattice.dim - 1]!;
  const slice = lattice.volume / T;
  const [PP, midpoint] = [new Float64Array(T), new Float64Array(T)];
  for (let colour = 0; colour < N; colour++)
    for (let spin = 0; spin < spins; spin++) {
      const data = new Float64Array(source.length);
      data[2 * (colour * Ls * spins + (signs[spin]! > 0 ? 0 : Ls - 1) * spins + spin)] = 1;
      const psi = plan.run(U, source.set(data), mass).toArray();
      for (let n = 0; n < lattice.volume; n++)
        for (let a = 0; a < N; a++)
          signs.forEach((sign, e) => {
            const size = (s: number): number => {
              const at = 2 * (((n * N + a) * Ls + s) * spins + e);
              return psi[at]! ** 2 + psi[at + 1]! ** 2;
            };
            const t = Math.floor(n / slice);
            PP[t]! += size(sign > 0 ? Ls - 1 : 0);
            midpoint[t]! += size(sign > 0 ? Ls / 2 - 1 : Ls / 2);
          });
    }
  source[Symbol.dispose]();
  return { PP, midpoint };
}
