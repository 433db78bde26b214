/** The quickstart's results as rows, a text table and a report page. */
import { histogramPlot } from "./histogram.ts";
import { type Generated, type ReportTable, type Section, htmlReport } from "./html.ts";
import { historyPlot, linePlot } from "./plots.ts";
import { numberText } from "./text.ts";
import { table, withError, zScore } from "../util/index.ts";
import { BENCHMARK, type QuickstartResult, REFERENCE, type Sampled } from "#platform/runs/index";

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

/** tau_int of |Polyakov| in the long run, in trajectories: shorter runs cannot see it. */
const TAU = 17;

/** What training did to the acceptance, in words that follow from the numbers. */
export function verdict(result: QuickstartResult): string {
  const [, untrained, published, variance] = result.samples;
  const length = untrained!.series.results.length;
  const of = (s: Sampled | undefined): string => withError(s!.summary.acceptance.mean, s!.summary.acceptance.error);
  const change = (s: Sampled | undefined): string => {
    const z = zScore(s!.summary.acceptance.mean, s!.summary.acceptance.error, untrained!.summary.acceptance.mean, untrained!.summary.acceptance.error);
    return Math.abs(z) < 2 ? "does not change it significantly" : z > 0 ? "raises it" : "lowers it";
  };
  return [
    `Acceptance of self-learning HMC: ${of(untrained)} with untrained weights; minimising the published loss 1/2 |S_theta - S|^2 ${change(published)}, to ${of(published)}; minimising the variance of S_theta - S ${change(variance)}, to ${of(variance)}.`,
    "The published loss also fits the constant part of S_theta - S, which exerts no force; the acceptance depends on the fluctuation only. The Metropolis step uses the target action in every case, so the observables must agree whatever the weights are.",
    ...(length < 50 * TAU ? [`With ${length} trajectories, a run is ${Math.round(length / TAU)} autocorrelation times of |Polyakov| long (tau_int ${TAU} in long runs): its error is estimated too small here.`] : []),
  ].join(" ");
}

/** The table and the verdict as text. */
export function resultText(result: QuickstartResult): string {
  const { header, rows } = resultTable(result);
  return `${table(header, rows)}\n\n${verdict(result)}\n`;
}

const steps = (y: readonly number[]): number[] => y.map((_, k) => k);
const printed = (text: string): string => text.replaceAll("-", "−");
/** A formula as the page prints it. */
const typeset = (text: string): string => text.replaceAll("S_theta", "S_θ").replaceAll(" - ", " − ").replaceAll("1/2 ", "½ ").replaceAll("|^2", "|²");

/** Acceptance and what decides about it, sampler by sampler. */
function acceptanceTable(result: QuickstartResult): ReportTable {
  const { untrained, published, variance } = REFERENCE.acceptance;
  const known = ["–", untrained, published, variance];
  return {
    header: ["sampler", "acceptance", "expected", "independent", "⟨exp(−ΔH)⟩", "⟨|ΔH|⟩", "L", "L_c"],
    rows: result.samples.map(({ name, summary, assessment }, k) => [
      name,
      withError(summary.acceptance.mean, summary.acceptance.error),
      assessment ? assessment.trajectory!.acceptance.toFixed(3) : "–",
      String(known[k] ?? "–"),
      withError(summary.expMinusDH!.mean, summary.expMinusDH!.error),
      withError(summary.meanAbsDH!.mean, summary.meanAbsDH!.error),
      assessment ? assessment.squared.toPrecision(3) : "–",
      assessment ? assessment.centred.toPrecision(3) : "–",
    ]),
    note: "Expected: erfc(sd / 2√2) with the spread sd of S_θ − S along trajectories of the target. Independent: another program, with its own weights at the minimum of each loss (that of L with 10 steps). ⟨exp(−ΔH)⟩ must be 1. L = ½ |S_θ − S|², L_c = ½ Var(S_θ − S).",
  };
}

/** Observables with their distance from the reference and tau_int. */
function observableTable(result: QuickstartResult): ReportTable {
  const rows = rowsOf(result);
  const across = (q: string, f: (r: Row) => string): string[] => result.samples.map((s) => printed(f(rows.find((r) => r.sampler === s.name && r.quantity === q)!)));
  const n = result.samples[0]!.summary.acceptance.n;
  const slowest = rows.reduce((m, r) => Math.max(m, r.tauInt), 0.5);
  const short = n < 100 * slowest ? " Chains as short as these underestimate the largest autocorrelation times, so the Polyakov loop may deviate by more than its error says." : "";
  return {
    header: ["", ...result.samples.map((s) => s.name), "reference"],
    rows: COMPARED.flatMap((q) => [
      [LABEL[q]!, ...across(q, (r) => withError(r.mean, r.error)), withError(REFERENCE[q][0], REFERENCE[q][1])],
      ["deviation / σ", ...across(q, (r) => r.sigma!.toFixed(1)), ""],
      ["τ_int (trajectories)", ...across(q, (r) => r.tauInt.toFixed(1)), ""],
    ]),
    note: `${n} trajectories each. Errors include the autocorrelation (Gamma method, hep-lat/0306017). Reference: HMC of an independent program, 50000 trajectories.${short}`,
  };
}

