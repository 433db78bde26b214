/** (a) Autocorrelation of topology and its cost against beta: HMC, and field-transformed HMC with fixed and trained weights, U(1) in two dimensions (arXiv:0907.5491). */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { exactLogZ2d } from "gaugegrad/flows";
import { linePlot } from "gaugegrad/report";
import { type RunDefinition, readMetrics, readRun, readState, runPaths } from "gaugegrad/runs";
import { type Estimate, withError } from "gaugegrad/util";
import { shown, writePage } from "./page.ts";
import type { ExperimentOptions } from "./reproduce.ts";
import { type Run, make, secondsOf } from "./runs.ts";

interface Row {
  readonly beta: number;
  readonly hmc: number;
  readonly map: number;
  readonly trained: number;
  readonly towards: number;
}

interface Settings {
  readonly extents: readonly number[];
  readonly length: number;
  readonly seed: number;
  readonly thermalise: number;
  readonly trajectories: number;
  readonly fixed: readonly number[];
  readonly sweeps: number;
  readonly train: number;
  readonly rate: number;
  readonly rows: readonly Row[];
}

const METHODS = ["HMC", "fixed weights", "trained weights"] as const;
type Method = (typeof METHODS)[number];
const stepsOf = (row: Row, method: Method): number => ({ HMC: row.hmc, "fixed weights": row.map, "trained weights": row.trained })[method];

function runOf(s: Settings, row: Row, method: Method): Run {
  const more: Partial<RunDefinition> =
    method === "HMC" ? {} : method === "fixed weights" ? { transform: { kind: "stout", rho: [...s.fixed] } } : {
      transform: { kind: "gated", sweeps: s.sweeps },
      training: { objective: "forceMatching", towards: row.towards, rate: s.rate, schedule: "cosine", finalRate: s.rate / 20, trajectories: s.train },
    };
  return {
    name: `${method.split(" ")[0]!.toLowerCase()}-${row.beta}`,
    definition: {
      lattice: { extents: [...s.extents] },
      group: "U(1)",
      start: { kind: "hot" },
      action: { kind: "wilson", beta: row.beta },
      sampler: { integrator: "omelyan", steps: stepsOf(row, method), length: s.length, seed: s.seed, thermalisation: s.thermalise, trajectories: s.trajectories },
      measurement: { observables: ["charge"] },
      output: { checkpoint: 500 },
      checks: { every: 1000 },
      ...more,
    },
  };
}

interface Found {
  readonly row: Row;
  readonly method: Method;
  readonly of: Readonly<Record<string, Estimate>>;
  /** <(Q_{k+1} - Q_k)^2>. */
  readonly moved: number;
  readonly seconds: number;
  readonly weights: readonly number[];
}

function found(s: Settings, row: Row, method: Method, folder: string): Found {
  const at = join(folder, runOf(s, row, method).name);
  const charges = readMetrics(at).flatMap((r) => (r.kind === "measurement" ? [r.values["charge"]!] : []));
  const moved = charges.slice(1).reduce((sum, q, k) => sum + (q - charges[k]!) ** 2, 0) / Math.max(1, charges.length - 1);
  const { events } = readRun(at).read();
  const all = s.thermalise + s.trajectories + (method === "trained weights" ? s.train : 0);
  return { row, method, of: readRun(at).summary(), moved, seconds: secondsOf(events) / all, weights: [...(readState(at)?.state.parameters?.values ?? [])] };
}

/** tau_int in units of the cost. */
const times = ({ tauInt, tauIntError }: Estimate, cost: number): readonly [number, number] => [tauInt * cost, tauIntError * cost];

