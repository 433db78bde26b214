/** Sections on the gradient flow and on correlators, from what was measured. */
import type { ReportFigure } from "../html.ts";
import type { NamedSection } from "../live/view.ts";
import { historyPlot, linePlot } from "../plots.ts";
import { estimate, num, only, spacing } from "./series.ts";
import type { RunView } from "../../runs/index.ts";

/** t^2 E(t) with errors, and Q at the largest flow time. */
export function flowSection({ metrics, configuration }: RunView): NamedSection | undefined {
  const measured = only(metrics, "measurement").filter((r) => r.flow !== undefined && r.flow.length > 0);
  if (measured.length === 0) return undefined;
  const times = measured[0]!.flow!.map((p) => p.t);
  const whole = measured.filter((r) => r.flow!.length === times.length);
  const curve = (name: string, f: (p: NonNullable<(typeof whole)[number]["flow"]>[number]) => number) => {
    const columns = times.map((_, k) => whole.map((r) => num(f(r.flow![k]!))));
    const errors = columns.map((c) => estimate(c)?.error ?? Number.NaN);
    return { name, x: times, y: columns.map((c) => c.reduce((s, v) => s + v / c.length, 0)), ...(errors.every(Number.isNaN) ? {} : { error: errors }) };
  };
  const at = whole.map((r) => r.trajectory);
  const four = configuration.lattice.extents.length === 4;
  // runs of older versions wrote 0 where no charge is defined
  const charged = (four || (configuration.lattice.extents.length === 2 && configuration.group === "U(1)")) && whole.every((r) => r.flow!.at(-1)!.topologicalCharge !== undefined);
  const charge = (): ReportFigure => ({
    svg: historyPlot({ chains: [{ name: "Q", values: whole.map((r) => num(r.flow!.at(-1)!.topologicalCharge!)), start: at[0] ?? 0, step: spacing(at) }], title: "Topological charge", yLabel: `Q at t = ${times.at(-1)}`, references: [{ name: "zero", value: 0 }] }),
    caption: `${four ? "Clover charge" : "Charge of the plaquette angles"} at the largest flow time.`,
  });
  return {
    id: "flow",
    heading: "Gradient flow",
    figures: [
      { svg: linePlot({ series: [curve("plaquette", (p) => p.t * p.t * p.energyPlaquette), curve("clover", (p) => p.t * p.t * p.energyClover)], title: "Energy density along the flow", xLabel: "flow time t", yLabel: "t² E", references: [{ name: "0.3", value: 0.3 }] }), caption: `Mean of ${whole.length} configurations; t²E = 0.3 defines t₀ in SU(3).` },
      ...(charged ? [charge()] : []),
    ],
  };
}

/** Pion correlator. */
export function correlatorSection({ metrics }: RunView): NamedSection | undefined {
  const measured = only(metrics, "measurement").filter((r) => r.values?.["pion(0)"] !== undefined);
  if (measured.length === 0) return undefined;
  const names = Object.keys(measured[0]!.values).filter((name) => name.startsWith("pion("));
  const columns = names.map((name) => measured.map((r) => num(r.values[name])));
  const errors = columns.map((c) => estimate(c)?.error ?? Number.NaN);
  return {
    id: "correlators",
    heading: "Correlators",
    figures: [
      {
        svg: linePlot({ series: [{ name: "C(t)", x: names.map((_, t) => t), y: columns.map((c) => c.reduce((s, v) => s + v / c.length, 0)), ...(errors.every(Number.isNaN) ? {} : { error: errors }) }], title: "Pion correlator", xLabel: "t", yLabel: "C(t)", logY: true }),
        caption: `Mean of ${measured.length} configurations.`,
      },
    ],
  };
}
