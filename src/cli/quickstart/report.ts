/** The quickstart's results as rows, a text table and a report page. */
import { type Generated, type ReportTable, type Section, historyPlot, histogramPlot, htmlReport, linePlot } from "../../report/index.ts";
import { table, withError, zScore } from "../../util/index.ts";
import { BENCHMARK, REFERENCE } from "./benchmark.ts";
import type { QuickstartResult, Sampled } from "./quickstart.ts";

const COMPARED = ["plaquette", "|Polyakov|", "condensate"] as const;

/** One value of the table as numbers. */
export interface Row {
  readonly sampler: string;
  readonly quantity: string;
  readonly mean: number;
  readonly error: number;
  readonly tauInt: number;
  readonly reference?: readonly [value: number, error: number];
  /** Deviation from the reference in standard deviations. */
  readonly sigma?: number;
}

/** All values with errors, and their distance from the reference. */
export function rowsOf(result: QuickstartResult): Row[] {
  return result.samples.flatMap(({ name, summary }) => {
    const observed = Object.entries(summary.values).map(([quantity, e]): Row => {
      const base = { sampler: name, quantity, mean: e.mean, error: e.error, tauInt: e.tauInt };
      const known = COMPARED.find((q) => q === quantity);
      return known ? { ...base, reference: REFERENCE[known], sigma: zScore(e.mean, e.error, REFERENCE[known][0], REFERENCE[known][1]) } : base;
    });
    const estimates = { acceptance: summary.acceptance, "exp(-dH)": summary.expMinusDH!, "|dH|": summary.meanAbsDH! };
    return [...observed, ...Object.entries(estimates).map(([quantity, e]) => ({ sampler: name, quantity, mean: e.mean, error: e.error, tauInt: e.tauInt }))];
  });
}

const LABEL: Readonly<Record<string, string>> = { plaquette: "plaquette", Polyakov: "Polyakov (1/2) Re tr P", "|Polyakov|": "|Polyakov|", condensate: "chiral condensate", acceptance: "acceptance", "exp(-dH)": "<exp(-dH)>", "|dH|": "<|dH|>" };

/** Quantities down, samplers across. */
export function resultTable(result: QuickstartResult): ReportTable {
  const rows = rowsOf(result);
  const cell = (sampler: string, quantity: string): Row => rows.find((r) => r.sampler === sampler && r.quantity === quantity)!;
  const names = result.samples.map((s) => s.name);
  const quantities = [...new Set(rows.map((r) => r.quantity))];
  const values = quantities.map((q) => {
    const known = COMPARED.find((c) => c === q);
    return [LABEL[q]!, ...names.map((n) => withError(cell(n, q).mean, cell(n, q).error)), known ? withError(REFERENCE[known][0], REFERENCE[known][1]) : ""];
  });
  const taus = COMPARED.map((q) => [`tau_int of ${LABEL[q]!}`, ...names.map((n) => cell(n, q).tauInt.toFixed(2)), ""]);
  const sigmas = COMPARED.map((q) => [`${LABEL[q]!}: deviation / sigma`, ...names.map((n) => cell(n, q).sigma!.toFixed(1)), ""]);
  const trained = (f: (s: Sampled) => string): string[] => result.samples.map((s) => (s.assessment ? f(s) : ""));
  const losses = [
    ["published loss L", ...trained((s) => s.assessment!.squared.toPrecision(3)), ""],
    ["variance loss L_c", ...trained((s) => s.assessment!.centred.toPrecision(3)), ""],
    ["acceptance expected from sd", ...trained((s) => s.assessment!.trajectory!.acceptance.toFixed(3)), ""],
  ];
  return { header: ["", ...names, "reference"], rows: [...values, ...taus, ...sigmas, ...losses] };
}

/** What training did to the acceptance, in words that follow from the numbers. */
export function verdict(result: QuickstartResult): string {
  const [, untrained, published, variance] = result.samples;
  const of = (s: Sampled | undefined): string => withError(s!.summary.acceptance.mean, s!.summary.acceptance.error);
  const change = (s: Sampled | undefined): string => {
    const z = zScore(s!.summary.acceptance.mean, s!.summary.acceptance.error, untrained!.summary.acceptance.mean, untrained!.summary.acceptance.error);
    return Math.abs(z) < 2 ? "does not change it significantly" : z > 0 ? "raises it" : "lowers it";
  };
  return [
    `Acceptance of self-learning HMC: ${of(untrained)} with untrained weights; minimising the published loss 1/2 |S_theta - S|^2 ${change(published)}, to ${of(published)}; minimising the variance of S_theta - S ${change(variance)}, to ${of(variance)}.`,
    "The published loss also fits the constant part of S_theta - S, which exerts no force; the acceptance depends on the fluctuation only. The Metropolis step uses the target action in every case, so the observables must agree whatever the weights are.",
  ].join(" ");
}

