/** The target of the SU(2) experiments and its effective actions. */
import { type EffectiveAction, type Lattice, SU, effectiveAction, gaugeAction, lattice as makeLattice, pseudofermions, staggered, targetOf } from "gaugegrad";
import { effectiveParts } from "./networks.ts";

/** What is fixed by the physics: SU(2), one unrooted staggered field (Nf = 4), antiperiodic in time. */
export interface Physics {
  readonly extents: readonly number[];
  readonly beta: number;
  readonly mass: number;
  /** Default one of these extents with one thread. */
  readonly lattice?: Lattice;
}

export type System = ReturnType<typeof su2System>;
export type Effective = EffectiveAction<2, unknown>;

/** The target, and S_theta on its pseudofermions. */
export function su2System({ extents, beta, mass, lattice = makeLattice(extents, { threads: 1 }) }: Physics) {
  const fermions = pseudofermions(staggered({ mass }), { lattice, group: SU(2), flavours: 4, tolerance: 1e-10 });
  const gauge = gaugeAction.wilson({ beta });
  /** S_theta with the network's initial weights, and its parts; `seed` is that of attention layers. */
  const guide = (network: string, extra: readonly string[], guideMass: number, seed: number) => {
    const parts = effectiveParts(network, extra, beta, fermions.action.with({ mass: guideMass, phi: fermions.phi }), seed);
    return { parts, action: effectiveAction(parts) as Effective };
  };
  return { lattice, gauge, fermions, target: targetOf(gauge.plus(fermions.action), fermions), guide };
}
