/** (c) Acceptance of self-learning HMC before and after training, for networks, objectives and masses of the molecular dynamics. */
import { linePlot } from "gaugegrad/report";
import { jackknife } from "gaugegrad/util";
import { type Guided, type GuidedResult, type Objective, type Training, runGuided } from "./guided.ts";
import { overSeeds, shown, writePage } from "./page.ts";
import type { ExperimentOptions } from "./reproduce.ts";
import { BENCHMARK, type NetworkChoice, label, networkOf } from "./settings.ts";
import { sd } from "./work.ts";

interface Group {
  readonly guideMass: number;
  readonly objectives: readonly Objective[];
  /** Names of networks, with " + " and what is trained along. */
  readonly networks: readonly string[];
  readonly sample: number;
}

interface Settings {
  readonly groups: readonly Group[];
  /** Networks of the figure. */
  readonly curves: readonly string[];
  /** Every other network is compared with this one on the same trajectories. */
  readonly reference: string;
  readonly seeds: readonly number[];
  readonly thermalise: number;
  readonly samples: number;
  readonly epochs: number;
  readonly judged: number;
  readonly online: number;
}

/** Attention alone, whose weights multiply each other, and force matching, which is no mean of squares, are trained by Adam behind the prior run. */
function trainingOfCase({ network }: NetworkChoice, objective: Objective, { epochs, online }: { readonly epochs: number; readonly online: number }): Training {
  if (objective === "force matching" || network.startsWith("cask")) return { method: "online", objective, trajectories: online, batch: objective === "force matching" ? 4 : 8, from: "prior", stream: 3 };
  return { method: "offline", objective, epochs };
}

interface Row {
  readonly choice: NetworkChoice;
  readonly objective: Objective | undefined;
  readonly guideMass: number;
  readonly sample: number;
  readonly runs: readonly GuidedResult[];
}

/** The difference of the standard deviations of two networks on the same trajectories, seed by seed. */
function pairedDifference(a: readonly GuidedResult[], b: readonly GuidedResult[]): [mean: number, error: number] {
  return overSeeds(
    a.map((run, k): [number, number] => {
      const [x, y] = [run.changes, b[k]!.changes];
      const { mean, error } = jackknife(x.map((_, i) => i), (kept) => sd(kept.map((i) => x[i]!)) - sd(kept.map((i) => y[i]!)));
      return [mean, error];
    }),
  );
}

