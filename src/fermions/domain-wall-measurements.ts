/** Pion correlators of domain-wall fermions, Shamir's and Moebius', from point sources at the origin. */
import { kind, Field, type LinkField, type Scalar, type Vector, type VectorType, numbersBySite, record, solve } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { chirality, domainWallDdag, domainWallMinus, domainWallNormal, domainWallType } from "./domain-wall.ts";
import { pointSource } from "./point-source.ts";
import type { Boundary } from "./staggered.ts";
import { guard, is } from "../util/index.ts";

/** Parameters of the domain-wall operator, in lattice units; `mass` is the bare quark mass m_f. */
export interface DomainWallOptions {
  readonly mass: number;
  /** Extent of the fifth dimension, even. */
  readonly Ls: number;
  /** Domain-wall height M5; default 1. */
  readonly height?: number;
  /** Moebius parameters; default 1 and 0, Shamir. */
  readonly b?: number;
  readonly c?: number;
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
 * D psi = D_- (P_+ eta at s = 0 plus P_- eta at s = Ls - 1) with D_- = 1 - c D_W (hep-lat/0409118) and eta one colour and spin at the origin: then q is
 * S eta = [D_4^{-1} - 1]/(1 - m) eta, and |midpoint|^2 summed over all sites is eta^+ D_4^{-+} Delta D_4^{-1} eta with Delta = (1 - tanh^2(Ls artanh H))/4,
 * so that sum midpoint / sum PP is the residual mass (hep-lat/0007038) for all b and c. D_W = (dim - M5) - Hop/2.
 * @throws ConfigurationError for an odd Ls, SolverError when the solver does not converge.
 */
export function domainWallPion(U: LinkField, options: DomainWallOptions): DomainWallPion {
  guard("domainWallPion", { U: [U, kind.configuration], options: [options, is.keysOf("mass", "Ls", "height", "b", "c", "boundary")] });
  const { mass, Ls, height = 1, b = 1, c = 0, boundary } = options;
  guard("domainWallPion", { b: [b, is.finite], c: [c, is.finite] });
  guard("domainWallPion", { mass: [mass, is.finite], height: [height, is.finite], Ls: [Ls, is.count], boundary: [boundary, is.optional(kind.boundary(U.lattice))] });
  if (Ls % 2 !== 0) throw new ConfigurationError(`domainWallPion: got Ls = ${Ls}, expected an even number: an odd one has no midpoint`);
  const { lattice, N } = U;
  const source: Field<VectorType> = new Field(lattice, domainWallType(lattice, N, { Ls, boundary }));
  const shape = { height, b, c };
  const plan = record((V, eta: Vector, m: Scalar) => solve((x: Vector) => domainWallNormal(V, x, m, shape), domainWallDdag(V, domainWallMinus(V, eta, shape), m, shape)), U, source, mass);
  const signs = chirality(lattice);
  const spins = signs.length;
  const T = lattice.extents[lattice.dim - 1]!;
  const slice = lattice.volume / T;
  const [PP, midpoint] = [new Float64Array(T), new Float64Array(T)];
  for (let colour = 0; colour < N; colour++)
    for (let spin = 0; spin < spins; spin++) {
      const psi = plan.run(U, pointSource(source, colour, (signs[spin]! > 0 ? 0 : Ls - 1) * spins + spin), mass);
      // |psi|^2 on the wall and at the midpoint for every colour and spin
      const sizes = numbersBySite(lattice, 2 * N * spins, (sites, to) => {
        const here = psi.readOwnSites(sites, new Float64Array(2 * N * Ls * spins * sites.length));
        for (let k = 0; k < N * sites.length; k++)
          signs.forEach((sign, e) => {
            const size = (s: number): number => {
              const at = 2 * ((k * Ls + s) * spins + e);
              return here[at]! ** 2 + here[at + 1]! ** 2;
            };
            to[2 * (k * spins + e)] = size(sign > 0 ? Ls - 1 : 0);
            to[2 * (k * spins + e) + 1] = size(sign > 0 ? Ls / 2 - 1 : Ls / 2);
          });
      });
      sizes.forEach((x, k) => ((k % 2 === 0 ? PP : midpoint)[Math.floor(k / (2 * N * spins * slice))]! += x));
    }
  source[Symbol.dispose]();
  return { PP, midpoint };
}
