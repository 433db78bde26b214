/** Loss of the equivariant transformer against its number of parameters, with a fitted power law beside the published (7.1/x)^1.1. */
import { linePlot } from "gaugegrad/report";
import { shown, writePage } from "./page.ts";
import type { ExperimentOptions } from "./reproduce.ts";
import { type Architecture, SpinRuns, type Trained } from "./spins-runs.ts";

interface Settings {
  readonly lattice: readonly [number, number];
  readonly J: number;
  readonly T: number;
  readonly seed: number;
  readonly samples: number;
  readonly test: number;
  readonly steps: number;
  readonly families: readonly Architecture[];
}

/** ln L = b (ln a - ln x): least squares, with the standard error of b from the residuals. */
function powerLaw(x: readonly number[], y: readonly number[]): { readonly a: number; readonly b: number; readonly error: number } {
  const [u, v] = [x.map(Math.log), y.map(Math.log)];
  const n = x.length;
  const [mu, mv] = [u.reduce((s, t) => s + t, 0) / n, v.reduce((s, t) => s + t, 0) / n];
  const uu = u.reduce((s, t) => s + (t - mu) ** 2, 0);
  const slope = u.reduce((s, t, k) => s + (t - mu) * (v[k]! - mv), 0) / uu;
  const rest = u.reduce((s, t, k) => s + (v[k]! - mv - slope * (t - mu)) ** 2, 0);
  return { a: Math.exp(mu - mv / slope), b: -slope, error: Math.sqrt(rest / Math.max(1, n - 2) / uu) };
}

export default async function spinsScaling({ settings, quick, out, runs: folder }: ExperimentOptions): Promise<void> {
  const began = performance.now();
  const s = settings as unknown as Settings;
  const cut = (n: number): number => (quick ? Math.ceil(n / 10) : n);
  const runs = new SpinRuns(folder, s);
  const [count, held] = [cut(s.samples + s.test) - cut(s.test), cut(s.test)];
  const { of } = await runs.samples(s.seed, count, held);
  const points: (Trained & { readonly shells: number })[] = [];
  for (const family of s.families) {
    const models = await runs.layers(of, quick ? { ...family, layers: 1 } : family, { steps: cut(s.steps), seed: s.seed });
    points.push(...models.filter((m) => m.layers > 0).map((m) => ({ ...m, shells: family.shells })));
  }
  const [x, y] = [points.map((p) => p.parameters), points.map((p) => p.test)];
  const fit = powerLaw(x, y);
  const grid = Array.from({ length: 40 }, (_, k) => Math.min(...x) * (Math.max(...x) / Math.min(...x)) ** (k / 39));
  writePage(out, {
    name: "spins-scaling",
    title: "Loss against the number of parameters",
    text: [
      `Double-exchange model on ${s.lattice.join(" x ")} sites, J = ${s.J} t, T = ${s.T} t, mu = 0; ${count} exact configurations for training, ${held} held out, seed ${s.seed}. Transformers with couplings and averaged spins up to the same shell; ${cut(s.steps)} Levenberg-Marquardt steps after each new block. The loss is the held-out mean of (ln W - ln W_eff)^2.`,
      "Published for attention models (arXiv:2306.11527): (7.1/x)^1.1 for x of about 10 to 100.",
    ],
    figures: {
      loss: linePlot({
        title: "Held-out loss",
        xLabel: "number of parameters x",
        yLabel: "MSE of ln W",
        logY: true,
        series: [
          { name: "trained", x: [...points].sort((a, b) => a.parameters - b.parameters).map((p) => p.parameters), y: [...points].sort((a, b) => a.parameters - b.parameters).map((p) => p.test) },
          { name: `fit (${fit.a.toFixed(1)}/x)^${fit.b.toFixed(2)}`, x: grid, y: grid.map((t) => (fit.a / t) ** fit.b) },
          { name: "(7.1/x)^1.1", x: grid, y: grid.map((t) => (7.1 / t) ** 1.1) },
        ],
      }),
    },
    table: {
      header: ["shells", "layers", "parameters x", "MSE, training", "MSE, held out", "(7.1/x)^1.1"],
      rows: points.map((p) => [String(p.shells), String(p.layers), String(p.parameters), p.train.toFixed(3), p.test.toFixed(3), ((7.1 / p.parameters) ** 1.1).toFixed(3)]),
    },
    conclusions: [`Fitted power law: (${fit.a.toFixed(1)}/x)^b with b = ${shown([fit.b, fit.error])}; one training run a point, so the scatter of the points is the only error.`],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}
