/** Effective sample sizes of learned trivialising flows of SU(3) in two dimensions (arXiv:2212.08469, table I), with the exact log det of their half steps. */
import { SU, gaugeAction, lattice } from "gaugegrad";
import { exactLogZ2d, independenceStep, independenceSummary, trivialisingFlow, weightSummary } from "gaugegrad/flows";
import { linePlot } from "gaugegrad/report";
import { gaussNewton } from "gaugegrad/training";
import { PURPOSE, randomStream } from "gaugegrad/util";
import { writePage } from "./page.ts";
import type { ExperimentOptions } from "./reproduce.ts";

interface Settings {
  readonly betas: readonly number[];
  readonly train: readonly number[];
  readonly sample: readonly number[];
  readonly knots: readonly number[];
  readonly steps: number;
  readonly batch: number;
  readonly iterations: number;
  readonly samples: number;
  readonly seed: number;
}

/** Published with 14 weights and the divergence in place of the log det. */
const PUBLISHED: Readonly<Record<number, number>> = { 4: 0.91, 5: 0.65, 6: 0.26 };

export default async function ess({ settings, quick, out }: ExperimentOptions): Promise<void> {
  const began = performance.now();
  const all = settings as unknown as Settings;
  const s = quick ? { ...all, betas: all.betas.slice(0, 1), knots: all.knots.slice(0, 1), sample: all.train, steps: 4, batch: 24, iterations: 2, samples: 40 } : all;
  const rows = s.betas.flatMap((beta) => s.knots.map((knots) => ({ beta, knots, ...trained(s, beta, knots) })));
  const volume = s.sample.reduce((v, L) => v * L, 1);
  const table = rows.map((r) => {
    const d = 1e-4;
    const exact = 1 + (exactLogZ2d({ beta: r.beta + d, N: 3, volume }) - exactLogZ2d({ beta: r.beta - d, N: 3, volume })) / (2 * d * volume);
    const { plaquette } = r.values;
    return [
      r.beta.toFixed(1), String(7 * r.knots), r.sd.toFixed(3), `${r.ess.toFixed(3)} ± ${r.essError.toFixed(3)}`, r.knots === 2 ? (PUBLISHED[r.beta]?.toFixed(2) ?? "") : "", r.acceptance.mean.toFixed(3), String(r.longestRejection),
      `${r.logZ.value.toFixed(3)} ± ${r.logZ.error.toFixed(3)}`, exactLogZ2d({ beta: r.beta, N: 3, volume }).toFixed(3), `${plaquette!.mean.toFixed(5)} ± ${plaquette!.error.toFixed(5)}`, exact.toFixed(5),
    ];
  });
  writePage(out, {
    name: "flow-ess",
    title: "Learned trivialising flows of SU(3)",
    text: [
      `Seven loop operators with coefficients linear between knots in t, ${s.steps} steps of masked half steps, from the action of order t. Trained on ${s.train.join("x")} by ${s.iterations} Gauss-Newton steps on the spread of the log weights of ${s.batch} samples each, used on ${s.sample.join("x")} with the same weights: ${s.samples} samples, seed ${s.seed}. The log det is that of the map. Error of the effective sample size: jackknife of ten blocks.`,
    ],
    figures: { "effective sample size": linePlot({ series: s.knots.map((knots) => ({ name: `${7 * knots} weights`, x: [...s.betas], y: rows.filter((r) => r.knots === knots).map((r) => r.ess) })), title: "effective sample size", xLabel: "beta", yLabel: "ESS" }) },
    table: { header: ["beta", "weights", "sd of log w", "ESS", "published", "acceptance", "longest rejection", "ln Z", "exact", "plaquette", "exact"], rows: table },
    conclusions: [`Effective sample sizes on ${s.sample.join("x")}: ${rows.map((r) => `beta ${r.beta}, ${7 * r.knots} weights: ${r.ess.toFixed(2)}`).join("; ")}.`],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}

function trained(s: Settings, beta: number, knots: number): ReturnType<typeof weightSummary> & ReturnType<typeof independenceSummary> & { readonly essError: number } {
  const modelOn = (extents: readonly number[]) => trivialisingFlow({ lattice: lattice(extents), group: SU(3), action: gaugeAction.wilson({ beta }), beta, seed: s.seed, steps: s.steps, knots });
  const model = modelOn(s.train);
  const optimiser = gaussNewton();
  let theta = model.start(s.seed);
  let memory = optimiser.start(model.size);
  for (let k = 0; k < s.iterations; k++) {
    const indices = Array.from({ length: s.batch }, (_, b) => k * s.batch + b);
    const objective = { gradient: (x: Float64Array) => model.gradient(x, indices).gradient, residuals: (x: Float64Array) => model.spread!(x, indices) };
    ({ parameters: theta, state: memory } = optimiser.step(theta, objective, memory));
    console.error(`beta ${beta}, ${7 * knots} weights: step ${k + 1} of ${s.iterations}`);
  }
  const large = modelOn(s.sample);
  const random = randomStream(s.seed);
  let chain: Parameters<typeof independenceStep>[0];
  const samples = Array.from({ length: s.samples }, (_, k) => large.sample(theta, k));
  const steps = samples.map((x, k) => {
    const next = independenceStep(chain, x, random.sequence(PURPOSE.metropolis, k).next());
    chain = next.state;
    return { accepted: next.accepted, values: next.state.values };
  });
  const logWeights = samples.map((x) => x.logWeight);
  const blocks = 10;
  const without = Array.from({ length: blocks }, (_, b) => weightSummary(logWeights.filter((_x, k) => k % blocks !== b)).ess);
  const mean = without.reduce((a, b) => a + b, 0) / blocks;
  const essError = Math.sqrt(((blocks - 1) / blocks) * without.reduce((a, x) => a + (x - mean) ** 2, 0));
  return { ...weightSummary(logWeights), ...independenceSummary(steps), essError };
}
