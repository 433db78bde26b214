/** (b) Spread of log w against beta for flows of U(1): no flow, orders t^0 and t^1 (arXiv:0907.5491), Schwinger-Dyson equations (arXiv:2212.11387), learned from the action of order t (arXiv:2212.08469). */
import { type LinkField, U1, gaugeAction, hot, lattice } from "gaugegrad";
import { type FlowCoefficients, actionFlow, exactLogZ2d, schwingerDysonFlow, trivialisingAction, trivialisingFlow, weightSummary } from "gaugegrad/flows";
import { linePlot } from "gaugegrad/report";
import { gaussNewton } from "gaugegrad/training";
import { shown, writePage } from "./page.ts";
import type { ExperimentOptions } from "./reproduce.ts";

interface Settings {
  readonly extents: readonly number[];
  readonly betas: readonly number[];
  readonly steps: number;
  readonly samples: number;
  readonly knots: number;
  readonly configurations: number;
  readonly batch: number;
  readonly iterations: number;
  readonly seed: number;
}

const METHODS = ["none", "order 0", "order 1", "Schwinger-Dyson", "learned"] as const;
type Method = (typeof METHODS)[number];

/** Log weights of Haar-distributed V, by the masked half steps, whose log det is that of the map. */
function logWeights(s: Settings, beta: number, method: Method): number[] {
  const L = lattice(s.extents);
  const S = gaugeAction.wilson({ beta });
  if (method === "learned") return learned(s, beta);
  const coefficients = coefficientsOf(s, beta, method);
  const F = coefficients && actionFlow({ coefficients, steps: s.steps });
  return Array.from({ length: s.samples }, (_, k) => {
    const V = hot(L, U1, { seed: s.seed, stream: k }) as LinkField;
    const { links, logDet } = F ? F.image(V) : { links: V, logDet: 0 };
    return logDet - S.value(links);
  });
}

function coefficientsOf(s: Settings, beta: number, method: Method): FlowCoefficients | undefined {
  if (method === "none") return undefined;
  if (method === "Schwinger-Dyson") return schwingerDysonFlow({ lattice: lattice(s.extents), group: U1, beta, seed: s.seed, knots: s.knots, configurations: s.configurations });
  return trivialisingAction({ beta, N: 1, order: method === "order 0" ? 0 : 1 });
}

function learned(s: Settings, beta: number): number[] {
  const model = trivialisingFlow({ lattice: lattice(s.extents), group: U1, action: gaugeAction.wilson({ beta }), beta, seed: s.seed, steps: s.steps });
  const optimiser = gaussNewton();
  let theta = model.start(s.seed);
  let memory = optimiser.start(model.size);
  for (let k = 0; k < s.iterations; k++) {
    const indices = Array.from({ length: s.batch }, (_, b) => k * s.batch + b);
    const objective = { gradient: (x: Float64Array) => model.gradient(x, indices).gradient, residuals: (x: Float64Array) => model.spread!(x, indices) };
    ({ parameters: theta, state: memory } = optimiser.step(theta, objective, memory));
  }
  return Array.from({ length: s.samples }, (_, k) => model.sample(theta, k).logWeight);
}

export default async function orders({ settings, quick, out }: ExperimentOptions): Promise<void> {
  const began = performance.now();
  const all = settings as unknown as Settings;
  const s = quick ? { ...all, betas: all.betas.slice(1, 3), steps: 3, samples: 40, configurations: 40, batch: 24, iterations: 2 } : all;
  const rows = s.betas.flatMap((beta) => METHODS.map((method) => {
    const w = logWeights(s, beta, method);
    console.error(`beta ${beta}, ${method}`);
    const { sd, ess, logZ } = weightSummary(w);
    return { beta, method, sd, error: sd / Math.sqrt(2 * w.length), ess, logZ };
  }));
  const own = (method: Method) => rows.filter((r) => r.method === method);
  /** Slope between the two smallest couplings. */
  const slope = (method: Method): string => {
    const [a, b] = own(method);
    return `${method} ${(Math.log(b!.sd / a!.sd) / Math.log(b!.beta / a!.beta)).toFixed(2)}`;
  };
  const volume = s.extents.reduce((v, L) => v * L, 1);
  writePage(out, {
    name: "flow-orders",
    title: "Trivialising flows by order",
    text: [
      `U(1) on ${s.extents.join("x")}, ${s.samples} samples, seed ${s.seed}; ${s.steps} steps of masked half steps, whose log det is that of the map. Schwinger-Dyson: four operators, ${s.knots} times with ${s.configurations} configurations each, no training. Learned: the same operators, coefficients affine in t, from the action of order t by ${s.iterations} Gauss-Newton steps on the spread of the log weights of ${s.batch} samples each. Errors: sd over sqrt(2 n). An expansion through order t^k leaves a spread of order beta^(k + 2).`,
    ],
    figures: { "sd of log w": linePlot({ series: METHODS.map((m) => ({ name: m, x: own(m).map((r) => Math.log10(r.beta)), y: own(m).map((r) => r.sd), error: own(m).map((r) => r.error) })), title: "Spread of the log weights", xLabel: "log10 beta", yLabel: "sd of log w", logY: true }) },
    table: { header: ["beta", "flow", "sd of log w", "ESS", "ln Z", "exact"], rows: rows.map((r) => [String(r.beta), r.method, shown([r.sd, r.error]), r.ess.toFixed(3), `${r.logZ.value.toFixed(3)} ± ${r.logZ.error.toFixed(3)}`, exactLogZ2d({ beta: r.beta, N: 1, volume }).toFixed(3)]) },
    conclusions: [`Slopes of ln sd against ln beta at the smallest couplings (1, 2, 3 expected for none and orders 0 and 1): ${METHODS.map(slope).join(", ")}.`],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}
