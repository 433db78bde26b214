/** (c) Acceptance of self-learning HMC before and after training, for networks, objectives and masses of the molecular dynamics. */
import { linePlot } from "gaugegrad/report";
import { overSeeds, shown, writePage } from "./page.ts";
import { runTasks } from "./pool.ts";
import type { ExperimentOptions } from "./reproduce.ts";
import { BENCHMARK, label, trainingOf } from "./settings.ts";
import type { Task, TaskResult, Training } from "./task.ts";

interface Settings {
  readonly guideMasses: readonly number[];
  readonly objectives: readonly Training["objective"][];
  readonly networks: readonly string[];
  readonly heavyNetworks: readonly string[];
  readonly extras: readonly (readonly string[])[];
  /** The same at the heavier masses. */
  readonly heavyExtras: readonly (readonly string[])[];
  readonly best: Training["objective"];
  readonly seeds: readonly number[];
  readonly thermalise: number;
  readonly samples: number;
  readonly epochs: number;
  /** Trajectories of online training. */
  readonly trajectories: number;
  readonly sample: number;
}

export default async function acceptance({ settings, quick, out }: ExperimentOptions): Promise<void> {
  const began = performance.now();
  const s = settings as unknown as Settings;
  const base = { ...BENCHMARK, thermalise: s.thermalise, sample: quick ? 20 : s.sample };
  const light = s.guideMasses[0]!;
  const amount = { samples: quick ? 20 : s.samples, epochs: quick ? 2 : s.epochs, trajectories: quick ? 5 : s.trajectories };
  const cases: Omit<Task, "seed">[] = s.guideMasses.flatMap((guideMass) => [
    { ...base, guideMass, network: "none" },
    ...(guideMass === light ? s.networks : s.heavyNetworks).flatMap((network) => (guideMass === light ? s.objectives : [s.best]).map((objective) => ({ ...base, guideMass, network, training: trainingOf(network, objective, amount) }))),
    ...(guideMass === light ? s.extras : s.heavyExtras).map((extra) => ({ ...base, guideMass, network: "covariant6", extra, training: trainingOf("covariant6", s.best, amount) })),
    ...(guideMass === light ? [{ ...base, guideMass, network: "none", extra: ["hopping", "normalisation"], training: trainingOf("covariant6", s.best, amount) }] : []),
  ]);
  const results = await runTasks(cases.flatMap((task) => s.seeds.map((seed): Task => ({ ...task, seed }))));
  const grouped = cases.map((task, k) => ({ task, runs: results.slice(k * s.seeds.length, (k + 1) * s.seeds.length) }));
  const average = (runs: readonly TaskResult[], f: (r: TaskResult) => number | undefined): string => {
    const values = runs.flatMap((r) => f(r) ?? []);
    return values.length === 0 ? "" : (values.reduce((a, b) => a + b, 0) / values.length).toPrecision(3);
  };
  const rows = grouped.map(({ task, runs }) => [
    String(task.guideMass),
    label(task.network, task.extra),
    task.training ? String(runs[0]!.theta.length) : "0",
    task.training?.objective ?? "untrained",
    average(runs, (r) => r.after?.squared),
    average(runs, (r) => r.after?.centred),
    average(runs, (r) => r.after?.trajectory?.sd),
    average(runs, (r) => r.after?.trajectory?.acceptance),
    shown(overSeeds(runs.map((r) => r.acceptance))),
    shown(overSeeds(runs.map((r) => r.values["plaquette"]!))),
  ]);
  const curve = (network: string, extra: readonly string[] | undefined) => {
    const points = s.guideMasses.flatMap((m) => {
      const found = grouped.find(({ task }) => task.guideMass === m && task.network === network && (task.extra ?? []).join() === (extra ?? []).join() && (task.training?.objective === s.best || !task.training));
      return found ? [{ m, a: overSeeds(found.runs.map((r) => r.acceptance)) }] : [];
    });
    return { name: label(network, extra), x: points.map((p) => p.m), y: points.map((p) => p.a[0]), error: points.map((p) => p.a[1]) };
  };
  writePage(out, {
    name: "acceptance",
    title: "Acceptance before and after training",
    text: [
      `SU(2), 4^4, beta = 2.7, one staggered field (Nf = 4) of mass 0.3, tau = 1 in ${BENCHMARK.steps} leapfrog steps. Stout networks are trained offline on ${s.samples} configurations of a target HMC run (Gauss-Newton, the last 40 % held out), CASK and force matching online in ${s.trajectories} trajectories of a prior HMC run (Adam). L, L_c, the standard deviation of the change of S_theta - S along trajectories and the acceptance expected from it are those of configurations that were not trained on; then ${base.sample} trajectories of self-learning HMC measure the acceptance. Seeds ${s.seeds.join(", ")}.`,
      "Extras: \"couplings\" trains the plaquette, rectangle and Polyakov couplings of the gauge part, \"hopping\" the scale k of D -> k D, \"normalisation\" the coefficient c of S_f.",
    ],
    figures: { acceptance: linePlot({ title: "Acceptance after training", xLabel: "mass in the molecular dynamics", yLabel: "acceptance", series: [curve("none", undefined), ...s.heavyNetworks.map((n) => curve(n, undefined)), curve("covariant6", ["couplings", "hopping"])] }) },
    table: { header: ["m_h", "network", "weights", "objective", "L", "L_c", "sd along trajectories", "expected", "acceptance", "plaquette"], rows },
    conclusions: [
      "Yardstick (independent program, +-0.03): m_h = 0.4 without a network 0.60, at the minimum of the published loss 0.38, one weight at the minimum of the variance 0.71 to 0.73, six weights 0.77 to 0.78; m_h = 0.5 without a network 0.18; 0.75 and 1.0: 0.",
      "With hopping scale and normalisation together the family contains the target itself, k = m_h / m and c = k^2, since c phi^+ (m_h^2 - k^2 D^2)^{-1} phi = phi^+ (m^2 - D^2)^{-1} phi: with these it accepts like HMC, and its solves cost what those of the target cost. Training moves towards that point, in steps of limited length; it bounds what can be reached and is no gain.",
    ],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}
