/**
 * One seed of self-learning HMC with exact determinants: loops regressed along a chain of the target, the fluctuations that they leave, and the acceptances of
 * chains that they lead; then ratio fields in place of the exact ratio. Run as `gaugegrad run experiments/exact-task.ts JSON`.
 */
import {
  type GaugeAction, type LinkField, type LoopName, GaugeAction as Recorded, SU, determinantAction, gaugeAction, hmc, lattice, loopAction, nearUnit, plaquettes, pseudofermions, rootPseudofermions, runChain, staggered, summarise, targetOf,
} from "gaugegrad";
import { LinearRegression } from "gaugegrad/training";
import { gammaMethod } from "gaugegrad/util";

export interface ExactTask {
  readonly extents: readonly number[];
  readonly beta: number;
  readonly mass: number;
  readonly seed: number;
  readonly thermalise: number;
  readonly configurations: number;
  readonly trajectories: number;
  readonly detSteps: number;
  readonly gaugeSteps: number;
  readonly families: Readonly<Record<string, readonly LoopName[]>>;
  readonly guides: readonly { readonly mass: number; readonly run: readonly string[] }[];
  readonly noise: { readonly mass: number; readonly roots: readonly number[]; readonly trajectories: number };
}

type Pair = readonly [mean: number, error: number];

/** A chain: acceptance, <exp(-dH)>, sd of dH, plaquette, seconds a trajectory. */
export interface ChainResult {
  readonly acceptance: Pair;
  readonly expMinusDH: Pair;
  readonly sd: number;
  readonly plaquette: Pair;
  readonly seconds: number;
}

/** A fit: weights by loop, sd of S - S_theta on configurations that were not fitted, and of its change along a trajectory. */
export interface FitResult {
  readonly mass: number;
  readonly family: string;
  readonly weights: readonly number[];
  readonly sd: number;
  readonly change: number;
  readonly chain?: ChainResult;
}

export interface ExactResult {
  readonly fits: readonly FitResult[];
  readonly noise: readonly (ChainResult & { readonly roots: number })[];
  readonly condensate: Pair;
  readonly seconds: number;
}

const sdOf = (x: readonly number[]): number => {
  const mean = x.reduce((s, v) => s + v, 0) / x.length;
  return Math.sqrt(x.reduce((s, v) => s + (v - mean) ** 2, 0) / x.length);
};

const loopsOf = (names: readonly LoopName[], beta: number, weights: readonly number[]) => loopAction<2>({ beta: 1, loops: names.map((name, k) => ({ name, weight: weights[k]! + (name === "plaquette" ? beta : 0) })) });