export default async function acceptance({ settings, quick, out, runs: folder }: ExperimentOptions): Promise<void> {
  const began = performance.now();
  const s = settings as unknown as Settings;
  const amount = quick ? { thermalise: 10, samples: 20, epochs: 2, judged: 10, online: 5 } : { thermalise: s.thermalise, samples: s.samples, epochs: s.epochs, judged: s.judged, online: s.online };
  const casesOf = ({ objectives, networks }: Group): { choice: NetworkChoice; objective?: Objective }[] =>
    networks.map(networkOf).flatMap((choice) => (choice.network === "none" && choice.extra.length === 0 ? [{ choice }] : objectives.map((objective) => ({ choice, objective }))));
  const groups = s.groups.flatMap((group) => casesOf(group).map((c) => ({ ...c, guideMass: group.guideMass, sample: quick ? 20 : group.sample })));
  const cases = groups.flatMap(({ choice, objective, guideMass, sample }) => s.seeds.map((seed): Guided => ({ prior: { ...amount, seed }, choice, guideMass, sample, ...(objective === undefined ? {} : { training: trainingOfCase(choice, objective, amount) }) })));
  const found = await runGuided(cases, folder);
  const rows = groups.map(({ choice, objective, guideMass, sample }, k): Row => ({ choice, objective, guideMass, sample, runs: found.slice(k * s.seeds.length, (k + 1) * s.seeds.length) }));
  const best = s.groups[0]!.objectives[0]!;
  const find = (text: string, guideMass: number): Row | undefined => {
    const { network, extra } = networkOf(text);
    return rows.find((r) => r.guideMass === guideMass && r.choice.network === network && r.choice.extra.join() === extra.join() && (!r.objective || r.objective === best));
  };
  const average = (runs: readonly GuidedResult[], f: (r: GuidedResult) => number): string => (runs.reduce((sum, r) => sum + f(r), 0) / runs.length).toPrecision(3);
  const compared = (row: Row): string => {
    const other = find([s.reference, ...row.choice.extra].join(" + "), row.guideMass);
    return !other || other === row || row.objective !== best ? "" : shown(pairedDifference(row.runs, other.runs));
  };
  const curve = (text: string) => {
    const points = [...new Set(s.groups.map((g) => g.guideMass))].flatMap((m) => {
      const row = find(text, m);
      return row ? [{ m, a: overSeeds(row.runs.map((r) => r.acceptance)) }] : [];
    });
    const { network, extra } = networkOf(text);
    return { name: label(network, extra), x: points.map((p) => p.m), y: points.map((p) => p.a[0]), error: points.map((p) => p.a[1]) };
  };
  const light = s.groups[0]!.guideMass;
  const genuine = rows.filter((r) => r.guideMass === light && r.objective === best && !r.choice.extra.includes("hopping"));
  /** The row with the highest acceptance, in words. */
  const highest = (list: readonly Row[]): string => {
    const [row] = list.map((r) => ({ r, a: overSeeds(r.runs.map((x) => x.acceptance)) })).sort((a, b) => b.a[0] - a.a[0]);
    return row ? `${label(row.r.choice.network, row.r.choice.extra)}, ${shown(row.a)}` : "none";
  };
  const attention = (r: Row): boolean => r.choice.network.includes("cask");
  const bare = (r: Row): boolean => r.choice.extra.length === 0;
  const contests = genuine.filter(attention).flatMap((row) => {
    const text = compared(row);
    return text ? [`${label(row.choice.network, row.choice.extra)} ${text}`] : [];
  });
  writePage(out, {
    name: "acceptance",
    title: "Acceptance before and after training",
    text: [
      `SU(2), 4^4, beta = 2.7, one staggered field (Nf = 4) of mass 0.3, tau = 1 in ${BENCHMARK.steps} leapfrog steps. Networks are trained offline on ${amount.samples} accepted trajectories of a target HMC run (Levenberg-Marquardt, the last fifth for early stopping), on the published loss ("squared"), the variance ("centred") or the change of S_theta - S along the trajectories ("acceptance"); attention alone, whose weights multiply each other, and force matching online in ${amount.online} trajectories of a prior run (Adam). L, L_c, the standard deviation of the change of S_theta - S along trajectories and the acceptance expected from it are those of ${amount.judged} further trajectories; then self-learning HMC measures the acceptance ("trajectories": of each of the seeds ${s.seeds.join(", ")}). All networks of one seed are trained and judged on the same trajectories, and their chains start from the same links with the same random numbers.`,
      `Extras: "couplings" trains the plaquette, rectangle and Polyakov couplings of the gauge part, "hopping" the scale k of D -> k D, "normalisation" the coefficient c of S_f. The column "against stout" is the standard deviation minus that of the stout network with the most loops, "${label(s.reference)}", with the same extras, on the same trajectories (errors: jackknife over pairs): negative is better.`,
    ],
    figures: { acceptance: linePlot({ title: "Acceptance after training", xLabel: "mass in the molecular dynamics", yLabel: "acceptance", series: s.curves.map(curve) }) },
    table: {
      header: ["m_h", "network", "weights", "objective", "L", "L_c", "sd along trajectories", "against stout", "expected", "trajectories", "acceptance", "plaquette"],
      rows: rows.map((row) => [
        String(row.guideMass),
        label(row.choice.network, row.choice.extra),
        String(row.runs[0]!.weights),
        row.objective ?? "untrained",
        average(row.runs, (r) => r.after.squared),
        average(row.runs, (r) => r.after.centred),
        average(row.runs, (r) => r.after.trajectory!.sd),
        compared(row),
        average(row.runs, (r) => r.after.trajectory!.acceptance),
        String(row.sample),
        shown(overSeeds(row.runs.map((r) => r.acceptance))),
        shown(overSeeds(row.runs.map((r) => r.plaquette))),
      ]),
    },
    conclusions: [
      `Highest acceptances at m_h = ${light} without hopping scale: stout networks ${highest(genuine.filter((r) => bare(r) && !attention(r)))}; with attention ${highest(genuine.filter((r) => bare(r) && attention(r)))}; with further trained numbers, stout ${highest(genuine.filter((r) => !bare(r) && !attention(r)))}, with attention ${highest(genuine.filter((r) => !bare(r) && attention(r)))}.`,
      `Attention against the stout network with the most loops, on the same trajectories (difference of the standard deviations): ${contests.join("; ")}.`,
      "Yardstick (independent program, +-0.03): m_h = 0.4 without a network 0.60, at the minimum of the published loss 0.38, one weight at the minimum of the variance 0.71 to 0.73, six weights 0.77 to 0.78; m_h = 0.5 without a network 0.18, one weight 0.32; 0.75 and 1.0: 0.",
      "Couplings and normalisation leave the solver of the molecular dynamics as it is: mass m_h and unitary links. With hopping scale and normalisation together the family contains the target itself, k = m_h / m and c = k^2, since c phi^+ (m_h^2 - k^2 D^2)^{-1} phi = phi^+ (m^2 - D^2)^{-1} phi: its solves then cost what those of the target cost, so that it bounds what can be reached and is no gain. What limits the other networks is measured in [limits](limits.md).",
    ],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}
