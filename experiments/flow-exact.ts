/** U(1) coupling flows in two dimensions: topological susceptibility and ln Z against their exact values. */
import { gaugeAction, lattice } from "gaugegrad";
import { exactLogZ2d, u1Flow } from "gaugegrad/flows";
import { linePlot } from "gaugegrad/report";
import { withError } from "gaugegrad/util";
import { sampledChain, trained } from "./flow-chain.ts";
import { writePage } from "./page.ts";
import type { ExperimentOptions } from "./reproduce.ts";

interface Settings {
  readonly extents: readonly number[];
  readonly betas: readonly number[];
  readonly layers: number;
  readonly channels: number;
  readonly iterations: number;
  readonly batch: number;
  readonly rate: number;
  readonly samples: number;
  readonly seed: number;
}

/** chi = -(1/V) d^2 ln Z / d theta^2 at theta = 0, Z(theta) = sum_n a(n + theta/2 pi)^V, a(nu) = int dphi/2 pi exp(beta cos phi) cos(nu phi) over (-pi, pi). */
export function exactSusceptibility(beta: number, volume: number): number {
  const points = 2000;
  const a = (nu: number): number => {
    let s = 0;
    for (let k = 0; k <= points; k++) {
      const phi = -Math.PI + (2 * Math.PI * k) / points;
      s += (k === 0 || k === points ? 1 : k % 2 === 1 ? 4 : 2) * Math.exp(beta * (Math.cos(phi) - 1)) * Math.cos(nu * phi);
    }
    return s / (3 * points);
  };
  const logZ = (theta: number): number => {
    const first = a(theta / (2 * Math.PI));
    return volume * Math.log(first) + Math.log(Array.from({ length: 41 }, (_, k) => (a(k - 20 + theta / (2 * Math.PI)) / first) ** volume).reduce((x, y) => x + y, 0));
  };
  const h = 0.05;
  return -(16 * (logZ(h) + logZ(-h)) - (logZ(2 * h) + logZ(-2 * h)) - 30 * logZ(0)) / (12 * h * h) / volume;
}

export default async function exact({ settings, quick, out }: ExperimentOptions): Promise<void> {
  const began = performance.now();
  const all = settings as unknown as Settings;
  const s = quick ? { ...all, extents: [4, 4], betas: all.betas.slice(0, 2), layers: 8, channels: 4, iterations: 10, batch: 8, samples: 400 } : all;
  const volume = s.extents.reduce((v, L) => v * L, 1);
  const rows = s.betas.map((beta) => {
    const model = u1Flow({ lattice: lattice(s.extents), action: gaugeAction.wilson({ beta }) as never, seed: s.seed, layers: s.layers, channels: s.channels });
    const theta = trained(model, s, `beta ${beta}`);
    return { beta, ...sampledChain(model, theta, s.samples, s.seed, (own) => ({ plaquette: own["plaquette"]!, chi: own["charge"]! ** 2 / volume })) };
  });
  const sigmas = rows.flatMap((r) => [(r.logZ.value - exactLogZ2d({ beta: r.beta, N: 1, volume })) / r.logZ.error, (r.values["chi"]!.mean - exactSusceptibility(r.beta, volume)) / r.values["chi"]!.error]);
  writePage(out, {
    name: "flow-exact",
    title: "Susceptibility and ln Z of U(1) flows",
    text: [`Coupling flows of ${s.layers} layers on ${s.extents.join("x")}, trained by ${s.iterations} steps of Adam with batches of ${s.batch}; ${s.samples} independent samples each, accepted or rejected by independence Metropolis, seed ${s.seed}. Errors of averages by the Gamma method, of ln Z from the spread of the weights.`],
    figures: { "topological susceptibility": linePlot({ series: [{ name: "flow", x: rows.map((r) => r.beta), y: rows.map((r) => r.values["chi"]!.mean), error: rows.map((r) => r.values["chi"]!.error) }, { name: "exact", x: rows.map((r) => r.beta), y: rows.map((r) => exactSusceptibility(r.beta, volume)) }], title: "Topological susceptibility", xLabel: "beta", yLabel: "chi" }) },
    table: {
      header: ["beta", "chi", "exact", "ln Z", "exact", "acceptance", "ESS", "sd of log w", "longest rejection", "tau_int(Q^2)"],
      rows: rows.map((r) => [r.beta.toFixed(1), withError(r.values["chi"]!.mean, r.values["chi"]!.error), exactSusceptibility(r.beta, volume).toFixed(6), withError(r.logZ.value, r.logZ.error), exactLogZ2d({ beta: r.beta, N: 1, volume }).toFixed(4), withError(r.acceptance.mean, r.acceptance.error), r.ess.toFixed(3), r.sd.toFixed(3), String(r.longestRejection), withError(r.values["chi"]!.tauInt, r.values["chi"]!.tauIntError)]),
    },
    conclusions: [`Largest deviation from an exact value: ${Math.max(...sigmas.map(Math.abs)).toFixed(1)} sigma.`],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}