/** The report page. */
export function reportHtml(result: QuickstartResult, generated: Generated): string {
  const { squared, centred } = result.training;
  const reference = (q: keyof typeof REFERENCE & (typeof COMPARED)[number]) => ({ name: "reference", value: REFERENCE[q][0], error: REFERENCE[q][1] });
  const history = (q: (typeof COMPARED)[number], title: string) =>
    historyPlot({ chains: result.samples.map((s) => ({ name: s.name, values: s.series.values[q]! })), title, yLabel: title.toLowerCase(), references: [reference(q)] });
  const distribution = (q: (typeof COMPARED)[number], title: string) =>
    histogramPlot({ series: result.samples.map((s) => ({ name: s.name, values: s.series.values[q]! })), xLabel: title.toLowerCase(), title, bins: Math.max(12, Math.min(30, Math.round(2 * Math.cbrt(result.samples[0]!.summary.acceptance.n)))) });
  const loss = (of: "squared" | "centred", title: string, yLabel: string) =>
    linePlot({ series: [{ name: "minimising L", x: steps(squared[of]), y: squared[of] }, { name: "minimising L_c", x: steps(centred[of]), y: centred[of] }], title, xLabel: "trajectory", yLabel, logY: true });
  const weights = squared.names.map((name, k) => [weightName(name), printed(squared.theta[k]!.toFixed(4)), printed(centred.theta[k]!.toFixed(4))]);
  const violation = (bound: number) => result.samples.map((s) => ({ name: s.name, values: s.series.results.map((r) => r.dH).filter((x) => Math.abs(x) <= bound) }));
  const sections: Section[] = [
    { heading: "Acceptance", text: typeset(verdict(result)), table: acceptanceTable(result), figures: [{ svg: histogramPlot({ series: violation(8), xLabel: "ΔH", title: "Energy violation" }), caption: "ΔH of the target action at the end of each trajectory, |ΔH| ≤ 8." }] },
    { heading: "Observables", text: "All samplers draw from the same distribution, whatever the weights of the network are.", table: observableTable(result) },
    {
      heading: "Training",
      text: "Both networks are trained online in a prior HMC run with the target action: Adam, batches of the newest configurations. L is the published loss; L_c leaves out the mean of S_θ − S.",
      figures: [
        { svg: loss("squared", "Published loss L", "L"), caption: "L = ½ |S_θ − S|², mean of the batch." },
        { svg: loss("centred", "Variance loss L_c", "L_c"), caption: "L_c = ½ Var(S_θ − S) of the batch." },
      ],
      table: { header: ["weight", "minimising L", "minimising L_c"], rows: weights, note: "ρ of the plaquette term, and of the Polyakov term on temporal and on spatial links." },
    },
    {
      heading: "Histories",
      figures: [
        { svg: history("plaquette", "Plaquette"), caption: "Plaquette, trajectory by trajectory." },
        { svg: history("|Polyakov|", "|Polyakov loop|"), caption: "Modulus of the volume averaged Polyakov loop." },
        { svg: history("condensate", "Chiral condensate"), caption: "Chiral condensate from noise sources." },
      ],
    },
    {
      heading: "Distributions",
      figures: [
        { svg: distribution("plaquette", "Plaquette"), caption: "Plaquette of all samplers." },
        { svg: distribution("|Polyakov|", "|Polyakov loop|"), caption: "Modulus of the volume averaged Polyakov loop." },
      ],
    },
    {
      heading: "Checks",
      table: {
        header: ["sampler", "largest |U − U₀|"],
        rows: result.samples.map((s) => [s.name, numberText(s.reversibility, 2)]),
        note: "After a trajectory forward and back: molecular dynamics is reversible up to rounding.",
      },
    },
    { heading: "System", keyValues: { group: "SU(2)", lattice: BENCHMARK.extents.join(" × "), "gauge action": `Wilson, β = ${BENCHMARK.beta}`, fermions: `${BENCHMARK.flavours} staggered flavours, m = ${BENCHMARK.mass}`, "mass in molecular dynamics": BENCHMARK.guideMass, "trajectory length": BENCHMARK.length, "leapfrog steps": BENCHMARK.steps } },
  ];
  return htmlReport({
    title: "Self-learning HMC on SU(2) gauge fields with staggered fermions",
    subtitle: `SU(2) on ${BENCHMARK.extents.join(" × ")}, β = ${BENCHMARK.beta}, ${BENCHMARK.flavours} staggered flavours of mass ${BENCHMARK.mass}: HMC against self-learning HMC with a gauge covariant network (arXiv:2103.11965).`,
    sections,
    generated,
  });
}

/** `layer 1, plaquette` for `network.0.rho.plaq`. */
function weightName(name: string): string {
  const [, layer, term] = /^network\.(\d+)\.rho\.(\w+)$/.exec(name) ?? [];
  const terms: { readonly [name: string]: string } = { plaq: "plaquette", poly4: "Polyakov, temporal", polys: "Polyakov, spatial" };
  return layer === undefined ? name : `layer ${Number(layer) + 1}, ${terms[term!] ?? term!}`;
}
