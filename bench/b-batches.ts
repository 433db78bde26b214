/**
 * B1, B2: chains in a batch against the same chains one after the other: pure U(1) in two dimensions, 64 chains, and self-learning HMC of SU(2) with staggered pseudofermions and a
 * network, 16 chains. Before anything is timed, links of the batch are compared with those of the chains of the streams, bit by bit.
 */
import { type LinkField, SU, U1, covariantNetwork, gaugeAction, hmc, hot, lattice, nearUnit, pseudofermions, sampleOf, staggered, targetOf } from "gaugegrad";
import { type Row, type Variant, bounded, main, measure, started } from "./harness.ts";
import { type Backend, backends } from "./works.ts";

/** A chain, or a batch of them. */
interface Chain {
  readonly U: LinkField;
  step(): void;
}

type Make = (backend: Backend, batch: number, stream: number) => Chain;

const pure: Make = (backend, batch, stream) => {
  const U = hot(lattice([8, 8], { ...backend.options, batch }), U1, { seed: 3, stream }) as unknown as LinkField;
  const sampler = hmc({ action: gaugeAction.wilson({ beta: 2 }) as never, length: 1, steps: 10, integrator: "omelyan", seed: 4, stream });
  return { U, step: () => void sampler.step(U as never) };
};

const guided: Make = (backend, batch, stream) => {
  const L = lattice([4, 4, 4, 4], { ...backend.options, batch });
  const U = nearUnit(L, SU(2), { seed: 1, width: 0.5, stream }) as unknown as LinkField;
  const gauge = gaugeAction.wilson({ beta: 2.7 });
  const fermions = pseudofermions(staggered({ mass: 0.3 }), { lattice: L, group: SU(2), flavours: 4 });
  const guide = gauge.plus(fermions.action.with({ mass: 0.4, phi: fermions.phi }).after(covariantNetwork({ layers: 2 }) as never) as never);
  const sampler = hmc({ action: targetOf(gauge.plus(fermions.action as never), fermions) as never, guide: guide as never, length: 1, steps: 10, integrator: "leapfrogQPQ", seed: 1, stream });
  return { U, step: () => void sampler.step(U as never) };
};

/** @throws when a sample of the batch is not the chain of its stream. */
function expectSame(what: string, batch: Chain, alone: readonly Chain[]): void {
  alone.forEach(({ U }, b) => {
    const sample = sampleOf(batch.U, b);
    U.fields.forEach((f, mu) => {
      const [x, y] = [f.toArray(), sample.fields[mu]!.toArray()];
      const k = x.findIndex((v, n) => v !== y[n]);
      if (k >= 0) throw new Error(`${what}: sample ${b} has ${y[k]} where the chain of its stream has ${x[k]}: nothing is timed`);
    });
  });
}

function row(target: string, work: string, make: Make, count: number, bound: number, rounds: number): Row[] {
  return backends().filter((b) => b.name !== "js").map((backend): Row => {
    const batch = make(backend, count, 0);
    const alone = Array.from({ length: count }, (_, b) => make(backend, 1, b));
    for (let k = 0; k < 2; k++) for (const chain of [batch, ...alone]) chain.step();
    expectSame(`${target}, ${backend.name}`, batch, alone);
    const variants: Variant[] = [{ name: "one after the other", run: () => alone.forEach((c) => c.step()) }, { name: "batch", run: () => batch.step() }];
    const [apart, together] = measure(variants, rounds) as [number, number];
    const { lattice: L } = batch.U;
    return { target, work, lattice: `${L}`, variant: backend.name, nsPerSite: (1e9 * together) / L.volume / count, against: `${count} chains one after the other`, ...bounded(apart / together, ">=", bound) };
  });
}

export function rows(): Row[] {
  return [...row("B1", "U(1) HMC trajectory, 64 chains", pure, 64, 4, 9), ...row("B2", "SU(2) SLHMC trajectory, 16 chains", guided, 16, 1.5, 3)];
}

if (started(import.meta.url)) await main(rows);
