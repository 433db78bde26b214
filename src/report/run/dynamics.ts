/** Sections on how the run worked: energy violation, forces, self-checks, training. */
import { histogramPlot } from "../histogram.ts";
import type { ReportFigure } from "../html.ts";
import type { NamedSection } from "../live/view.ts";
import { type Series, historyPlot, linePlot } from "../plots.ts";
import { numberText } from "../text.ts";
import type { MetricsRecord } from "../../runs/index.ts";
import { num, only } from "./series.ts";
import type { RunView } from "../../runs/index.ts";

/** dH and force sizes. */
export function dynamicsSection({ metrics }: RunView): NamedSection | undefined {
  const all = only(metrics, "trajectory");
  if (all.length === 0) return undefined;
  const sampled = all.filter((r) => r.phase === "sample");
  const forThis = sampled.length > 0 ? sampled : all;
  const dH = forThis.map((r) => num(r.dH));
  const figures: ReportFigure[] = [
    { svg: historyPlot({ chains: [{ name: "ΔH", values: all.map((r) => num(r.dH)), start: all[0]!.trajectory }], title: "Energy violation", yLabel: "ΔH", references: [{ name: "zero", value: 0 }] }), caption: "ΔH = H_new − H_old of the target action; a trajectory is accepted with probability min(1, exp(−ΔH))." },
    ...(dH.length >= 20 ? [{ svg: histogramPlot({ series: [{ name: "ΔH", values: dH }], xLabel: "ΔH", title: "Energy violation" }), caption: `${sampled.length > 0 ? "Production" : "All trajectories so far"}. Exactness needs ⟨exp(−ΔH)⟩ = 1.` }] : []),
    ...forceFigures(metrics),
  ];
  return { id: "dynamics", heading: "Molecular dynamics", figures };
}

function forceFigures(metrics: readonly MetricsRecord[]): ReportFigure[] {
  const measured = only(metrics, "measurement").filter((r) => r.forces !== undefined);
  const parts = [...new Set(measured.flatMap((r) => Object.keys(r.forces ?? {})))];
  if (parts.length === 0) return [];
  const series = (of: "rms" | "max"): Series[] =>
    parts.map((name) => {
      const own = measured.filter((r) => r.forces?.[name] !== undefined);
      return { name, x: own.map((r) => r.trajectory), y: own.map((r) => num(r.forces![name]![of])) };
    });
  const plot = (of: "rms" | "max", title: string, caption: string): ReportFigure => ({ svg: linePlot({ series: series(of), title, xLabel: "trajectory", yLabel: "|F|", logY: true }), caption });
  return [
    plot("rms", "Force, root mean square", "Root mean square over the links of |F|, |F|² = −2 tr F² (U(1): F²), of the parts of the action."),
    plot("max", "Force, largest link", "Largest |F| of all links."),
  ];
}

/** What the production checks saw. */
export function checksSection({ metrics, configuration }: RunView): NamedSection | undefined {
  const checks = only(metrics, "check");
  if (checks.length === 0) return undefined;
  const largest = (f: (r: (typeof checks)[number]) => number): string => numberText(checks.reduce((m, r) => Math.max(m, num(f(r))), 0), 3);
  return {
    id: "checks",
    heading: "Checks",
    table: {
      header: ["check", "largest", "allowed"],
      rows: [
        ["|U − U₀| after a trajectory forward and back", largest((r) => r.reversibility), numberText(configuration.checks?.reversibility ?? Number.NaN, 3)],
        ["|H − H₀| of the same", largest((r) => r.reversibilityDH), "–"],
        ["|U U⁺ − 1|", largest((r) => r.unitarity), numberText(configuration.checks?.unitarity ?? Number.NaN, 3)],
        ["|det U − 1|", largest((r) => r.determinant), numberText(configuration.checks?.unitarity ?? Number.NaN, 3)],
      ],
      note: `${checks.length} ${checks.length === 1 ? "check" : "checks"}; each time the trajectory was computed twice and gave the same bits.`,
    },
  };
}

/** Losses, gradient and weights along the training. */
export function trainingSection({ metrics, state, configuration }: RunView): NamedSection | undefined {
  const steps = [...only(metrics, "training"), ...only(metrics, "epoch")];
  if (steps.length === 0) return undefined;
  const epochs = steps[0]!.kind === "epoch";
  const x = steps.map((r) => (r.kind === "epoch" ? r.epoch : r.step));
  const curve = (name: string, f: (r: (typeof steps)[number]) => number | undefined): Series[] => {
    const own = steps.flatMap((r, k) => (f(r) === undefined ? [] : [{ x: x[k]!, y: num(f(r)) }]));
    return own.length === 0 ? [] : [{ name, x: own.map((p) => p.x), y: own.map((p) => p.y) }];
  };
  const axis = epochs ? "epoch" : "step";
  const minimised = curve("loss that is minimised", (r) => r.value);
  const heldOut = curve("held out", (r) => (r.kind === "epoch" ? r.heldOut : undefined));
  const parts = [...curve("L = ½ |S_θ − S|²", (r) => r.squared), ...curve("L_c = ½ |S_θ − S − E₀|²", (r) => r.centred)];
  const logY = (series: readonly Series[]): boolean => series.some((s) => Array.from(s.y).some((v) => v > 0));
  const plot = (series: Series[], title: string, yLabel: string, caption: string, log = logY(series)): ReportFigure => ({ svg: linePlot({ series, title, xLabel: axis, yLabel, logY: log }), caption });
  const names = state?.parameters?.names ?? [];
  const count = Math.max(...steps.map((r) => r.parameters?.length ?? 0));
  const weights: Series[] = Array.from({ length: Math.min(count, 6) }, (_, i) => ({ name: names[i] ?? `θ${i + 1}`, x, y: steps.map((r) => num(r.parameters?.[i])) }));
  const last = steps.at(-1)!;
  return {
    id: "training",
    heading: "Training",
    text: `${steps.length} ${epochs ? "epochs" : "steps of the optimiser"}${configuration.training ? `, ${configuration.training.optimiser}, objective ${configuration.training.objective}` : ""}; last loss ${numberText(num(last.value), 4)}, last learning rate ${numberText(num(last.rate), 3)}.`,
    figures: [
      plot([...minimised, ...heldOut], "Loss", "loss", "The objective before each step, mean of the batch."),
      plot(parts, "Difference of the actions", "loss", "S_θ is the effective action, S the target; E₀ is their mean difference, which exerts no force."),
      plot(curve("|gradient|", (r) => r.gradientNorm), "Gradient", "|dL/dθ|", "Norm of the gradient of the objective."),
      ...(weights.length > 0 ? [plot(weights, "Weights", "θ", count > weights.length ? `The first ${weights.length} of ${count} parameters; the table has all of them.` : "Parameters along the training.", false)] : []),
    ],
    ...(count > 0 ? { table: { header: ["parameter", "value after the last step"], rows: Array.from({ length: count }, (_, i) => [names[i] ?? `θ${i + 1}`, numberText(num(last.parameters[i]), 6)]) } } : {}),
  };
}
