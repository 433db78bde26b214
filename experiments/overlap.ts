/** Domain walls and cheaper operators in molecular dynamics, overlap fermions in the Metropolis step: acceptance, autocorrelation of the charge, cost. */
import { scatterPlot } from "gaugegrad/report";
import { type OverlapResult, type OverlapTask, runOverlap } from "./overlap-runs.ts";
import { overSeeds, shown, writePage } from "./page.ts";
import type { ExperimentOptions } from "./reproduce.ts";

interface Settings {
  readonly seeds: readonly number[];
  readonly thermalise: number;
  readonly trajectories: number;
  readonly train: number;
  readonly rows: readonly Pick<OverlapTask, "name" | "kernel" | "guide" | "network" | "training">[];
}

const PHYSICS = { extents: [8, 8], beta: 4, mass: 0.1 } as const;

export default async function overlap({ settings, quick, out, runs: folder }: ExperimentOptions): Promise<void> {
  const began = performance.now();
  const s = settings as unknown as Settings;
  const amount = quick ? { thermalise: 4, trajectories: 16, train: 16 } : { thermalise: s.thermalise, trajectories: s.trajectories, train: s.train };
  const seeds = quick ? s.seeds.slice(0, 1) : s.seeds;
  const tasks = s.rows.flatMap((row) => seeds.map((seed): OverlapTask => ({ ...PHYSICS, ...row, ...amount, seed })));
  const results = await runOverlap(tasks, folder);
  const groups = s.rows.map((row) => ({ row, list: results.filter((r) => r.task.name === row.name && r.task.kernel === row.kernel) }));
  const over = (list: readonly OverlapResult[], key: "acceptance" | "expMinusDH" | "plaquette"): [number, number] => overSeeds(list.map((r) => r[key]));
  const mean = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / x.length;
  const tau = (list: readonly OverlapResult[]): number => mean(list.map((r) => r.charge[2]));
  const each = (list: readonly OverlapResult[]): number => mean(list.map((r) => r.secondsEach));
  const rows = groups.map(({ row, list }) => [
    row.kernel === "shamir" ? "sign(H_T)" : "sign(H_W)",
    row.name,
    shown(over(list, "acceptance")),
    shown(over(list, "expMinusDH")),
    shown(over(list, "plaquette")),
    tau(list).toFixed(1),
    each(list).toFixed(2),
    (2 * tau(list) * each(list)).toFixed(1),
  ]);
  const points = (kernel: string, name: string) => {
    const own = groups.map((g, k) => ({ ...g, k })).filter((g) => g.row.kernel === kernel);
    const values = own.map((g) => over(g.list, "acceptance"));
    return { name, x: own.map((g) => g.k + 1), y: values.map(([y]) => y), error: values.map(([, e]) => e) };
  };
  writePage(out, {
    name: "overlap",
    title: "Domain walls in molecular dynamics, overlap fermions in the Metropolis step",
    text: [
      `U(1) on 8 x 8, beta = 4, two flavours of overlap fermions with m = 0.1 and M5 = 1, their determinant itself in the Metropolis step; tau = 1, four Omelyan steps of the guide's fermions with two of the gauge force inside (loops alone: eight). Each row is a run of self-learning HMC; ${amount.trajectories} trajectories for each of the seeds ${seeds.join(", ")} after ${amount.thermalise} to thermalise and, where something is trained, ${amount.train} to train. tau_int of the topological charge in trajectories; the last column is seconds of one core for an independent charge, 2 tau_int times the time of a trajectory.`,
      "sign(H_T) and sign(H_W) are different operators, the overlap limits of domain walls with b - c = 1 (Shamir, Moebius) and with b = c. Determinants of domain walls are those of the four-dimensional operator with the Pauli-Villars field.",
    ],
    figures: { acceptance: scatterPlot({ title: "Acceptance", xLabel: "row of the table", yLabel: "acceptance", series: [points("shamir", "sign(H_T)"), points("wilson", "sign(H_W)")] }) },
    table: { header: ["target", "molecular dynamics", "acceptance", "<exp(-dH)>", "plaquette", "tau_int Q", "s/trajectory", "s/independent Q"], rows },
    conclusions: ["Every row of one target samples the same distribution: compare the plaquettes."],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}
