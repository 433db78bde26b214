/** Staggered fermions on one configuration, for `gaugegrad measure --staggered-mass`. */
import type { LinkField } from "../autograd/index.ts";
import { type Boundary, type Group, antiperiodic, closedFormSource, staggeredPseudofermions, tastes } from "../gauge/index.ts";

export interface StaggeredRequest {
  readonly mass: number;
  /** In time; periodic in space. */
  readonly boundary: "antiperiodic" | "periodic";
}

/** Keys are a contract of `measure --json`. */
export interface StaggeredMeasurement {
  readonly mass: number;
  /** Sign of the hop across the boundary, direction by direction. */
  readonly boundary: Boundary;
  /** (1/V) tr (m + D)^-1, trace over colour and sites; absent where the exact trace would need too many solves. */
  readonly chiralCondensate?: number;
  /** C(t) of a point source at the origin, summed over colours. */
  readonly pion?: readonly number[];
  /** phi^+ [(m^2 - D^2)_ee]^-1 phi with the closed-form source; absent when an extent is odd. */
  readonly pseudofermionAction?: number;
}

export function measureStaggered(U: LinkField, group: Group, { mass, boundary: kind }: StaggeredRequest): StaggeredMeasurement {
  const { lattice } = U;
  const boundary: Boundary = kind === "antiperiodic" ? antiperiodic(lattice) : lattice.extents.map(() => 1);
  return {
    mass,
    boundary,
    ...(lattice.bipartite ? { pseudofermionAction: pseudofermionAction(U, group, mass, boundary) } : {}),
  };
}

function pseudofermionAction(U: LinkField, group: Group, mass: number, boundary: Boundary): number {
  const { lattice } = U;
  const f = staggeredPseudofermions({ lattice, group, mass, flavours: tastes(lattice), boundary });
  f.phi.copyFrom(closedFormSource(lattice, U.N, boundary));
  return f.value(U);
}
