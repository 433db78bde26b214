/** Sections on what was found: state of the run, table with errors and tau_int, histories, distributions, autocorrelation functions. */
import { autocorrelationPlot } from "../autocorrelation.ts";
import { histogramPlot } from "../histogram.ts";
import type { ReportFigure } from "../html.ts";
import type { NamedSection } from "../live/view.ts";
import { historyPlot } from "../plots.ts";
import { numberText } from "../text.ts";
import { alarmsOf, demonCouplings, expMinusDH } from "#platform/runs/index";
import { type ObservableSeries, acceptanceOf, correlations, estimate, num, observables, only, produced, tauText, valueText } from "./series.ts";
import type { RunView } from "#platform/runs/index";
import { positionOf, stateText } from "./state.ts";

/** Most histories in a report; the table has every observable. */
const MOST_PLOTS = 8;

/** State of the run and what went wrong in it. */
export function summarySection(view: RunView): NamedSection {
  const { metrics, events, notes } = view;
  const { done, total } = positionOf(view);
  const sampled = produced(metrics);
  const measured = only(metrics, "measurement");
  const alarms = alarmsOf(sampled.map((r) => ({ ...r, dH: num(r.dH), ...(r.plaquette === undefined ? {} : { plaquette: num(r.plaquette) }) })), measured.filter((r) => r.values !== undefined)).map((text) => `Warning: ${text}`);
  const warnings = [...alarms, ...events.flatMap((e) => (e.kind === "warning" || e.kind === "failure" ? [`${e.kind === "failure" ? "Failure" : "Warning"} at ${e.position}: ${e.text ?? ""}`] : [])), ...notes];
  const recorded = metrics.length === 0 ? ["Nothing is recorded yet: the first trajectory is not complete."] : [];
  const phases = (["thermalise", "train", "sample"] as const).flatMap((phase) => {
    const n = only(metrics, "trajectory").filter((r) => r.phase === phase).length;
    return n > 0 ? [`${n} ${{ thermalise: "of thermalisation", train: "of training", sample: "of production" }[phase]}`] : [];
  });
  const epochs = only(metrics, "epoch").length;
  return {
    id: "state",
    heading: "State",
    ...(recorded.length + warnings.length > 0 ? { text: [...recorded, ...warnings].join("\n\n") } : {}),
    keyValues: {
      state: stateText(view),
      ...(total > 0 ? { progress: `${done} of ${total}` } : {}),
      ...(phases.length > 0 ? { trajectories: phases.join(", ") } : {}),
      ...(epochs > 0 ? { epochs } : {}),
      ...(sampled.length > 0 ? { acceptance: `${valueText(acceptanceOf(sampled))} (${sampled.filter((r) => r.accepted).length} of ${sampled.length})` } : {}),
    },
  };
}

/** Every observable with error and tau_int. */
export function resultsSection({ metrics }: RunView): NamedSection | undefined {
  const sampled = produced(metrics);
  if (sampled.length === 0) return undefined;
  const row = (s: ObservableSeries): string[] => {
    const e = estimate(s.values);
    return [s.label, valueText(e), tauText(e, s.every), String(s.values.length), String(s.every)];
  };
  const accepted = acceptanceOf(sampled);
  const own = [
    ["acceptance", valueText(accepted), tauText(accepted, 1), String(sampled.length), "1"],
    row({ name: "exp", label: "⟨exp(−ΔH)⟩", at: [], values: expMinusDH(sampled.map((r) => ({ ...r, dH: num(r.dH) }))), every: 1 }),
    row({ name: "dH", label: "⟨|ΔH|⟩", at: [], values: sampled.map((r) => Math.abs(num(r.dH))), every: 1 }),
  ];
  const some = observables(metrics);
  const known = Object.fromEntries(some.flatMap((s) => {
    const e = estimate(s.values);
    return e ? [[s.name, e]] : [];
  }));
  const couplings = Object.entries(demonCouplings(known)).map(([name, e]) => [name.replace("coupling.", "coupling of demon "), valueText(e), "–", String(e.n), "–"]);
  const few = sampled.length < 100 ? " There are few trajectories so far: errors and autocorrelation times are rough." : "";
  const undetermined = [...some.map(row), ...own].some((r) => r[1] === "–") ? " A dash stands where there are fewer than eight values, or none that is finite." : "";
  return {
    id: "results",
    heading: "Results",
    table: {
      header: ["observable", "mean (error)", "τ_int (trajectories)", "values", "one every"],
      rows: [...some.map(row), ...couplings, ...own],
      note: `Production only. Errors include the autocorrelation (Gamma method, hep-lat/0306017); τ_int is 0.5 without autocorrelation.${few}${undetermined}`,
    },
  };
}

