/** What limits the acceptance of self-learning HMC: what a map of the links leaves out, against pseudofermion noise. */
import { join } from "node:path";
import { type LinkField, SU, acceptanceOfSd } from "gaugegrad";
import { readGauge } from "gaugegrad/io";
import { scatterPlot } from "gaugegrad/report";
import { jackknife } from "gaugegrad/util";
import { readMetrics, runPaths } from "gaugegrad/runs";
import { minusDSquaredOn } from "./dense.ts";
import { type Guided, priorOf, systemOn, train, trainedAction } from "./guided.ts";
import { idealMap } from "./ideal-map.ts";
import { QUANTITIES, type Work } from "./limits-part.ts";
import { overSeeds, shown, writePage } from "./page.ts";
import type { ExperimentOptions } from "./reproduce.ts";
import { type AcceptedRun, makeAccepted, target } from "./runs.ts";
import { BENCHMARK, nameOf, networkOf } from "./settings.ts";
import { correlation, sd } from "./work.ts";

interface Settings {
  readonly masses: readonly { readonly guideMass: number; readonly trajectories: number; readonly networks: readonly string[] }[];
  readonly seeds: readonly number[];
  readonly thermalise: number;
  readonly samples: number;
  readonly epochs: number;
  readonly stride: number;
  /** Configurations for which the best links of all are searched, and the steps of the search. */
  readonly ideal: { readonly configurations: number; readonly steps: number };
}

/** Networks of one mass and seed, measured along the same trajectories. */
interface Measured {
  readonly guideMass: number;
  readonly seed: number;
  readonly trajectories: number;
  readonly guides: readonly Guided[];
}

/** What was found of one seed. */
interface Result {
  readonly guideMass: number;
  readonly works: readonly (Work & { readonly weights: number })[];
  /** `free` of the best unitary links, with c = 1 and with the best c. */
  readonly ideal: { readonly plain: readonly number[]; readonly normalised: readonly number[] };
}

const MODULE = join(import.meta.dirname, "limits-part.ts");

/** HMC of the target behind the prior run, with the work of the trained networks. */
function measuring({ guideMass, seed, trajectories, guides }: Measured, stride: number, folder: string): AcceptedRun {
  const system = systemOn();
  const networks = guides.map((g) => ({ network: g.choice.network, extra: [...g.choice.extra], theta: g.training ? [...trainedAction(g, system, folder).parameters] : [] }));
  return {
    name: `work-${guideMass}-seed${seed}`,
    accepted: trajectories,
    definition: (count) =>
      target({
        seed, stream: 3,
        more: {
          start: { kind: "file", file: priorOf(guides[0]!.prior).name },
          sampler: { module: MODULE, name: "watched", steps: BENCHMARK.steps, seed, stream: 3, acceptAlways: 0, thermalisation: 0, trajectories: count },
          measurement: { observables: [{ module: MODULE, name: "work", guideMass, networks, stride } as never] },
          output: { checkpoint: 5, configurations: { every: 1, format: "npy" } },
        },
      }),
  };
}

/** Reads a run that was measured, and searches the best links of its first configurations. */
function resultOf(m: Measured, ideal: Settings["ideal"], folder: string): Result {
  const at = join(folder, measuring(m, 1, folder).name);
  const lines = readMetrics(at).flatMap((r) => (r.kind === "measurement" && Object.keys(r.values).length > 0 ? [r] : []));
  const system = systemOn();
  const works = m.guides.map((g, k) => ({
    weights: g.training ? trainedAction(g, system, folder).size : 0,
    ...(Object.fromEntries(QUANTITIES.map((q) => [q, lines.map((r) => r.values[`${k}.${q}`]!)])) as unknown as Work),
  }));
  const last = lines.slice(0, ideal.configurations).map(({ trajectory }) => readGauge(join(runPaths(at).configurations, `${String(trajectory + 1).padStart(8, "0")}.npy`), { lattice: system.lattice, group: SU(2) }).U as LinkField<2>);
  const best = (normalised: boolean): number[] => last.map((U) => idealMap(U, { mass: BENCHMARK.mass, guideMass: m.guideMass, normalised, steps: ideal.steps, minusDSquared: minusDSquaredOn(system.lattice) }).free);
  return { guideMass: m.guideMass, works, ideal: { plain: best(false), normalised: best(true) } };
}

/** A function of several series of one seed with its jackknife error. */
function estimate(series: readonly (readonly number[])[], f: (series: readonly (readonly number[])[]) => number): [mean: number, error: number] {
  const index = series[0]!.map((_, k) => k);
  const { mean, error } = jackknife(index, (kept) => f(series.map((s) => kept.map((k) => s[k]!))));
  return [mean, error];
}