export function runExact(task: ExactTask): ExactResult {
  const began = performance.now();
  const { beta, mass, seed, detSteps, gaugeSteps } = task;
  const L = lattice(task.extents, { threads: 1 });
  const start: LinkField<2> = nearUnit(L, SU(2), { seed, width: 0.5 });
  const gauge = gaugeAction.wilson({ beta });
  const det = (m: number) => determinantAction<2, { readonly mass: number }>(staggered({ mass: m }), { flavours: 4 });
  const light = det(mass);
  const target = gauge.plus(light) as unknown as Recorded<2>;
  const heavy = new Map(task.guides.map((g) => [g.mass, g.mass === 0 ? undefined : det(g.mass)]));
  const scale = { integrator: "omelyan" } as const;
  const levels = (fermions: { force: GaugeAction<2>["force"] } | undefined, loops: { force: GaugeAction<2>["force"] }) => [...(fermions ? [{ action: fermions, ...scale, steps: detSteps }] : []), { action: loops, ...scale, steps: fermions ? gaugeSteps : 2 * detSteps * gaugeSteps }];
  const chain = (sampler: Parameters<typeof runChain<2, never>>[0]["sampler"], trajectories: number): ChainResult => {
    const since = performance.now();
    const series = runChain({ sampler: sampler as never, U: start.clone(), trajectories, measure: { plaquette: (V: LinkField<2>) => plaquettes(V).mean } }) as unknown as Parameters<typeof summarise>[0];
    const { acceptance, expMinusDH, values } = summarise(series);
    const plaquette = values["plaquette"]!;
    return { acceptance: [acceptance.mean, acceptance.error], expMinusDH: [expMinusDH!.mean, expMinusDH!.error], sd: sdOf(series.results.map((r) => r.dH!)), plaquette: [plaquette.mean, plaquette.error], seconds: (performance.now() - since) / 1000 / trajectories };
  };
  const prior = hmc<2>({ action: target as never, length: 1, seed, stream: 1, levels: levels(light as never, gauge as never) as never });
  runChain({ sampler: prior, U: start, trajectories: task.thermalise });
  // features are derivatives with respect to the weights, S - S_theta at weight 0 what is left of the determinants
  const names = [...new Set(Object.values(task.families).flat())];
  const every = loopsOf(names, 0, names.map(() => 0));
  const points = Array.from({ length: task.configurations }, () => {
    prior.step(start);
    const features = [...every.parameterGradient(start).gradient.weights];
    const S = light.value(start);
    return { features, left: new Map([...heavy].map(([m, h]) => [m, S - (h ? h.value(start) : 0)])), condensate: -light.parameterGradient(start).gradient.mass / L.volume };
  });
  const half = Math.floor(points.length / 2);
  const fits = task.guides.flatMap(({ mass: m, run }) =>
    Object.entries(task.families).map(([family, loops]): FitResult => {
      const at = loops.map((name) => names.indexOf(name));
      const of = ({ features }: { readonly features: readonly number[] }): number[] => at.map((k) => features[k]!);
      let weights: readonly number[] = [];
      if (loops.length > 0) {
        const equations = new LinearRegression(loops.length);
        for (const p of points.slice(0, half)) equations.add(of(p), p.left.get(m)!);
        weights = [...equations.fit().parameters];
      }
      const y = points.slice(half).map((p) => p.left.get(m)! - of(p).reduce((s, x, k) => s + x * weights[k]!, 0));
      const fit = { mass: m, family, weights, sd: sdOf(y), change: sdOf(y.slice(1).map((x, k) => x - y[k]!)) };
      if (!run.includes(family)) return fit;
      const lead = loops.length > 0 ? loopsOf(loops, beta, weights) : gauge;
      return { ...fit, chain: chain(hmc<2>({ action: target as never, length: 1, seed, stream: 2, levels: levels(heavy.get(m) as never, lead as never) as never }) as never, task.trajectories) };
    }),
  );
  const fit = fits.find((f) => f.mass === task.noise.mass && f.family === "plaquette")!;
  const lead = loopsOf(["plaquette"], beta, fit.weights);
  const noise = task.noise.roots.map((roots) => {
    const ratio = rootPseudofermions(staggered({ mass }), { lattice: L, group: SU(2), flavours: 4, numerator: staggered({ mass: task.noise.mass }), roots, tolerance: 1e-10 });
    const field = pseudofermions(staggered({ mass: task.noise.mass }), { lattice: L, group: SU(2), flavours: 4, tolerance: 1e-10, forceTolerance: 1e-8 });
    const sum = targetOf((gauge.plus(ratio.action as never) as unknown as GaugeAction<2>).plus(field.action as never) as never, ratio as never, field as never);
    const force = { force: field.force.bind(field) } as never;
    return { roots, ...chain(hmc<2>({ action: sum as never, length: 1, seed, stream: 3, levels: levels(force, lead as never) as never }) as never, task.noise.trajectories) };
  });
  const condensate = gammaMethod(points.map((p) => p.condensate));
  return { fits, noise, condensate: [condensate.mean, condensate.error], seconds: (performance.now() - began) / 1000 };
}

const [given] = process.argv.slice(2);
if (process.argv[1] === import.meta.filename && given) process.stdout.write(JSON.stringify(runExact(JSON.parse(given) as ExactTask)));
