/** (a) Autocorrelation of topology and its cost against beta: HMC, and field-transformed HMC with fixed and trained weights, U(1) in two dimensions (arXiv:0907.5491). */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type LinkField, U1, adam, cold, gaugeAction, hmc, lattice } from "gaugegrad";
import { type GateWeights, exactLogZ2d, fieldTransformed, maskedStout } from "gaugegrad/flows";
import { linePlot } from "gaugegrad/report";
import { type RunDefinition, readMetrics, readRun, runPaths } from "gaugegrad/runs";
import { EffectiveAction, type TrainingSample, losses, trainOffline } from "gaugegrad/training";
import { type Estimate, gammaMethod, withError } from "gaugegrad/util";
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
  /** Largest weight of the trained map. */
  readonly bound: number;
  /** Fields that it is trained on, passes over them, and the rate of Adam. */
  readonly fields: number;
  readonly epochs: number;
  readonly rate: number;
  readonly rows: readonly Row[];
}

const METHODS = ["HMC", "fixed weights", "trained weights"] as const;
type Method = (typeof METHODS)[number];
const stepsOf = (row: Row, method: Method): number => ({ HMC: row.hmc, "fixed weights": row.map, "trained weights": row.trained })[method];

/**
 * Weights by force matching on fields of the action at `towards`: the transformed action is to be like it, and plaquettes near pi, through which topology changes, are common there. On fields of the
 * target they are not, and weights learn nothing about them.
 */
function trainedWeights({ extents, seed, sweeps, bound, fields, epochs, rate }: Settings, { beta, towards }: Row): GateWeights[] {
  const smooth = gaugeAction.wilson({ beta: towards });
  const sampler = hmc({ action: smooth, integrator: "omelyan", steps: 10, length: 2, seed });
  const V = cold(lattice(extents, { threads: 1 }), U1) as LinkField;
  for (let k = 0; k < 100; k++) sampler.step(V);
  const samples = Array.from({ length: fields }, (): TrainingSample => {
    for (let k = 0; k < 3; k++) sampler.step(V);
    return { U: V.clone() as LinkField, fields: [], value: smooth.value(V), force: smooth.force(V) as never };
  });
  const map = maskedStout({ gate: { bound }, sweeps });
  const action = new EffectiveAction(fieldTransformed(gaugeAction.wilson({ beta }), map) as never, ["transform"]);
  const training = trainOffline({ action, loss: losses.forceMatching(), optimiser: adam({ rate }), samples, batch: 8, epochs });
  let step = training.next();
  while (!step.done) step = training.next();
  return (step.value.action.input("transform") as { readonly sweeps: GateWeights[] }).sweeps;
}