export default async function fthmc({ settings, quick, out, runs: folder }: ExperimentOptions): Promise<void> {
  const began = performance.now();
  const all = settings as unknown as Settings;
  const s = quick ? { ...all, thermalise: 40, trajectories: 120, train: 20, rows: all.rows.slice(0, 2) } : all;
  const cases = s.rows.flatMap((row) => METHODS.map((method) => ({ row, method })));
  await make(cases.map(({ row, method }) => runOf(s, row, method)), folder);
  if (!cases.every(({ row, method }) => existsSync(runPaths(join(folder, runOf(s, row, method).name)).info))) throw new Error("fthmc: a run is missing");
  const results = cases.map(({ row, method }) => found(s, row, method, folder));
  const volume = s.extents.reduce((v, L) => v * L, 1);
  const exact = (beta: number): number => 1 + (exactLogZ2d({ beta: beta + 1e-4, N: 1, volume }) - exactLogZ2d({ beta: beta - 1e-4, N: 1, volume })) / (2e-4 * volume);
  // Omelyan's integrator has two forces a step
  const forces = ({ row, method }: Found): number => 2 * stepsOf(row, method);
  const charge = (r: Found): Estimate => r.of["charge"]!;
  const curve = (method: Method, f: (r: Found) => readonly [number, number]) => {
    const own = results.filter((r) => r.method === method && r.of["charge"]);
    return { name: method, x: own.map((r) => r.row.beta), y: own.map((r) => f(r)[0]), error: own.map((r) => f(r)[1]) };
  };
  const at = (beta: number, method: Method): Found | undefined => results.find((r) => r.row.beta === beta && r.method === method && r.of["charge"]);
  const compared = s.rows.flatMap(({ beta }) => {
    const [fixed, trained, hmc] = [at(beta, "fixed weights"), at(beta, "trained weights"), at(beta, "HMC")];
    return fixed && trained && hmc ? [`beta ${beta}: ${[hmc, fixed, trained].map((r) => shown(times(charge(r), 1))).join(", ")} trajectories and ${[hmc, fixed, trained].map((r) => shown(times(charge(r), forces(r)))).join(", ")} forces`] : [];
  });
  writePage(out, {
    name: "fthmc",
    title: "Topology with field transformations",
    text: [
      `U(1) on ${s.extents.join("x")}, trajectories of length ${s.length} (Omelyan), ${s.thermalise} of thermalisation and ${s.trajectories} of production each, seed ${s.seed}. Fixed weights: masked stout sweeps with ${s.fixed.join(", ")}. Trained: ${s.sweeps} sweeps whose weights see the loops around each link, trained in ${s.train} trajectories on the links of the chain by force matching, S(F(V)) - log det towards the action at a smaller beta; both maps have the same half steps, so that a force costs nearly the same. Q is the geometric charge of F(V), tau_int that of Q in trajectories and in evaluations of the force; the last columns are seconds of this machine.`,
    ],
    figures: {
      "tau_int of the charge": linePlot({ series: METHODS.map((m) => curve(m, (r) => times(charge(r), 1))), title: "tau_int of the charge", xLabel: "beta", yLabel: "trajectories", logY: true }),
      "cost": linePlot({ series: METHODS.map((m) => curve(m, (r) => times(charge(r), forces(r)))), title: "Forces for an independent charge", xLabel: "beta", yLabel: "tau_int x forces", logY: true }),
    },
    table: {
      header: ["beta", "method", "steps", "acceptance", "<exp(-dH)>", "tau_int(Q)", "<(Q' - Q)^2>", "tau_int x forces", "plaquette", "exact", "ms a trajectory", "tau_int x seconds"],
      rows: results.map((r) => [
        String(r.row.beta), r.method, String(stepsOf(r.row, r.method)), shown([r.of["acceptance"]!.mean, r.of["acceptance"]!.error]), shown([r.of["expMinusDH"]!.mean, r.of["expMinusDH"]!.error]), withError(charge(r).tauInt, charge(r).tauIntError), r.moved.toPrecision(3),
        shown(times(charge(r), forces(r))), shown([r.of["plaquette"]!.mean, r.of["plaquette"]!.error]), exact(r.row.beta).toFixed(5), (1000 * r.seconds).toPrecision(3), shown(times(charge(r), r.seconds)),
      ]),
    },
    further: [{ text: "Weights of the trained maps, bias and slopes of each sweep.", header: ["beta", "towards", "weights"], rows: results.filter((r) => r.method === "trained weights").map((r) => [String(r.row.beta), String(r.row.towards), r.weights.map((x) => x.toFixed(3)).join(", ")]) }],
    conclusions: [`tau_int of the charge, HMC, fixed, trained: ${compared.join("; ")}.`],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}
