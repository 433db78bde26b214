/** Domain walls and cheaper operators in molecular dynamics, overlap fermions in the Metropolis step: acceptance, autocorrelation of the charge, cost. */
import { scatterPlot } from "gaugegrad/report";
import { type OverlapResult, type OverlapTask, runOverlap } from "./overlap-runs.ts";
import { type Reweighted, leftOver, reweighted, runQuenched } from "./overlap-quenched.ts";
import { type Table, overSeeds, shown, writePage } from "./page.ts";
import type { ExperimentOptions } from "./reproduce.ts";

/** Static comparison in four dimensions. */
interface Four {
  readonly extents: readonly number[];
  readonly seeds: readonly number[];
  readonly group: string;
  readonly beta: number;
  readonly mass: number;
  readonly height: number;
  readonly configurations: number;
  readonly thermalise: number;
  readonly every: number;
  readonly guides: readonly ({ readonly title: string; readonly of: "wilson" | "shamir" } & Readonly<Record<string, unknown>>)[];
}

interface Settings {
  readonly quenched: { readonly seeds: readonly number[]; readonly configurations: number; readonly thermalise: number; readonly every: number };
  readonly four: Four;
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
  const exact = await averages(quick ? { seeds: [51], configurations: 40, thermalise: 10, every: 2 } : s.quenched, folder);
  const four = await fourDimensions(quick ? { ...s.four, extents: [2, 2, 2, 4], configurations: 6 } : s.four, folder);
  const groups = s.rows.map((row) => ({ row, list: results.filter((r) => r.task.name === row.name && r.task.kernel === row.kernel) }));
  const over = (list: readonly OverlapResult[], key: "acceptance" | "expMinusDH" | "plaquette" | "charge2"): [number, number] => overSeeds(list.map((r) => r[key]));
  const mean = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / x.length;
  const tau = (list: readonly OverlapResult[]): number => mean(list.map((r) => r.charge[2]));
  const each = (list: readonly OverlapResult[]): number => mean(list.map((r) => r.secondsEach));
  const rows = groups.map(({ row, list }) => [
    KERNELS[row.kernel],
    row.name,
    shown(over(list, "acceptance")),
    shown(over(list, "expMinusDH")),
    shown(over(list, "plaquette")),
    shown(over(list, "charge2")),
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
    table: { header: ["target", "molecular dynamics", "acceptance", "<exp(-dH)>", "plaquette", "Q^2", "tau_int Q", "s/trajectory", "s/independent Q"], rows },
    further: [averagesTable(exact, groups.map(({ row, list }) => ({ kernel: row.kernel, plaquette: over(list, "plaquette"), charge2: over(list, "charge2") }))), four],
    conclusions: ["Every row of one target samples the same distribution. A charge moves a few times in such a run: where it never did its row has Q^2 = 0 without an error, and a tau_int of several trajectories is a lower bound; averages of Q^2 over the rows have larger errors than stated."],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}

type Pair = readonly [mean: number, error: number];

const KERNELS = { shamir: "sign(H_T)", wilson: "sign(H_W)" } as const;
type Kernel = keyof typeof KERNELS;

/** Quenched chains of all seeds, reweighted to both targets. */
async function averages({ seeds, ...lengths }: Settings["quenched"], folder: string): Promise<Record<Kernel, Reweighted> & { readonly n: number }> {
  const { extents, beta, mass } = PHYSICS;
  const operators = (["shamir", "wilson"] as const).map((kernel) => ({ name: kernel, kind: "overlap", kernel, mass }));
  const values = (await runQuenched(seeds.map((seed) => ({ name: "u1", group: "U(1)", extents, beta, seed, ...lengths, operators })), folder)).flat();
  return { shamir: reweighted(values, "shamir"), wilson: reweighted(values, "wilson"), n: values.length };
}

/** Means over the rows of a target beside the reweighted averages; not weighted, since errors of a charge that rarely moves are too small. */
function averagesTable(exact: Record<Kernel, Reweighted> & { readonly n: number }, found: readonly { readonly kernel: string; readonly plaquette: Pair; readonly charge2: Pair }[]): Table & { readonly text: string } {
  const combined = (list: readonly Pair[]): [number, number] => {
    const statistical = Math.sqrt(list.reduce((s, [, e]) => s + e * e, 0)) / list.length;
    const [mean, scatter] = overSeeds(list.map(([x]) => [x, 0]));
    return [mean, Math.max(statistical, scatter)];
  };
  const apart = ([x, e]: Pair, [y, f]: Pair): string => (Math.abs(x - y) / Math.hypot(e, f)).toFixed(1);
  const rows = (Object.keys(KERNELS) as Kernel[]).flatMap((kernel) =>
    (["plaquette", "charge2"] as const).map((name) => {
      const all = combined(found.filter((f) => f.kernel === kernel).map((f) => f[name]));
      return [KERNELS[kernel], name === "plaquette" ? "plaquette" : "Q^2", shown(exact[kernel][name]), exact[kernel].ess.toFixed(2), shown(all), apart(exact[kernel][name], all)];
    }),
  );
  return { text: `Exact averages: ${exact.n} configurations without fermions (heatbath), reweighted with the overlap determinant; errors by jackknife. ESS is the effective fraction of them. Beside them the means over the rows above, and how many errors lie between.`, header: ["target", "quantity", "reweighted", "ESS", "self-learning HMC", "errors apart"], rows };
}

/** erfc(sd / 2): acceptance of independent proposals when S - S_theta is Gaussian. */
const acceptanceOf = (sd: number): number => erfc(sd / 2);

/** Complementary error function, Abramowitz and Stegun 7.1.26 (1.5e-7). */
function erfc(x: number): number {
  const t = 1 / (1 + 0.3275911 * x);
  return t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.exp(-x * x);
}

/** In four dimensions: standard deviation of S - S_theta over configurations without fermions, after a fit of a constant, and of the plaquette too. */
async function fourDimensions({ seeds, group, beta, mass, height, guides, ...lengths }: Four, folder: string): Promise<Table & { readonly text: string }> {
  const targets = [...new Set(guides.map((g) => g.of))];
  const own = targets.map((kernel) => ({ name: `target-${kernel}`, kind: "overlap", kernel, mass, height }));
  const options = guides.map((guide) => ({ height, ...Object.fromEntries(Object.entries(guide).filter(([key]) => key !== "title" && key !== "of")) }));
  // a guide of two targets is computed once
  const first = options.map((o) => options.findIndex((p) => JSON.stringify(p) === JSON.stringify(o)));
  const operators = options.flatMap((o, k) => (first[k] === k ? [{ ...o, name: `guide-${k}` }] : []));
  const share = Math.ceil(lengths.configurations / seeds.length);
  const values = (await runQuenched(seeds.map((seed) => ({ name: "4d", group, beta, seed, ...lengths, configurations: share, operators: [...own, ...operators], loops: ["plaquette"] })), folder)).flat();
  const plaquettes = values.map((v) => v["loop.plaquette"]!);
  const cells = (left: readonly number[]): string[] => [leftOver(left, []), leftOver(left, [plaquettes])].map((sd) => `${sd.toPrecision(2)}, ${acceptanceOf(sd).toFixed(3)}`);
  const rows = [
    ...targets.map((kernel) => [KERNELS[kernel], "none (gauge only)", ...cells(values.map((v) => v[`det.target-${kernel}`]!))]),
    ...guides.map(({ title, of }, k) => [KERNELS[of], title, ...cells(values.map((v) => v[`det.target-${of}`]! - v[`det.guide-${first[k]!}`]!))]),
  ];
  return {
    text: `Four dimensions: ${group} on ${lengths.extents.join(" x ")}, beta = ${beta}, two flavours, m = ${mass}, M5 = ${height}: standard deviation of S - S_theta over ${values.length} configurations without fermions, after a fit of a constant, or of a constant and the plaquette, and the acceptance erfc(sd / 2) of independent proposals that it stands for.`,
    header: ["target", "guide", "sd, acceptance", "with the plaquette"],
    rows,
  };
}