function runOf(s: Settings, row: Row, method: Method, weights: readonly GateWeights[]): Run {
  const more: Partial<RunDefinition> = method === "HMC" ? {} : { transform: method === "fixed weights" ? { kind: "stout", rho: [...s.fixed] } : { kind: "gated", bound: s.bound, weights: weights.map(({ bias, slopes }) => ({ bias, slopes: [...slopes] })) } };
  return {
    name: `${method.split(" ")[0]!.toLowerCase()}-${row.beta}`,
    definition: {
      lattice: { extents: [...s.extents] },
      group: "U(1)",
      // long trajectories from a hot start are rejected one after the other: the maps of beta 6 stood still for hundreds
      start: { kind: "near-unit" },
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
  readonly moved: readonly [number, number];
  readonly seconds: number;
  readonly weights: readonly GateWeights[];
}

function found(s: Settings, row: Row, method: Method, weights: readonly GateWeights[], folder: string): Found {
  const at = join(folder, runOf(s, row, method, weights).name);
  const charges = readMetrics(at).flatMap((r) => (r.kind === "measurement" ? [r.values["charge"]!] : []));
  const { mean, error } = gammaMethod(charges.slice(1).map((q, k) => (q - charges[k]!) ** 2));
  const { events } = readRun(at).read();
  return { row, method, of: readRun(at).summary(), moved: [mean, error], seconds: secondsOf(events) / (s.thermalise + s.trajectories), weights };
}

/** tau_int in units of the cost. */
const times = ({ tauInt, tauIntError }: Estimate, cost: number): readonly [number, number] => [tauInt * cost, tauIntError * cost];

export default async function fthmc({ settings, quick, out, runs: folder }: ExperimentOptions): Promise<void> {
  const began = performance.now();
  const all = settings as unknown as Settings;
  const s = quick ? { ...all, thermalise: 40, trajectories: 120, fields: 16, epochs: 2, rows: all.rows.slice(0, 2) } : all;
  const cases = s.rows.flatMap((row) => {
    const weights = trainedWeights(s, row);
    return METHODS.map((method) => ({ row, method, weights: method === "trained weights" ? weights : [] }));
  });
  await make(cases.map(({ row, method, weights }) => runOf(s, row, method, weights)), folder);
  if (!cases.every(({ row, method, weights }) => existsSync(runPaths(join(folder, runOf(s, row, method, weights).name)).info))) throw new Error("fthmc: a run is missing");
  const results = cases.map(({ row, method, weights }) => found(s, row, method, weights, folder));
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
      `U(1) on ${s.extents.join("x")}, trajectories of length ${s.length} (Omelyan), ${s.thermalise} of thermalisation and ${s.trajectories} of production each, seed ${s.seed}. Fixed weights: masked stout sweeps with ${s.fixed.join(", ")}. Trained: ${s.sweeps} sweeps whose weights see the loop around each link, trained by force matching, S(F(V)) - log det towards the action at a smaller beta, on ${s.fields} fields V of that action (${s.epochs} passes): there the plaquettes near pi, through which topology changes, are common, and the weights learn to be larger at them. Q is the geometric charge of F(V), tau_int that of Q in trajectories and in evaluations of the force; the last columns are seconds of this machine.`,
    ],
    figures: {
      "tau_int of the charge": linePlot({ series: METHODS.map((m) => curve(m, (r) => times(charge(r), 1))), title: "tau_int of the charge", xLabel: "beta", yLabel: "trajectories", logY: true }),
      "cost": linePlot({ series: METHODS.map((m) => curve(m, (r) => times(charge(r), forces(r)))), title: "Forces for an independent charge", xLabel: "beta", yLabel: "tau_int x forces", logY: true }),
    },
    table: {
      header: ["beta", "method", "steps", "acceptance", "<exp(-dH)>", "tau_int(Q)", "<(Q' - Q)^2>", "the same per force", "tau_int x forces", "plaquette", "exact", "ms a trajectory", "tau_int x seconds"],
      rows: results.map((r) => [
        String(r.row.beta), r.method, String(stepsOf(r.row, r.method)), shown([r.of["acceptance"]!.mean, r.of["acceptance"]!.error]), shown([r.of["expMinusDH"]!.mean, r.of["expMinusDH"]!.error]), withError(charge(r).tauInt, charge(r).tauIntError), shown(r.moved), shown([r.moved[0] / forces(r), r.moved[1] / forces(r)]),
        shown(times(charge(r), forces(r))), shown([r.of["plaquette"]!.mean, r.of["plaquette"]!.error]), exact(r.row.beta).toFixed(5), (1000 * r.seconds).toPrecision(3), shown(times(charge(r), r.seconds)),
      ]),
    },
    further: [{ text: `Weights of the trained maps, bias and slope of each sweep: rho = (2/pi) ${s.bound} atan(bias + slope cos(loop around the link)).`, header: ["beta", "towards", "weights"], rows: results.filter((r) => r.method === "trained weights").map((r) => [String(r.row.beta), String(r.row.towards), r.weights.map(({ bias, slopes }) => `${bias.toFixed(3)}, ${slopes[0]!.toFixed(3)}`).join("; ")]) }],
    conclusions: [`tau_int of the charge, HMC, fixed, trained: ${compared.join("; ")}.`],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}
