/** The report of a flow: loss and effective sample size of its training, log weights, sectors and averages of its samples. */
import type { FlowFolder } from "../runs/index.ts";
import { withError } from "../util/index.ts";
import { histogramPlot } from "./histogram.ts";
import { type Section, htmlReport } from "./html.ts";
import { linePlot } from "./plots.ts";

/** One self-contained HTML document. */
export function flowReport({ command, configuration, lines, result, version }: FlowFolder): string {
  const sections = command === "train" ? trainingSections(lines, result) : samplingSections(lines, result);
  return htmlReport({
    title: `gaugegrad flow ${command}`,
    sections: [...sections, { heading: "Configuration", code: configuration }],
    generated: { command: `gaugegrad flow ${command}`, version, seed: "as configured", elapsedSeconds: 0, environment: {} },
  });
}

function trainingSections(lines: FlowFolder["lines"], { trained }: FlowFolder["result"]): Section[] {
  const steps = lines.flatMap((l) => (l.kind === "training" ? [l] : []));
  if (steps.length === 0 || !trained) return [{ heading: "Training", text: "Nothing is recorded yet." }];
  const x = steps.map((l) => l.step);
  const plot = (key: "loss" | "ess" | "sd", label: string): string => linePlot({ series: [{ name: label, x, y: steps.map((l) => l[key]) }], title: label, xLabel: "step", yLabel: label });
  return [{
    heading: "Training",
    keyValues: { flow: trained.model, weights: trained.weights, loss: trained.loss.toFixed(4), "sd(log w)": trained.sd.toFixed(3), "ESS of a batch": trained.ess.toFixed(3) },
    figures: [{ svg: plot("loss", "loss"), caption: "Mean of log q + S, which is KL - ln Z." }, { svg: plot("sd", "sd(log w)"), caption: "Standard deviation of the log weights of each batch." }, { svg: plot("ess", "ESS"), caption: "Effective sample size of each batch." }],
  }];
}

function samplingSections(lines: FlowFolder["lines"], { sampled }: FlowFolder["result"]): Section[] {
  const steps = lines.flatMap((l) => (l.kind === "sample" ? [l] : []));
  if (!sampled) return [{ heading: "Samples", text: "Too few samples are recorded yet." }];
  const { values, acceptance, longestRejection, ess, sd, samples, logZ, exactLogZ, sectors } = sampled;
  return [
    {
      heading: "Averages",
      table: { header: ["quantity", "mean", "tau_int"], rows: Object.entries(values).map(([name, e]) => [name, withError(e.mean, e.error), withError(e.tauInt, e.tauIntError)]), note: "Independence Metropolis; errors by the Gamma method." },
      keyValues: {
        samples, acceptance: withError(acceptance.mean, acceptance.error), "longest run of rejections": longestRejection, ESS: ess.toFixed(3), "sd(log w)": sd.toFixed(3), "ln Z": withError(logZ.value, logZ.error),
        ...(exactLogZ === undefined ? {} : { "exact ln Z": exactLogZ.toFixed(5) }),
        ...(sectors ? { sectors: Object.entries(sectors).toSorted(([a], [b]) => Number(a) - Number(b)).map(([q, n]) => `${q}: ${n}`).join(", ") } : {}),
      },
    },
    { heading: "Weights", figures: [{ svg: histogramPlot({ series: [{ name: "log w", values: steps.map((s) => s.logWeight) }], xLabel: "log w" }), caption: "Log weights of the proposals." }] },
  ];
}