/** Plaquette of all stages, and observables of the production. */
export function historiesSection(view: RunView): NamedSection | undefined {
  const all = only(view.metrics, "trajectory");
  if (all.length === 0) return undefined;
  const first = all.find((r) => r.phase === "sample")?.trajectory;
  const before = first ?? all.at(-1)!.trajectory + 1;
  const e = estimate(produced(view.metrics).map((r) => num(r.plaquette ?? null)));
  const plaquette: ReportFigure = {
    svg: historyPlot({
      chains: [{ name: "plaquette", values: all.map((r) => num(r.plaquette ?? null)), start: all[0]!.trajectory }], title: "Plaquette", yLabel: "plaquette",
      ...(before > 0 ? { discard: before } : {}), ...(e ? { references: [{ name: "mean of the production", value: e.mean, error: e.error }] } : {}),
    }),
    caption: before > 0 ? "Mean plaquette Re tr P / N after every trajectory, from the start of the run." : "Mean plaquette Re tr P / N after every trajectory.",
  };
  const others = plotted(view).filter((s) => s.name !== "plaquette").map((s): ReportFigure => ({
    svg: historyPlot({ chains: [{ name: s.label, values: s.values, start: s.at[0]!, step: s.every }], title: capital(s.label), yLabel: s.label, ...meanOf(s) }),
    caption: `${capital(s.label)}, measured ${everyText(s.every)}.`,
  }));
  return { id: "histories", heading: "Histories", figures: [...(all.some((r) => r.plaquette !== undefined) ? [plaquette] : []), ...others] };
}

/** Histograms of the production. */
export function distributionsSection(view: RunView): NamedSection | undefined {
  const some = plotted(view).filter((s) => s.values.length >= 20);
  if (some.length === 0) return undefined;
  const bins = (n: number): number => Math.max(8, Math.min(40, Math.round(2 * Math.cbrt(n) + 2)));
  return {
    id: "distributions",
    heading: "Distributions",
    figures: some.map((s) => ({ svg: histogramPlot({ series: [{ name: s.label, values: s.values }], xLabel: s.label, title: capital(s.label), bins: bins(s.values.length) }), caption: `${s.values.length} values of the production.` })),
  };
}

/** rho(t) with the window of the Gamma method. */
export function autocorrelationSection(view: RunView): NamedSection | undefined {
  const some = plotted(view).flatMap((s) => {
    const e = estimate(s.values);
    return e && e.error > 0 && s.values.length >= 40 ? [{ s, e }] : [];
  });
  if (some.length === 0) return undefined;
  return {
    id: "autocorrelation",
    heading: "Autocorrelation",
    figures: some.map(({ s, e }) => {
      const { rho, error } = correlations(s.values, Math.min(Math.floor(s.values.length / 3), Math.max(12, 3 * e.window)));
      const unit = s.every === 1 ? "trajectories" : `measurements, one ${everyText(s.every)}`;
      return {
        svg: autocorrelationPlot({ series: [{ name: s.label, rho, error, tauInt: e.tauInt, tauIntError: e.tauIntError, window: e.window }], title: capital(s.label), xLabel: `separation t (${unit})` }),
        caption: `Normalised autocorrelation function; τ_int = ${numberText(e.tauInt, 3)} in units of ${s.every === 1 ? "trajectories" : "measurements"}.`,
      };
    }),
  };
}

/** Observables with a plot of their own: single values, not components of the many. */
function plotted({ metrics }: RunView): ObservableSeries[] {
  const some = observables(metrics).filter((s) => s.values.length > 0);
  const order = ["plaquette", "|polyakov|", "polyakov.re", "condensate", "charge", "energy.clover", "rectangle"];
  const rank = (s: ObservableSeries): number => (order.includes(s.name) ? order.indexOf(s.name) : order.length + Number(/^(plaquette\.|pion|energy\.|polyakov)/.test(s.name)));
  return [...some].filter((s) => !/^(pion\(|plaquette\.)/.test(s.name)).sort((a, b) => rank(a) - rank(b)).slice(0, MOST_PLOTS);
}

function meanOf(s: ObservableSeries): { references?: { name: string; value: number; error: number }[] } {
  const e = estimate(s.values);
  return e ? { references: [{ name: "mean", value: e.mean, error: e.error }] } : {};
}

export const everyText = (every: number): string => (every === 1 ? "after every trajectory" : `after every ${every} trajectories`);

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
