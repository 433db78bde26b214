/** P8: share of a 4^4 SU(2) trajectory with a staggered pseudofermion and a network as guide that is spent outside of compiled code: kernels, their sums, and the iteration of solvers. */
import { SU, covariantNetwork, gaugeAction, hmc, lattice, nearUnit, pseudofermions, staggered, targetOf } from "gaugegrad";
import { type Row, bounded, main, median, started } from "./harness.ts";
import { backends } from "./works.ts";

type Call = (...args: unknown[]) => void;

/** The part of an engine that starts kernels. */
interface Launching {
  readonly emitter: { compile(...args: unknown[]): { launch: Call }; replay: { run: Call; gradient: Call } };
}

export function rows(): Row[] {
  return backends().filter((b) => b.name !== "js").map((b): Row => {
    const L = lattice([4, 4, 4, 4], b.options);
    let inside = 0;
    const { emitter } = L.engine as unknown as Launching;
    const compile = emitter.compile.bind(emitter);
    const timed = (call: Call): Call => (...a) => {
      const begin = performance.now();
      call(...a);
      inside += performance.now() - begin;
    };
    emitter.compile = (...args) => {
      const kernels = compile(...args);
      return { ...kernels, launch: timed(kernels.launch) };
    };
    emitter.replay = { run: timed(emitter.replay.run), gradient: timed(emitter.replay.gradient) };
    const U = nearUnit(L, SU(2), { seed: 1, width: 0.5 });
    const gauge = gaugeAction.wilson({ beta: 2.7 });
    const fermions = pseudofermions(staggered({ mass: 0.3 }), { lattice: L, group: SU(2), flavours: 4 });
    const network = covariantNetwork({ layers: 2 });
    const guide = gauge.plus(fermions.action.with({ mass: 0.4, phi: fermions.phi }).after(network as never) as never);
    const sampler = hmc({ action: targetOf(gauge.plus(fermions.action as never), fermions) as never, guide: guide as never, length: 1, steps: 10, integrator: "leapfrogQPQ", seed: 1 });
    const trajectory = (): { all: number; outside: number } => {
      inside = 0;
      const begin = performance.now();
      sampler.step(U as never);
      const all = performance.now() - begin;
      return { all, outside: (all - inside) / all };
    };
    // as in a chain: what the engine does to JavaScript in its first hundred trajectories is not what the thousandth takes
    for (let k = 0; k < 150; k++) trajectory();
    const samples = Array.from({ length: 31 }, trajectory);
    const all = median(samples.map((s) => s.all));
    return { target: "P8", work: "SLHMC trajectory", lattice: L.toString(), variant: b.name, nsPerSite: (1e6 * all) / L.volume, against: "share outside compiled code", ...bounded(median(samples.map((s) => s.outside)), "<=", 0.1) };
  });
}

if (started(import.meta.url)) await main(rows);
