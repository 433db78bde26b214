/** One report on several chains of a run: each for itself, all together, and whether they agree. */
import type { NamedSection } from "../live/view.ts";
import { historyPlot } from "../plots.ts";
import { numberText } from "../text.ts";
import { type RunView, summaryOfChains } from "#platform/runs/index";
import { withError } from "../../util/index.ts";
import { labelOf, num, only } from "./series.ts";
import { positionOf, stateText } from "./state.ts";

/** Sections on chains 0, 1, ... in their order. */
export function chainSections(views: readonly RunView[]): NamedSection[] {
  const summary = summaryOfChains(views.map((v) => ({ records: v.metrics, parameters: v.state?.parameters ?? null })));
  const notes = views.flatMap((v, k) => [...v.events.flatMap((e) => (e.kind === "warning" || e.kind === "failure" ? [`Chain ${k}, ${e.kind} at ${e.position}: ${e.text ?? ""}`] : [])), ...v.notes.map((n) => `Chain ${k}: ${n}`)]);
  const text = [...summary.alarms.map((a) => `Warning: ${a}`), ...notes];
  const states: NamedSection = {
    id: "state",
    heading: "State",
    ...(text.length > 0 ? { text: text.join("\n\n") } : {}),
    table: {
      header: ["chain", "stream", "state", "progress", "acceptance"],
      rows: views.map((v, k) => {
        const { done, total } = positionOf(v);
        const accepted = summary.chains[k]!.estimates["acceptance"];
        return [String(k), String(v.configuration.sampler?.stream ?? 0), stateText(v), `${done} of ${total}`, accepted ? withError(accepted.mean, accepted.error) : "–"];
      }),
    },
  };
  return [states, ...resultSection(summary), ...historySection(views)];
}

function resultSection({ merged, chains }: ReturnType<typeof summaryOfChains>): NamedSection[] {
  const rows = Object.entries(merged).map(([name, e]) => [
    name === "exp(-dH)" ? "⟨exp(−ΔH)⟩" : labelOf(name), withError(e.mean, e.error), withError(e.tauInt, e.tauIntError), numberText(e.probability, 2),
    ...chains.map((c) => (c.estimates[name] ? withError(c.estimates[name].mean, c.estimates[name].error) : "–")),
  ]);
  if (rows.length === 0) return [];
  return [{
    id: "results",
    heading: "Results",
    table: {
      header: ["observable", "all chains", "τ_int", "Q", ...chains.map((_, k) => `chain ${k}`)],
      rows,
      note: "Production only. Errors include the autocorrelation (Gamma method with replicas, hep-lat/0306017); Q is the probability that chains of one distribution differ as much from their common mean.",
    },
  }];
}

function historySection(views: readonly RunView[]): NamedSection[] {
  const own = views.map((v, k) => ({ name: `chain ${k}`, all: only(v.metrics, "trajectory") })).filter((c) => c.all.some((r) => r.plaquette !== undefined));
  if (own.length === 0) return [];
  const svg = historyPlot({ chains: own.map(({ name, all }) => ({ name, values: all.map((r) => num(r.plaquette ?? null)), start: all[0]!.trajectory })), title: "Plaquette", yLabel: "plaquette" });
  return [{ id: "histories", heading: "Histories", figures: [{ svg, caption: "Mean plaquette Re tr P / N after every trajectory of every chain." }] }];
}
