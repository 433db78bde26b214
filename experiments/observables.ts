/** (b) HMC against self-learning HMC: table of observables; (e) their plaquette histograms. */
import { histogramPlot } from "gaugegrad/report";
import { withError, zScore } from "gaugegrad/util";
import { overSeeds, shown, writePage } from "./page.ts";
import type { ExperimentOptions } from "./reproduce.ts";
import { type OnlineCase, type OnlineResult, runOnline } from "./online.ts";
import { BENCHMARK, label } from "./settings.ts";

interface Settings {
  readonly guideMass: number;
  readonly networks: readonly string[];
  readonly seeds: readonly number[];
  readonly thermalise: number;
  readonly trajectories: number;
  readonly batch: number;
  readonly rate: number;
  readonly sample: number;
}

/** HMC of an independent program, 50000 trajectories. */
const REFERENCE = { plaquette: [0.702462, 0.000069], "|Polyakov|": [0.4092, 0.003], condensate: [0.42449, 0.00024] } as const;

/** What runs call them. */
const NAMES = { plaquette: "plaquette", "|Polyakov|": "|polyakov|", condensate: "condensate" } as const;

const pair = ({ values }: OnlineResult, name: string): [mean: number, error: number] => [values[name]!.mean, values[name]!.error];

export default async function observables({ settings, quick, out, runs: folder }: ExperimentOptions): Promise<void> {
  const began = performance.now();
  const s = settings as unknown as Settings;
  const cut = (n: number): number => (quick ? Math.ceil(n / 10) : n);
  const base = { guideMass: s.guideMass, thermalise: s.thermalise, sample: cut(s.sample) };
  const training = { objective: "centred", rate: s.rate, trajectories: cut(s.trajectories), batch: s.batch } as const;
  const samplers: readonly (readonly [name: string, c: Omit<OnlineCase, "seed">])[] = [
    ["HMC", { ...base, network: "hmc" }],
    ["SLHMC, no network", { ...base, network: "none" }],
    ...s.networks.map((network) => [`SLHMC, ${label(network)}`, { ...base, network, training }] as const),
  ];
  const results = await runOnline(samplers.flatMap(([, c]) => s.seeds.map((seed): OnlineCase => ({ ...c, seed }))), folder);
  const runs = samplers.map(([name], k): { name: string; runs: OnlineResult[] } => ({ name, runs: results.slice(k * s.seeds.length, (k + 1) * s.seeds.length) }));
  const quantities = Object.keys(REFERENCE) as (keyof typeof REFERENCE)[];
  const rows = runs.map(({ name, runs: r }) => [
    name,
    ...quantities.map((q) => {
      const [mean, error] = overSeeds(r.map((x) => pair(x, NAMES[q])));
      return `${withError(mean, error)} (${zScore(mean, error, REFERENCE[q][0], REFERENCE[q][1]).toFixed(1)})`;
    }),
    shown(overSeeds(r.map((x) => pair(x, "acceptance")))),
    shown(overSeeds(r.map((x) => pair(x, "expMinusDH")))),
    (r.reduce((sum, x) => sum + x.values["plaquette"]!.tauInt, 0) / r.length).toFixed(1),
  ]);
  writePage(out, {
    name: "observables",
    title: "HMC and self-learning HMC: observables and histograms",
    text: [
      `SU(2), 4^4, beta = 2.7, one staggered field (Nf = 4) of mass 0.3, tau = 1 in ${BENCHMARK.steps} leapfrog steps; self-learning HMC with mass ${s.guideMass} in the molecular dynamics, networks trained online on the variance of S_theta - S. ${cut(s.sample)} trajectories for each of the seeds ${s.seeds.join(", ")}. In brackets behind a value: its distance from the reference in standard deviations.`,
    ],
    figures: { "plaquette histograms": histogramPlot({ title: "Plaquette", xLabel: "plaquette", bins: 24, series: runs.map(({ name, runs: r }) => ({ name, values: r.flatMap((x) => x.plaquettes) })) }) },
    table: {
      header: ["sampler", "plaquette", "mean mod P", "condensate", "acceptance", "<exp(-dH)>", "tau_int of the plaquette"],
      rows: [...rows, ["reference (independent program)", ...quantities.map((q) => withError(REFERENCE[q][0], REFERENCE[q][1])), "", "1", ""], ["published (second hand)", "0.7025(1)", "0.41", "0.4245(5)", "", "", ""]],
    },
    conclusions: ["The Metropolis step uses the target action, so all samplers draw from the same distribution; the network decides how often they accept."],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}
