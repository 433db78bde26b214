/** (d) Loss and acceptance against the number of parameters, on two lattice sizes. */
import { scatterPlot } from "gaugegrad/report";
import { type Guided, type Training, runGuided } from "./guided.ts";
import { type Page, overSeeds, shown, writePage } from "./page.ts";
import type { ExperimentOptions } from "./reproduce.ts";
import { type ExactScaling, exponentOf, runExactScaling } from "./scaling-exact.ts";
import { label } from "./settings.ts";

interface Size {
  readonly seeds: readonly number[];
  readonly thermalise: number;
  readonly samples: number;
  readonly epochs: number;
  /** Trajectories of online training. */
  readonly online: number;
  readonly judged: number;
  readonly sample: number;
  readonly networks?: readonly string[];
}

const QUICK = { thermalise: 4, samples: 10, epochs: 2, online: 4, judged: 6, sample: 8 } as const;

/** Attention alone, whose weights multiply each other, is trained by Adam. */
const trainingOf = (network: string, { epochs, online }: Size): Training =>
  network.startsWith("cask") ? { method: "online", objective: "centred", trajectories: online, batch: 16, from: "start", stream: 1 } : { method: "offline", objective: "centred", epochs };

export default async function scaling({ settings, quick, out, runs: folder }: ExperimentOptions): Promise<void> {
  const began = performance.now();
  const s = settings as unknown as { readonly guideMass: number; readonly networks: readonly string[]; readonly small: Size; readonly large: Size; readonly exact: ExactScaling };
  const sizes = [{ L: 4, size: quick ? { ...s.small, ...QUICK } : s.small }, { L: 8, size: quick ? { ...s.large, ...QUICK } : s.large }];
  const groups = sizes.flatMap(({ L, size }) =>
    ["none", ...(size.networks ?? s.networks)].map((network) => ({
      L, network,
      judged: size.judged,
      cases: size.seeds.map((seed): Guided => ({
        prior: { extents: [L, L, L, L], seed, thermalise: size.thermalise, samples: network === "none" ? 0 : size.samples, judged: size.judged },
        choice: { network, extra: [] },
        guideMass: s.guideMass,
        sample: size.sample,
        ...(network === "none" ? {} : { training: trainingOf(network, size) }),
      })),
    })),
  );
  const noiseFree = await exactScaling(quick ? { ...s.exact, ...QUICK_EXACT, seeds: s.exact.seeds.slice(0, 1) } : s.exact, folder);
  const results = await runGuided(groups.flatMap((g) => g.cases), folder);
  let read = 0;
  const points = groups.map(({ L, network, judged, cases }) => {
    const runs = results.slice(read, (read += cases.length));
    // the variance of n independent Gaussian numbers has the relative error sqrt(2 / n)
    const losses = overSeeds(runs.map((r) => [r.after.centred, r.after.centred * Math.sqrt(2 / judged)]));
    return { L, network, weights: runs[0]!.weights, losses, acceptance: overSeeds(runs.map((r) => r.acceptance)) };
  });
  const cloud = (L: number, f: (p: (typeof points)[number]) => readonly [number, number]) => {
    const list = points.filter((p) => p.L === L);
    return { name: `${L}^4`, x: list.map((p) => p.weights), y: list.map((p) => f(p)[0]), error: list.map((p) => f(p)[1]) };
  };
  writePage(out, {
    name: "scaling",
    title: "Loss and acceptance against the number of parameters",
    text: [`SU(2), beta = 2.7, one staggered field (Nf = 4) of mass 0.3, molecular dynamics with mass ${s.guideMass}. Every network is trained on the variance of S_theta - S: offline (Levenberg-Marquardt, the last fifth of the configurations for early stopping), attention online (Adam, ${s.small.online} and ${s.large.online} trajectories); L_c is that of further configurations; then self-learning HMC measures the acceptance. 4^4: ${s.small.samples} configurations to train on and ${s.small.judged} others, ${s.small.sample} trajectories, seeds ${s.small.seeds.join(", ")}; 8^4: ${s.large.samples}, ${s.large.judged} and ${s.large.sample}, seeds ${s.large.seeds.join(", ")}. Errors: the larger of the scatter of the seeds and their combined statistical errors.`],
    figures: {
      "held-out loss": scatterPlot({ title: "Half the variance, held out", xLabel: "number of weights", yLabel: "L_c", series: [4, 8].map((L) => cloud(L, (p) => p.losses)) }),
      "without noise": noiseFree.figure,
      acceptance: scatterPlot({ title: "Acceptance", xLabel: "number of weights", yLabel: "acceptance", series: [4, 8].map((L) => cloud(L, (p) => p.acceptance)) }),
    },
    table: { header: ["lattice", "network", "weights", "L_c, held out", "acceptance"], rows: points.map((p) => [`${p.L}^4`, label(p.network), String(p.weights), shown(p.losses), shown(p.acceptance)]) },
    further: noiseFree.tables,
    conclusions: ["Without a network and with one, the variance of S_theta - S grows with the volume. What the networks cannot take away is pseudofermion noise: see [limits](limits.md)."],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}

const QUICK_EXACT = { extents: [2, 2, 2, 4], thermalise: 4, samples: 16, judged: 8, epochs: 3, trajectories: 10 } as const;

/** Networks on the noise-free target: one figure, its points, and the exponents of all series. */
async function exactScaling(task: ExactScaling, folder: string): Promise<{ readonly figure: string; readonly tables: NonNullable<Page["further"]> }> {
  const cases = task.cases.map((c) => ({ ...c, samples: c.samples && task.samples < c.samples ? Math.max(4, Math.round((c.samples * task.samples) / 160)) : c.samples }));
  const given = { ...task, cases: cases.map(({ samples, ...c }) => ({ ...c, ...(samples === undefined ? {} : { samples }) })) };
  const results = await runExactScaling(given, folder);
  const points = given.cases.map((c, k) => {
    const [loss, error] = overSeeds(results[k]!.map((r) => r.loss));
    return { ...c, weights: results[k]![0]!.weights, loss, error, acceptance: overSeeds(results[k]!.map((r) => r.acceptance)) };
  });
  const names = [...new Set(points.map((p) => p.series))];
  const of = (name: string) => points.filter((p) => p.series === name);
  return {
    figure: scatterPlot({ title: "Without noise: half the variance, unseen", xLabel: "log10 of what the series varies", yLabel: "log10 L_c", series: names.map((name) => ({ name, x: of(name).map((p) => Math.log10(p.x)), y: of(name).map((p) => Math.log10(p.loss)), error: of(name).map((p) => p.error / p.loss / Math.LN10) })) }),
    tables: [
      {
        text: `Without noise: SU(2) on ${given.extents.join("x")}, beta = ${given.beta}, the determinant of mass ${given.mass} itself in the Metropolis step, that of mass ${given.guideMass} after the network in molecular dynamics. Trained on L_c (Levenberg-Marquardt, ${given.epochs} epochs, none chosen) with ${given.samples} configurations where the training set is not what varies, judged on ${given.judged} others of each of the seeds ${given.seeds.join(", ")}; acceptance of ${given.trajectories} trajectories of length 1.`,
        header: ["series", "x", "weights", "L_c, unseen", "acceptance"],
        rows: points.map((p) => [p.series, String(p.series.includes("training set") ? p.samples : p.x), String(p.weights), shown([p.loss, p.error]), shown(p.acceptance)]),
      },
      {
        text: "Exponents alpha of L_c = c x^(-alpha) by least squares with the errors of L_c.",
        header: ["series", "alpha"],
        rows: names.map((name) => {
          const fit = exponentOf(of(name).map((p) => ({ x: p.x, y: p.loss, error: p.error })));
          return [name, fit ? shown([fit.alpha, fit.error]) : "one point"];
        }),
      },
    ],
  };
}