/** The table and the verdict as text. */
export function resultText(result: QuickstartResult): string {
  const { header, rows } = resultTable(result);
  return `${table(header, rows)}\n\n${verdict(result)}\n`;
}

const steps = (y: readonly number[]): number[] => y.map((_, k) => k);

/** The report page. */
export function reportHtml(result: QuickstartResult, generated: Generated): string {
  const { squared, centred } = result.training;
  const reference = (q: keyof typeof REFERENCE & (typeof COMPARED)[number]) => ({ name: "reference", value: REFERENCE[q][0], error: REFERENCE[q][1] });
  const history = (q: (typeof COMPARED)[number], label: string) =>
    historyPlot({ chains: result.samples.map((s) => ({ name: s.name, values: s.result.series.values[q]! })), title: label, yLabel: label, references: [reference(q)] });
  const weights = squared.names.map((name, k) => [name.replace(/^network\./, ""), squared.theta[k]!.toFixed(4), centred.theta[k]!.toFixed(4)]);
  const sections: Section[] = [
    { heading: "Result", text: verdict(result), table: { ...resultTable(result), note: "Errors include the autocorrelation (Gamma method, hep-lat/0306017). Reference: an independent program, 50000 trajectories of HMC." } },
    {
      heading: "Training",
      text: "Both networks are trained online in a prior HMC run with the target action, Adam, batches of the newest configurations. The left plot shows the published loss of each batch, the right one half the variance of S_theta - S.",
      figures: [
        { svg: linePlot({ series: [{ name: "minimising L", x: steps(squared.squared), y: squared.squared }, { name: "minimising L_c", x: steps(centred.squared), y: centred.squared }], title: "Published loss L", xLabel: "trajectory", yLabel: "L", logY: true }), caption: "L = 1/2 |S_theta - S|^2, mean of the batch." },
        { svg: linePlot({ series: [{ name: "minimising L", x: steps(squared.centred), y: squared.centred }, { name: "minimising L_c", x: steps(centred.centred), y: centred.centred }], title: "Variance loss L_c", xLabel: "trajectory", yLabel: "L_c", logY: true }), caption: "L_c = 1/2 Var(S_theta - S) of the batch." },
      ],
      table: { header: ["weight", "published loss", "variance"], rows: weights },
    },
    {
      heading: "Histories",
      figures: [
        { svg: history("plaquette", "plaquette"), caption: "Plaquette, trajectory by trajectory." },
        { svg: history("|Polyakov|", "|Polyakov loop|"), caption: "Modulus of the volume averaged Polyakov loop." },
        { svg: history("condensate", "chiral condensate"), caption: "Chiral condensate from noise sources." },
      ],
    },
    {
      heading: "Distributions",
      figures: [{ svg: histogramPlot({ series: result.samples.map((s) => ({ name: s.name, values: s.result.series.values["plaquette"]! })), xLabel: "plaquette", title: "Plaquette" }), caption: "All samplers draw from the same distribution." }],
    },
    {
      heading: "Checks",
      keyValues: Object.fromEntries(result.samples.map((s) => [`${s.name}: largest |U - U_0| after a trajectory forward and back`, s.result.reversibility.toExponential(2)])),
    },
    { heading: "System", keyValues: { group: "SU(2)", lattice: BENCHMARK.extents.join(" x "), beta: BENCHMARK.beta, "staggered mass": BENCHMARK.mass, flavours: BENCHMARK.flavours, "mass in molecular dynamics": BENCHMARK.guideMass, "trajectory length": BENCHMARK.length, "leapfrog steps": BENCHMARK.steps } },
  ];
  return htmlReport({ title: "Self-learning HMC on SU(2) gauge fields with staggered fermions", subtitle: "HMC, untrained and trained self-learning HMC sample the same distribution; training decides how often they accept.", sections, generated });
}
