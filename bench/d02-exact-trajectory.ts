/**
 * D2: self-learning HMC of the SU(2) benchmark on 4^4 (beta = 2.7, m = 0.3, tau = 1) by the cost of an independent configuration, 2 tau_int(plaquette) times the seconds of a
 * trajectory: pseudofermions that are shared with a guide of mass 0.4, against the determinant itself in the Metropolis step, with the determinant of mass 0.4 or with loops
 * alone in molecular dynamics (weights of fits to the target).
 */
import { type Group, type LinkField, SU, determinantAction, gaugeAction, hmc, lattice, loopAction, nearUnit, pseudofermions, staggered, targetOf } from "gaugegrad";
import { gammaMethod } from "gaugegrad/util";
import { type Row, bounded, main, started } from "./harness.ts";
import { type Backend, backends } from "./works.ts";

const [BETA, MASS] = [2.7, 0.3];
/** Seconds of each chain. */
const SECONDS = 6;
/** Plaquette of the target, and how far a short chain may be off. */
const PLAQUETTE = [0.7024, 0.02] as const;

/** Of plaquette, rectangle, chair, Polyakov lines in space and time. */
const loops = (weights: readonly number[]) => loopAction({ beta: 1, loops: (["plaquette", "rectangle", "chair", "polyakov-space", "polyakov-t"] as const).map((name, k) => ({ name, weight: weights[k]! + (k === 0 ? BETA : 0) })) });

interface Chain {
  readonly name: string;
  readonly seconds: number;
  readonly acceptance: number;
  readonly tau: number;
}

function chains(b: Backend): Chain[] {
  const L = lattice([4, 4, 4, 4], b.options);
  const group = SU(2) as unknown as Group;
  const gauge = gaugeAction.wilson({ beta: BETA });
  const exact = (mass: number) => determinantAction(staggered({ mass }), { flavours: 4 });
  const fermions = pseudofermions(staggered({ mass: MASS }), { lattice: L, group, flavours: 4 });
  const target = gauge.plus(exact(MASS) as never);
  const start = nearUnit(L, group, { seed: 1, width: 0.5 }) as LinkField;
  // loops close to the target take the start to equilibrium
  const before = hmc({ action: loops([0.00528, 0.00628, 0.00613, -0.02456, 0.02423]) as never, length: 1, steps: 6, integrator: "omelyan", seed: 2 });
  for (let k = 0; k < 60; k++) before.step(start as never);
  const level = (action: unknown, steps: number) => ({ action, integrator: "omelyan", steps }) as never;
  const samplers = {
    "pseudofermions, m_h = 0.4": hmc({ action: targetOf(gauge.plus(fermions.action as never), fermions) as never, levels: [level(fermions.forceAction.with({ mass: 0.4, phi: fermions.phi }), 6), level(gauge, 2)], length: 1, seed: 1 }),
    "exact, m_h = 0.4": hmc({ action: target as never, levels: [level(exact(0.4), 4), level(loops([-0.00407, 0.00104, 0.00106, -0.00299, 0.00294]), 2)], length: 1, seed: 1 }),
    "exact, plaquette and lines": hmc({ action: target as never, levels: [level(loopAction({ beta: 1, loops: [{ name: "plaquette", weight: BETA + 0.089 }, { name: "polyakov-space", weight: -0.025 }, { name: "polyakov-t", weight: 0.0251 }] }), 6)], length: 1, seed: 1 }),
    "exact, five loops": hmc({ action: target as never, levels: [level(loops([0.00528, 0.00628, 0.00613, -0.02456, 0.02423]), 6)], length: 1, seed: 1 }),
  };
  return Object.entries(samplers).map(([name, sampler]): Chain => {
    const U = start.clone();
    for (let k = 0; k < 3; k++) sampler.step(U as never);
    const [plaquettes, accepted]: [number[], boolean[]] = [[], []];
    const begin = performance.now();
    while (performance.now() - begin < 1000 * SECONDS) {
      accepted.push(sampler.step(U as never).accepted);
      plaquettes.push(gauge.value(U) / (BETA * 6 * L.volume));
    }
    const seconds = (performance.now() - begin) / 1000 / plaquettes.length;
    const { mean, tauInt } = gammaMethod(plaquettes);
    if (!(Math.abs(1 - mean - PLAQUETTE[0]) < PLAQUETTE[1])) throw new Error(`D2 ${name}: got the plaquette ${1 - mean}, expected ${PLAQUETTE[0]}: nothing is compared`);
    return { name, seconds, acceptance: accepted.filter(Boolean).length / accepted.length, tau: tauInt };
  });
}

export function rows(): Row[] {
  const best = backends().at(-1)!;
  const all = chains(best);
  const cost = (c: Chain): number => 2 * c.tau * c.seconds;
  const ratios = all.map((c) => cost(c) / cost(all[0]!));
  const cheapest = Math.min(...ratios.slice(1));
  return all.map((c, k): Row => {
    const row: Row = { target: "D2", work: `SLHMC per independent configuration: ${c.name}`, lattice: "4x4x4x4", variant: `${best.name}, acceptance ${c.acceptance.toFixed(2)}, tau_int ${c.tau.toFixed(1)}`, nsPerSite: (1e9 * c.seconds) / 256, against: k === 0 ? "seconds" : "pseudofermions" };
    if (k === 0) return { ...row, ratio: cost(c) };
    return ratios[k] === cheapest ? { ...row, ...bounded(cheapest, "<=", 1) } : { ...row, ratio: ratios[k]! };
  });
}

if (started(import.meta.url)) await main(rows);
