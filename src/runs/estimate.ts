/** What a run will need: bytes and time, from its fields and from forces that are really computed. */
import { DirectionalField } from "../autograd/index.ts";
import type { LatticeOptions } from "../gauge/index.ts";
import { type GuideLevel, schedule } from "../samplers/index.ts";
import { randomStream } from "../util/index.ts";
import type { ResolvedRun } from "./resolve.ts";
import { optionsOf } from "./schema.ts";
import { lengthsOf } from "./stages.ts";
import { type GuideParts, type System, buildSystem, levelsOf } from "./system.ts";

export interface Estimate {
  /** Links and momenta: one field of matrices on every link. */
  readonly fieldBytes: number;
  /** One checkpoint file; two are kept. */
  readonly checkpointBytes: number;
  /** Memory of this process after one evaluation of every action and force. */
  readonly processBytes: number;
  /** Seconds of one trajectory by phase, checks and measurements not counted. */
  readonly secondsPerTrajectory: { readonly [phase: string]: number };
  readonly trajectories: { readonly [phase: string]: number };
  /** Seconds of all trajectories; undefined for epochs on stored configurations. */
  readonly seconds?: number;
}

/** Builds the system, evaluates its actions and forces once, and counts. */
export function estimate(run: ResolvedRun, engine: LatticeOptions): Estimate {
  const { configuration: c } = run;
  const system = buildSystem(run, engine);
  const { U } = system;
  const { N, lattice } = U;
  const fieldBytes = 8 * 2 * N * N * lattice.dim * lattice.volume;
  const { thermalise, train, sample, epochs } = lengthsOf(run);
  const replay = train > 0 && ((c.training!.batch ?? 1) > 1 || c.training!.replay !== undefined) ? (c.training!.replay ?? c.training!.batch ?? 1) : 0;
  const pseudofermions = c.fermions.length * 16 * N * lattice.volume;
  const checkpointBytes = fieldBytes + replay * (fieldBytes * (c.training?.objective === "acceptance" ? 2 : 1) + pseudofermions);
  system.target.refresh?.(U, 0, randomStream(c.sampler.seed, c.sampler.stream));
  const guide = system.guide?.at();
  const value = timed(() => system.target.value(U));
  const perTrajectory = (by: GuideParts | undefined): number => (c.sampler.length === undefined ? stepSeconds(run, system, by) : 2 * value + kickSeconds(system, levelsOf(c.sampler, system, by), c.sampler.length));
  const all = { thermalise, train, sample };
  const trajectories = Object.fromEntries(Object.entries(all).filter(([, n]) => n > 0));
  const secondsPerTrajectory = Object.fromEntries(Object.keys(trajectories).map((phase) => [phase, perTrajectory(phase === "sample" || train === 0 ? guide : undefined)]));
  return {
    fieldBytes,
    checkpointBytes,
    processBytes: process.memoryUsage().rss,
    secondsPerTrajectory,
    trajectories,
    ...(epochs > 0 ? {} : { seconds: Object.entries(trajectories).reduce((s, [phase, n]) => s + n * secondsPerTrajectory[phase]!, 0) }),
  };
}

/** Seconds of one update by a sampler without molecular dynamics. */
function stepSeconds({ configuration: { sampler }, registry }: ResolvedRun, system: System, guide: GuideParts | undefined): number {
  const part = registry.get("sampler", sampler.kind);
  const { seed, stream } = sampler;
  const update = part.build(optionsOf(part, sampler), { system, guide, seed, stream });
  return timed(() => update.step(system.U));
}

/** Seconds of the forces of one trajectory: the kicks of each level times one force. */
function kickSeconds({ U }: System, levels: readonly GuideLevel[], length: number): number {
  const F = new DirectionalField(U.lattice, U.N, "algebra");
  const kicks = levels.map(() => 0);
  for (const move of schedule(levels, length)) if (move.kind === "kick") kicks[move.level]!++;
  const seconds = levels.reduce((s, { action }, k) => s + kicks[k]! * timed(() => action.force(U, F)), 0);
  F[Symbol.dispose]();
  return seconds;
}

/** Seconds of the faster of two calls after one that compiles. */
function timed(f: () => unknown): number {
  f();
  return Math.min(...[0, 1].map(() => {
    const at = performance.now();
    f();
    return (performance.now() - at) / 1000;
  }));
}