export default async function limits({ settings, quick, out, runs: folder }: ExperimentOptions): Promise<void> {
  const began = performance.now();
  const s = settings as unknown as Settings;
  const amount = quick ? { thermalise: 10, samples: 20, epochs: 2 } : { thermalise: s.thermalise, samples: s.samples, epochs: s.epochs };
  const ideal = quick ? { configurations: 2, steps: 5 } : s.ideal;
  const guided = (seed: number, guideMass: number) => (text: string): Guided => {
    const choice = networkOf(text);
    const online = { method: "online", objective: "acceptance", trajectories: Math.round(amount.samples / 2), batch: 8, from: "prior", stream: 4 } as const;
    const offline = { method: "offline", objective: "acceptance", epochs: amount.epochs } as const;
    return { prior: { ...amount, judged: 0, seed }, choice, guideMass, sample: 0, ...(choice.network === "none" && choice.extra.length === 0 ? {} : { training: choice.network.startsWith("cask") ? online : offline }) };
  };
  const measured = s.masses.flatMap((m) => s.seeds.map((seed): Measured => ({ guideMass: m.guideMass, seed, trajectories: quick ? 4 : m.trajectories, guides: m.networks.map(guided(seed, m.guideMass)) })));
  await train(measured.flatMap((m) => m.guides), folder);
  await makeAccepted(measured.map((m) => measuring(m, s.stride, folder)), folder);
  const results = measured.map((m) => resultOf(m, ideal, folder));
  const groups = s.masses.flatMap(({ guideMass, networks }) =>
    networks.map((text, g) => ({ guideMass, name: nameOf(text), works: results.filter((r) => r.guideMass === guideMass).map((r) => r.works[g]!) })),
  );
  const over = (works: readonly Work[], pick: (w: Work) => readonly (readonly number[])[], f: (series: readonly (readonly number[])[]) => number): [number, number] =>
    overSeeds(works.map((w) => estimate(pick(w), f)));
  const total = (w: Work): number[][] => [[...w.total]];
  const mean = (w: Work): number[][] => [[...w.mean]];
  const noise = (w: Work): number[][] => [w.total.map((x, k) => x - w.mean[k]!)];
  const sdOf = ([x]: readonly (readonly number[])[]): number => sd(x!);
  const allowed = (x: readonly (readonly number[])[]): number => acceptanceOfSd(sdOf(x));
  const average = ([x]: readonly (readonly number[])[]): number => x!.reduce((a, b) => a + b, 0) / x!.length;
  /** W is rounding alone: S_theta is S. */
  const exact = (w: Work): boolean => sd(w.total) < 1e-9;
  const rows = groups.map(({ guideMass, name, works }) => [
    String(guideMass),
    name,
    String(works[0]!.weights),
    shown(over(works, total, sdOf)),
    shown(over(works, mean, sdOf)),
    shown(over(works, noise, sdOf)),
    works.some(exact) ? "" : shown(over(works, (w) => [...mean(w), ...noise(w)], ([x, y]) => correlation(x!, y!))),
    shown(over(works, total, allowed)),
    shown(over(works, mean, allowed)),
    shown(over(works, noise, allowed)),
  ]);
  const fixed = groups.map(({ guideMass, name, works }) => [
    String(guideMass),
    name,
    shown(over(works, (w) => [w.difference], ([x]) => sd(x!) ** 2 / 2)),
    shown(over(works, (w) => [w.expected], ([x]) => sd(x!) ** 2 / 2)),
    shown(over(works, (w) => [w.variance], (x) => average(x) / 2)),
    shown(over(works, (w) => [w.least], (x) => average(x) / 2)),
    shown(over(works, (w) => [w.free], (x) => Math.sqrt(average(x) < 1e-9 ? 0 : average(x)))),
  ]);
  const least = s.masses.flatMap(({ guideMass }) =>
    (["plain", "normalised"] as const).map((kind) => {
      const noise = overSeeds(results.filter((r) => r.guideMass === guideMass).map((r) => estimate([r.ideal[kind]], (x) => Math.sqrt(average(x)))));
      return [String(guideMass), kind === "plain" ? "the best unitary links" : "the best unitary links + normalisation", "", "", "", "", shown(noise)];
    }),
  );
  const light = s.masses[0]!.guideMass;
  const cloud = (name: string, pick: (w: Work) => number[][]) => {
    const list = groups.filter((g) => g.guideMass === light).map(({ works }) => over(works, pick, sdOf));
    return { name, x: list.map((_, k) => k + 1), y: list.map(([y]) => y), error: list.map(([, e]) => e) };
  };
  const step = Math.max(...results.flatMap((r) => r.works.filter((w) => !exact(w)).map((w) => Math.abs(sd(w.coarse) / sd(w.mean) - 1))));
  const moments = results.flatMap((r, n) => r.works.flatMap((w, g) => (measured[n]!.guides[g]!.choice.extra.includes("hopping") ? [] : w.moment.map((x) => Math.abs(x - 2)))));
  const plain = groups.filter((g) => g.guideMass === light && !g.name.includes(" + "));
  const ratios = plain.map(({ works }) => over(works, noise, sdOf)[0] / over(works, (w) => [w.free], (x) => Math.sqrt(average(x)))[0]);
  const ratio = [ratios.reduce((a, b) => a + b, 0) / ratios.length, Math.min(...ratios), Math.max(...ratios)] as const;
  const allowedBy = (kind: "plain" | "normalised"): string => {
    const free = results.filter((r) => r.guideMass === light).flatMap((r) => r.ideal[kind]);
    return acceptanceOfSd(ratio[0] * Math.sqrt(average([free]))).toFixed(2);
  };
  const shift = light ** 2 - BENCHMARK.mass ** 2;
  writePage(out, {
    name: "limits",
    title: "What limits the acceptance: the map of the links and pseudofermion noise",
    text: [
      `SU(2), 4^4, beta = 2.7, one staggered field (Nf = 4) of mass 0.3, tau = 1 in ${BENCHMARK.steps} leapfrog steps, mass m_h in S_theta. Networks are trained on ${amount.samples} accepted trajectories of a target HMC run (Levenberg-Marquardt on the change of S_theta - S along a trajectory, the last fifth for early stopping; attention alone by Adam in half as many trajectories of a prior run). All of them are then measured on the same ${measured[0]!.trajectories} further trajectories (m_h = ${light}; ${s.masses.slice(1).map((m) => `${quick ? 4 : m.trajectories} at ${m.guideMass}`).join(", ")}) of each of the seeds ${s.seeds.join(", ")}. Errors: jackknife over trajectories, or the scatter of the seeds where that is larger.`,
      "With A = m^2 - D^2 and A_theta = m_h^2 - D_theta^2 on even sites and B = c A_theta^{-1} - A^{-1} (c = 1 without \"normalisation\"), the energy error of self-learning HMC is W = Delta(S_theta - S) = phi^+ (B_end - B_start) phi at fixed phi, and the change of the gauge parts. In equilibrium phi is A^{1/2} times a unit Gaussian for the links of any moment of the trajectory, so that the links alone predict W_mean = sum_t Tr (A_t + A_{t+1})(B_{t+1} - B_t)/2 + gauge parts, from dense matrices: the error that is left if the force of the pseudofermions is replaced by its mean at the same links. W_noise = W - W_mean is the fluctuation of phi. The acceptances are erfc(sd / (2 sqrt 2)) of each alone.",
    ],
    figures: { "standard deviations": scatterPlot({ title: `Energy error along trajectories, m_h = ${light}`, xLabel: "row of the table", yLabel: "standard deviation", series: [cloud("W", total), cloud("W_mean: links", mean), cloud("W_noise: pseudofermions", noise)] }) },
    table: { header: ["m_h", "network", "weights", "sd W", "sd W_mean", "sd W_noise", "correlation", "acceptance, W", "W_mean alone", "W_noise alone"], rows },
    further: [
      {
        text: "At fixed links phi is Gaussian, so that L_c = 1/2 Var(S_theta - S), the variance loss, splits exactly: a part that the links predict, 1/2 Var(c Tr A A_theta^{-1} + gauge parts), and pseudofermion noise, 1/2 <Tr (c A A_theta^{-1} - 1)^2>, with the least value that the trace of A_theta allows it (below). The last column is the standard deviation of the noise without multiples of phi^+ phi, which stay constant along a trajectory, min over e of Tr (c A A_theta^{-1} - 1 + e A)^2. Its last rows are the minimum over all fields of unitary links, found for each configuration by gradient descent from U: no network, however deep, does better.",
        header: ["m_h", "network", "L_c", "of the links", "noise", "least noise", "sd of the noise without phi^+ phi"],
        rows: [...fixed, ...least],
      },
    ],
    conclusions: [
      `Pseudofermion noise along trajectories is ${ratio[0].toFixed(2)} times the noise at fixed links without phi^+ phi (mean over the networks without extras at m_h = ${light}; range ${ratio[1].toFixed(2)} to ${ratio[2].toFixed(2)}). With this factor the best unitary links at m_h = ${light} allow an acceptance of about ${allowedBy("plain")}, and of ${allowedBy("normalised")} with a normalisation, if W_mean vanished: an estimate, as a network that is best at each moment need not be best along a trajectory.`,
      `A map to unitary links cannot change Tr(-D^2): every hop and its return contribute U U^+ = 1, 8 neighbours times 1/4 is 2 for each component (largest deviation over all networks without hopping scale and all points: ${Math.max(...moments).toExponential(1)}). Going from m_h to m asks for A_theta = A, that is for a lower -D_theta^2 by ${shift.toFixed(2)} at m_h = ${light}. With E = c A - A_theta, the Cauchy-Schwarz inequality (Tr E)^2 <= Tr (A_theta^{-1} E)^2 Tr A_theta^2 bounds the noise of S_theta - S from below by (Tr E)^2 / Tr A_theta^2 for every network, however large (column "least noise": half of it, as of L_c); a normalisation c = (m_h^2 + 2) / (m^2 + 2) = ${((light ** 2 + 2) / (BENCHMARK.mass ** 2 + 2)).toFixed(4)} or a hopping scale removes this bound, a deeper network does not.`,
      `The sums over t use one in ${s.stride} leapfrog points and both ends; with half of these points the standard deviation of W_mean changes by at most ${(100 * step).toFixed(0)} % (largest of all networks and seeds), an error of second order in the steps.`,
      "Hopping scale and normalisation together contain the target itself (k = m_h / m, c = k^2): both parts vanish there, up to rounding.",
    ],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}
