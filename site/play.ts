/** Training in a prior HMC, then self-learning HMC, a trajectory at a time: what the playground shows. */
import { type CaskNetwork, type CaskParameters, type LinkField, SU, U1, adam, caskNetwork, chain, covariantNetwork, effectiveAction, gaugeAction, hmc, lattice, losses, nearUnit, plaquettes, pseudofermions, staggered, stout, targetOf, topologicalChargeDensity, trainOnline } from "gaugegrad";
import { geometricChargeDensity } from "gaugegrad/gauge";
import type { Setup, Step } from "./messages.ts";

const [THERMALISE, TRAIN, SAMPLE] = [10, 60, 60];

const networks = { covariant: () => covariantNetwork({ layers: 2 }), cask: () => caskNetwork({ variant: "symmetric", length: 3 }), stout: () => chain(stout({ rho: 0 }), stout({ rho: 0 })) } as const;

/** Charge density of SU(N) in four dimensions and U(1) in two. */
function densityOf(U: LinkField): Float64Array | undefined {
  if (U.lattice.dim === 4) return U.N > 1 ? topologicalChargeDensity(U) : undefined;
  return U.lattice.dim === 2 && U.N === 1 ? geometricChargeDensity(U) : undefined;
}

/** Staggered fermions of mass 0.3; the guide sees them with mass 0.4 through the network. */
export async function play({ group, extents, layer, beta, seed }: Setup, tell: (step: Step) => void): Promise<void> {
  const G = group === "U(1)" ? U1 : SU(Number(group[3]) as 2 | 3);
  const L = lattice([...extents]);
  const U = nearUnit(L, G, { seed, width: 0.5 });
  const gauge = gaugeAction.wilson({ beta });
  const fermions = pseudofermions(staggered({ mass: 0.3 }), { lattice: L, group: G, flavours: extents.length });
  const target = targetOf(gauge.plus(fermions.action), fermions);
  const network = networks[layer]() as ReturnType<typeof networks.covariant>;
  const action = effectiveAction({ gauge, fermions: fermions.action.with({ mass: 0.4, phi: fermions.phi }), network });
  const dynamics = { action: target, integrator: "leapfrogQPQ", steps: 10, length: 1 } as const;
  const prior = hmc({ ...dynamics, seed: seed + 1 });
  let trajectory = 0;
  let trained = action;
  const slices = (): Partial<Step> => {
    const density = densityOf(U as LinkField);
    if (layer !== "cask") return density ? { density } : {};
    const maps = (network as unknown as CaskNetwork).with(trained.input("network") as readonly CaskParameters[]).attention(U as LinkField);
    return { ...(density ? { density } : {}), attention: Object.fromEntries(Object.entries(maps).map(([name, a]) => [name, a.toArray()])) };
  };
  const step = (phase: Step["phase"], { accepted, dH }: { readonly accepted: boolean; readonly dH?: number }, more: Partial<Step> = {}): Promise<void> => {
    tell({ kind: "step", phase, trajectory, plaquette: plaquettes(U as LinkField).mean, accepted, dH: dH ?? 0, ...(trajectory % 5 === 0 ? slices() : {}), ...more });
    trajectory++;
    return new Promise((next) => setTimeout(next));
  };
  for (let k = 0; k < THERMALISE; k++) await step("thermalise", prior.step(U));
  for (const s of trainOnline({ sampler: prior, target, U, action, loss: losses.centred(), optimiser: adam({ rate: 3e-3 }), trajectories: TRAIN, replay: { capacity: 40, batch: 8, seed: seed + 2 } })) {
    trained = s.action;
    await step("train", s.result, { loss: s.centred ?? s.squared, parameters: trained.parameters.length });
  }
  const sampler = hmc({ ...dynamics, guide: trained, seed: seed + 3 });
  for (let k = 0; k < SAMPLE; k++) await step("sample", sampler.step(U));
}
