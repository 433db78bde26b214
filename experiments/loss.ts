/** (a) Loss against training step: gauge covariant network, CASK with one and two blocks, several seeds. */
import { linePlot } from "gaugegrad/report";
import { overSeeds, shown, writePage } from "./page.ts";
import type { ExperimentOptions } from "./reproduce.ts";
import { type OnlineCase, type OnlineResult, runOnline } from "./online.ts";
import { label } from "./settings.ts";

interface Settings {
  readonly guideMass: number;
  readonly networks: readonly string[];
  readonly objectives: readonly ("squared" | "centred")[];
  readonly seeds: readonly number[];
  readonly thermalise: number;
  readonly trajectories: number;
  readonly batch: number;
  readonly rate: number;
}

/** Mean over the last quarter of a history, with the error of a series whose neighbours share a batch. */
function tail(values: readonly number[]): [mean: number, error: number] {
  const last = values.slice(Math.floor(0.75 * values.length));
  const mean = last.reduce((s, x) => s + x, 0) / last.length;
  const bins = Array.from({ length: 6 }, (_, b) => last.slice(Math.floor((b * last.length) / 6), Math.floor(((b + 1) * last.length) / 6))).filter((x) => x.length > 0).map((x) => x.reduce((s, y) => s + y, 0) / x.length);
  return [mean, Math.sqrt(bins.reduce((s, x) => s + (x - mean) ** 2, 0) / (bins.length * Math.max(1, bins.length - 1)))];
}

/** Running mean over so many steps, so that curves of several networks can be told apart. */
const smooth = (y: readonly number[], width = 10): number[] => y.map((_, k) => y.slice(Math.max(0, k - width + 1), k + 1)).map((w) => w.reduce((s, x) => s + x, 0) / w.length);

export default async function loss({ settings, quick, out, runs }: ExperimentOptions): Promise<void> {
  const began = performance.now();
  const s = settings as unknown as Settings;
  const trajectories = quick ? Math.ceil(s.trajectories / 10) : s.trajectories;
  const cases = s.objectives.flatMap((objective) =>
    s.networks.flatMap((network) => s.seeds.map((seed): OnlineCase => ({ network, guideMass: s.guideMass, seed, thermalise: s.thermalise, sample: 0, training: { objective, rate: s.rate, trajectories, batch: s.batch } }))),
  );
  const results = await runOnline(cases, runs);
  const of = (network: string, objective: string): OnlineResult[] => results.filter((_, k) => cases[k]!.network === network && cases[k]!.training!.objective === objective);
  const figure = (objective: "squared" | "centred", title: string): string =>
    linePlot({
      title,
      xLabel: "trajectory",
      yLabel: objective === "squared" ? "L" : "L_c",
      logY: true,
      series: s.networks.map((network) => {
        // the variance of fewer configurations than a batch holds is no measure of anything
        const first = objective === "centred" ? s.batch : 0;
        const curves = of(network, objective).map((r) => smooth(r.history[objective].slice(first)));
        const y = curves[0]!.map((_, k) => curves.reduce((sum, curve) => sum + curve[k]! / curves.length, 0));
        return { name: label(network), x: y.map((_, k) => first + k), y };
      }),
    });
  const rows = s.networks.flatMap((network) =>
    s.objectives.map((objective) => {
      const found = of(network, objective);
      return [label(network), String(found[0]!.weights), objective === "squared" ? "L" : "L_c", shown(overSeeds(found.map((r) => tail(r.history.squared)))), shown(overSeeds(found.map((r) => tail(r.history.centred))))];
    }),
  );
  writePage(out, {
    name: "loss",
    title: "Loss against training step: gauge covariant network and CASK",
    text: [
      `SU(2), 4^4, beta = 2.7, one staggered field (Nf = 4) of mass 0.3; molecular dynamics with mass ${s.guideMass}. Online training in a prior HMC run, one Adam step a trajectory on a batch of ${s.batch} recent configurations, ${trajectories} trajectories, seeds ${s.seeds.join(", ")}. L = 1/2 |S_theta - S|^2 is the published loss, L_c = 1/2 Var(S_theta - S) what the acceptance depends on. Curves are means over the seeds and the last ten steps.`,
    ],
    figures: { "published loss": figure("squared", "Published loss while minimising it"), "variance loss": figure("centred", "Half the variance while minimising it") },
    table: { header: ["network", "weights", "minimised", "L, last quarter", "L_c, last quarter"], rows },
    conclusions: ["Yardstick (offline fits of an independent program, other configurations): without a network L = 68, L_c = 0.32 to 0.44; six weights at the minimum of L: L = 0.96; at the minimum of L_c: L_c = 0.13 to 0.19. A batch of n configurations underestimates L_c by the factor 1 - 1/n."],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}
