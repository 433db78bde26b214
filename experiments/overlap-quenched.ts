/** Chains without fermions for the overlap page: exact averages by reweighting in two dimensions, and what guides leave of the determinant in four. */
import { join } from "node:path";
import { type MeasurementRecord, type RunDefinition, readMetrics } from "gaugegrad/runs";
import { type Run, make } from "./runs.ts";

/** A chain of the gauge action. */
export interface Quenched {
  readonly name: string;
  readonly group: string;
  readonly extents: readonly number[];
  readonly beta: number;
  readonly seed: number;
  readonly thermalise: number;
  readonly configurations: number;
  /** Updates between two configurations. */
  readonly every: number;
  /** Options of the operators, by name. */
  readonly operators: readonly { readonly name: string; readonly [option: string]: unknown }[];
  readonly loops?: readonly string[];
}

type Values = MeasurementRecord["values"];

function runOf({ name, group, extents, beta, seed, thermalise, configurations, every, operators, loops = [] }: Quenched): Run {
  const definition = {
    group, lattice: { extents: [...extents] }, start: { kind: "hot" }, action: { beta }, sampler: { kind: "heatbath", overrelaxation: 2, seed, thermalisation: thermalise, trajectories: configurations * every },
    measurement: { every, observables: ["charge", { module: join(import.meta.dirname, "overlap-part.ts"), name: "determinants", list: operators, loops }] }, checks: { every: 0 }, output: { checkpoint: every },
  };
  return { name: `quenched-${name}-seed${seed}`, definition: definition as unknown as RunDefinition };
}

/** Makes the chains; the values of their configurations. */
export async function runQuenched(chains: readonly Quenched[], folder: string): Promise<Values[][]> {
  const runs = chains.map(runOf);
  await make(runs, folder);
  return runs.map(({ name }) => {
    const records = readMetrics(join(folder, name));
    const plaquettes = new Map(records.flatMap((r) => (r.kind === "trajectory" ? [[r.trajectory, r.plaquette] as const] : [])));
    return records.flatMap((r) => (r.kind === "measurement" ? [{ ...r.values, plaquette: plaquettes.get(r.trajectory) ?? Number.NaN }] : []));
  });
}

export interface Reweighted {
  readonly plaquette: readonly [mean: number, error: number];
  readonly charge2: readonly [mean: number, error: number];
  /** (sum w)^2 / (n sum w^2). */
  readonly ess: number;
}

/** Blocks of the jackknife. */
const BLOCKS = 20;

/** Averages with the weight exp(-S) of a determinant; errors by jackknife over blocks of the chains. */
export function reweighted(values: readonly Values[], operator: string): Reweighted {
  const S = values.map((v) => v[`det.${operator}`]!);
  const least = Math.min(...S);
  const w = S.map((s) => Math.exp(least - s));
  const mean = (of: (v: Values) => number, left: (k: number) => boolean): number => {
    let [a, b] = [0, 0];
    values.forEach((v, k) => {
      if (!left(k)) return;
      a += w[k]! * of(v);
      b += w[k]!;
    });
    return a / b;
  };
  const blocks = Math.min(BLOCKS, values.length);
  const estimate = (of: (v: Values) => number): [number, number] => {
    const all = mean(of, () => true);
    const parts = Array.from({ length: blocks }, (_, b) => mean(of, (k) => Math.floor((k * blocks) / values.length) !== b));
    const centre = parts.reduce((s, x) => s + x / blocks, 0);
    return [all, Math.sqrt(((blocks - 1) / blocks) * parts.reduce((s, x) => s + (x - centre) ** 2, 0))];
  };
  const sum = (x: readonly number[]): number => x.reduce((s, v) => s + v, 0);
  return { plaquette: estimate((v) => v["plaquette"]!), charge2: estimate((v) => v["charge"]! ** 2), ess: sum(w) ** 2 / (w.length * sum(w.map((x) => x * x))) };
}

/** Standard deviation of y after a linear fit of a constant and the features, with n - p degrees of freedom. @throws Error for fewer values than parameters. */
export function leftOver(y: readonly number[], features: readonly (readonly number[])[]): number {
  // columns made orthogonal one after the other, the constant first
  const basis: number[][] = [];
  const project = (v: number[]): number[] => basis.reduce((x, e) => {
    const c = x.reduce((s, a, k) => s + a * e[k]!, 0);
    return x.map((a, k) => a - c * e[k]!);
  }, v);
  for (const column of [y.map(() => 1), ...features]) {
    const rest = project([...column]);
    const norm = Math.sqrt(rest.reduce((s, a) => s + a * a, 0));
    if (norm > 1e-10) basis.push(rest.map((a) => a / norm));
  }
  if (y.length <= basis.length) throw new Error(`leftOver: got ${y.length} values for ${basis.length} parameters, expected more values`);
  return Math.sqrt(project([...y]).reduce((s, a) => s + a * a, 0) / (y.length - basis.length));
}
