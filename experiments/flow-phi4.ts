/** phi^4 theory in two dimensions: acceptance and autocorrelation times of a coupling flow against those of hybrid Monte Carlo. */
import { hmc, lattice, runChain, scalarAction, scalarMoments, startFields, summarise } from "gaugegrad";
import { type FlowObjective, phi4Flow } from "gaugegrad/flows";
import { linePlot } from "gaugegrad/report";
import { withError } from "gaugegrad/util";
import { sampledChain, trained } from "./flow-chain.ts";
import { writePage } from "./page.ts";
import type { ExperimentOptions } from "./reproduce.ts";

interface Settings {
  /** Extent, m^2 and lambda of each point. */
  readonly points: readonly { readonly L: number; readonly m2: number; readonly lambda: number }[];
  readonly layers: number;
  readonly channels: number;
  readonly iterations: number;
  readonly batch: number;
  readonly rate: number;
  readonly objective: FlowObjective;
  readonly samples: number;
  readonly trajectories: number;
  readonly steps: number;
  readonly seed: number;
}

const QUANTITIES = ["phi2", "modulus", "chi2"] as const;

export default async function phi4({ settings, quick, out }: ExperimentOptions): Promise<void> {
  const began = performance.now();
  const all = settings as unknown as Settings;
  const s = quick ? { ...all, points: all.points.slice(0, 1), layers: 4, channels: 2, iterations: 20, batch: 16, samples: 300, trajectories: 300 } : all;
  const rows = s.points.map(({ L, m2, lambda }) => {
    const geo = lattice([L, L]);
    const model = phi4Flow({ lattice: geo, seed: s.seed, m2, lambda, layers: s.layers, channels: s.channels });
    const theta = trained(model, s, `L = ${L}`);
    const flow = sampledChain(model, theta, s.samples, s.seed);
    const S = scalarAction.phi4({ m2, lambda });
    const fields = startFields(S.fields, geo, { start: "near-unit", seed: s.seed });
    const chain = summarise(runChain({ sampler: hmc({ action: S, integrator: "omelyan", steps: s.steps, length: 1, seed: s.seed }), U: fields, trajectories: s.trajectories, thermalisation: 200, measure: Object.fromEntries(QUANTITIES.map((name) => [name, ({ phi }: { readonly phi: Parameters<typeof scalarMoments>[0] }) => scalarMoments(phi)[name]!])) as never }));
    return { L, m2, lambda, flow, chain };
  });
  writePage(out, {
    name: "flow-phi4",
    title: "phi^4 theory: a coupling flow and hybrid Monte Carlo",
    text: [`Couplings of arXiv:1904.12072 with m L = 4. Flow: ${s.layers} coupling layers with networks of ${s.channels} channels, symmetric under phi -> -phi, after a free field with a trained propagator, ${s.iterations} steps of Adam with batches of ${s.batch}, then ${s.samples} independent samples in an independence chain. Hybrid Monte Carlo: ${s.trajectories} trajectories of length 1 with ${s.steps} steps. Seed ${s.seed}. tau_int of |M| in samples and in trajectories.`],
    figures: { acceptance: linePlot({ series: [{ name: "flow", x: rows.map((r) => r.L), y: rows.map((r) => r.flow.acceptance.mean), error: rows.map((r) => r.flow.acceptance.error) }], title: "Acceptance of the flow", xLabel: "L", yLabel: "acceptance" }) },
    table: {
      header: ["L", "m^2", "lambda", "acceptance, flow", "ESS", "sd of log w", "tau_int, flow", "acceptance, HMC", "tau_int, HMC", "phi^2, flow", "phi^2, HMC", "chi2, flow", "chi2, HMC"],
      rows: rows.map(({ L, m2, lambda, flow, chain }) => {
        const [a, b] = [flow.values, chain.values];
        const mean = (e: { readonly mean: number; readonly error: number }): string => withError(e.mean, e.error);
        return [String(L), m2.toFixed(1), lambda.toFixed(3), withError(flow.acceptance.mean, flow.acceptance.error), flow.ess.toFixed(3), flow.sd.toFixed(3), withError(a["modulus"]!.tauInt, a["modulus"]!.tauIntError), withError(chain.acceptance.mean, chain.acceptance.error), withError(b["modulus"]!.tauInt, b["modulus"]!.tauIntError), mean(a["phi2"]!), mean(b["phi2"]!), mean(a["chi2"]!), mean(b["chi2"]!)];
      }),
    },
    conclusions: [`Acceptance of the flow: ${rows.map((r) => `L = ${r.L}: ${withError(r.flow.acceptance.mean, r.flow.acceptance.error)}`).join("; ")}.`],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}
