/** Staggered fermions on one configuration, for `gaugegrad measure --staggered-mass`. */
import type { LinkField } from "../autograd/index.ts";
import { type Boundary, antiperiodic, chiralCondensate, pionCorrelator, pseudofermionAction } from "../fermions/index.ts";

export interface StaggeredRequest {
  readonly mass: number;
  /** In time; periodic in space. */
  readonly boundary: "antiperiodic" | "periodic";
  /** Z4 noise for the condensate; without it the exact trace, on small lattices only. */
  readonly noise?: { readonly sources: number; readonly seed: number };
}

/** Keys are a contract of `measure --json`. */
export interface StaggeredMeasurement {
  readonly mass: number;
  /** Sign of the hop across the boundary, direction by direction. */
  readonly boundary: Boundary;
  /** (1/V) tr (m + D)^-1, trace over colour and sites; absent where the exact trace would take a minute and no noise was asked for. */
  readonly chiralCondensate?: number;
  /** Of the noise. */
  readonly chiralCondensateError?: number;
  /** C(t) of a point source at the origin, summed over colours. */
  readonly pion: readonly number[];
  /** phi^+ [(m^2 - D^2)_ee]^-1 phi with the closed-form source. */
  readonly pseudofermionAction: number;
}

/** Largest dimension V N / 2 of the even sites for which the exact trace is taken without being asked: ten seconds. */
const EXACT = 3072;

/** @throws GeometryError when an extent is odd. */
export function measureStaggered(U: LinkField, request: StaggeredRequest): StaggeredMeasurement {
  const { mass, boundary: kind } = request;
  const { lattice } = U;
  const boundary: Boundary = kind === "antiperiodic" ? antiperiodic(lattice) : lattice.extents.map(() => 1);
  return {
    mass,
    boundary,
    ...condensate(U, request, boundary),
    pion: [...pionCorrelator(U, { mass, boundary })],
    pseudofermionAction: pseudofermionAction(U, { mass, boundary }),
  };
}

function condensate(U: LinkField, { mass, noise }: StaggeredRequest, boundary: Boundary): { chiralCondensate?: number; chiralCondensateError?: number } {
  if (noise) {
    const { value, error } = chiralCondensate(U, { mass, boundary, method: noise });
    return { chiralCondensate: value, chiralCondensateError: error };
  }
  if ((U.lattice.volume * U.N) / 2 > EXACT) return {};
  return { chiralCondensate: chiralCondensate(U, { mass, boundary }).value };
}
