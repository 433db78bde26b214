/** Acceptance of self-learning Monte Carlo of spins with fermions against the number of attention blocks. */
import { linePlot } from "gaugegrad/report";
import { acceptanceEstimates } from "gaugegrad/spins";
import { shown, writePage } from "./page.ts";
import type { ExperimentOptions } from "./reproduce.ts";
import { type Architecture, type Measured, SpinRuns, type Trained } from "./spins-runs.ts";

interface Settings {
  readonly lattice: readonly [number, number];
  readonly J: number;
  readonly T: number;
  readonly seed: number;
  readonly samples: number;
  readonly test: number;
  readonly steps: number;
  readonly chain: number;
  readonly sweeps: number;
  readonly families: readonly Architecture[];
}

export default async function spinsAcceptance({ settings, quick, out, runs: folder }: ExperimentOptions): Promise<void> {
  const began = performance.now();
  const s = settings as unknown as Settings;
  const cut = (n: number): number => (quick ? Math.ceil(n / 10) : n);
  const runs = new SpinRuns(folder, s);
  const [count, held] = [cut(s.samples + s.test) - cut(s.test), cut(s.test)];
  const { of, acceptance, start } = await runs.samples(s.seed, count, held);
  const chain = { steps: cut(s.chain), sweeps: s.sweeps, seed: s.seed + 7 };

  const linear: (Trained & { readonly shells: number; readonly measured: Measured })[] = [];
  for (const shells of [1, 2, 3]) {
    const model = await runs.linear(of, shells);
    linear.push({ ...model, shells, measured: await runs.selfLearning(model, start, chain) });
  }
  const families: { readonly architecture: Architecture; readonly points: (Trained & { readonly measured: Measured })[] }[] = [];
  for (const family of s.families) {
    const architecture = quick ? { ...family, layers: Math.min(family.layers, 1) } : family;
    const points: (Trained & { readonly measured: Measured })[] = [];
    for (const model of await runs.layers(of, architecture, { steps: cut(s.steps), seed: s.seed })) points.push({ ...model, measured: await runs.selfLearning(model, start, chain) });
    families.push({ architecture, points });
  }

  const row = (name: string, parameters: number, train: number, held: number, measured: Measured): string[] => {
    const { published, gaussian } = acceptanceEstimates(held);
    return [name, String(parameters), train.toFixed(3), held.toFixed(3), published.toFixed(3), gaussian.toFixed(3), shown(measured.acceptance), shown(measured.staggered), shown(measured.logWeight)];
  };
  const label = ({ shells, reach }: Architecture): string => `J up to shell ${shells}, spins averaged up to shell ${reach}`;
  const best = families.flatMap((f) => f.points).reduce((a, b) => (b.measured.acceptance[0] > a.measured.acceptance[0] ? b : a));
  writePage(out, {
    name: "spins-acceptance",
    title: "Acceptance against the number of attention layers",
    text: [
      `Double-exchange model on ${s.lattice.join(" x ")} sites, J = ${s.J} t, T = ${s.T} t, mu = 0 (arXiv:2306.11527). ${count} exact configurations for training and ${held} held out, two Monte Carlo steps apart, seed ${s.seed} (they come from self-learning Monte Carlo with a linear model on all nine shells, acceptance ${acceptance.toFixed(2)}). Each block is added to the model before it and all weights are trained together, ${cut(s.steps)} Levenberg-Marquardt steps. The acceptance is that of ${chain.steps} exact steps whose proposals are ${s.sweeps} sweeps of local updates with the effective weight (errors: Gamma method).`,
      "MSE is the mean of (ln W - ln W_eff)^2; exp(-sqrt MSE) is the estimate of the papers, erfc(sqrt(MSE)/2) the value for Gaussian, independent ends. M_s and <ln W> come from the same chains and must not depend on the model.",
    ],
    figures: {
      acceptance: linePlot({
        title: "Measured acceptance",
        xLabel: "attention layers",
        yLabel: "acceptance",
        series: families.map(({ architecture, points }) => ({ name: label(architecture), x: points.map((p) => p.layers), y: points.map((p) => p.measured.acceptance[0]), error: points.map((p) => p.measured.acceptance[1]) })),
        references: [{ name: "linear model, 3 shells", value: linear[2]!.measured.acceptance[0], error: linear[2]!.measured.acceptance[1] }],
      }),
    },
    table: {
      header: ["effective model", "parameters", "MSE, training", "MSE, held out", "exp(-sqrt MSE)", "erfc(sqrt(MSE)/2)", "acceptance", "M_s", "ln W"],
      rows: [
        ...linear.map((l) => row(`linear, ${l.shells} ${l.shells === 1 ? "shell" : "shells"}`, l.parameters, l.train, l.test, l.measured)),
        ...families.flatMap(({ architecture, points }) => points.map((p) => row(`${p.model} (${label(architecture)})`, p.parameters, p.train, p.test, p.measured))),
      ],
    },
    conclusions: [`The linear model of two to three shells accepts about ${shown(linear[2]!.measured.acceptance)}; the best transformer (${best.layers} layers, ${best.parameters} parameters) ${shown(best.measured.acceptance)}.`],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}
