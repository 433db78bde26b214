/** What a run will need: bytes from its fields, time from forces that are computed on a small lattice of its kind. */
import type { AlgebraField } from "../autograd/index.ts";
import type { LatticeOptions } from "../gauge/index.ts";
import { type GuideLevel, momentaLike, schedule } from "../samplers/index.ts";
import { GeometryError } from "../errors.ts";
import { randomStream } from "../util/index.ts";
import { freed, movedOf } from "./moved.ts";
import { LEAST_FIELDS, checkpointBytes, expectRoom, fieldBytes } from "./file/limits.ts";
import type { ResolvedRun } from "./resolved-run.ts";
import { optionsOf } from "./schema.ts";
import { lengthsOf } from "./production/stages.ts";
import { levelsOf } from "./parts/samplers/levels.ts";
import { buildSystem } from "./system/system.ts";
import type { GuideParts, System } from "./system-types.ts";

/** What a run will take: bytes and seconds on this machine. */
export interface Estimate {
  /** Links and momenta: one field of matrices on every link. */
  readonly fieldBytes: number;
  /** One checkpoint file; two are kept. */
  readonly checkpointBytes: number;
  /** Memory of the process: links, momenta, force and backup, and what the programs of actions and forces keep in between, as counted on a small lattice. */
  readonly processBytes: number;
  /** Seconds of one trajectory by phase, checks and measurements not counted. */
  readonly secondsPerTrajectory: { readonly [phase: string]: number };
  readonly trajectories: { readonly [phase: string]: number };
  /** Seconds of all trajectories; undefined for epochs on stored configurations, and for loops that close on the lattice of the run only. */
  readonly seconds?: number;
}

/** Sites of the lattice on which forces are timed, at most. */
const TIMED_SITES = 4 ** 4;

/**
 * Counts bytes, and times actions and forces on a small lattice of the same kind, so that it takes as long for every lattice.
 * @throws ConfigurationError for runs that do not fit into memory, and for what does not fit together.
 */
export function estimate(run: ResolvedRun, engine: LatticeOptions): Estimate {
  const { configuration: c } = run;
  expectRoom(run, engine);
  const { thermalise, train, sample, epochs } = lengthsOf(run);
  const all = { thermalise, train, sample };
  const trajectories = Object.fromEntries(Object.entries(all).filter(([, n]) => n > 0));
  const { rss } = process.memoryUsage();
  const small = smaller(c.lattice.extents);
  const volume = (extents: readonly number[]): number => extents.reduce((v, L) => v * L, 1);
  const ratio = volume(c.lattice.extents) / volume(small);
  const timed = epochs > 0 ? undefined : timings({ ...run, configuration: { ...c, lattice: { ...c.lattice, extents: small }, start: { ...c.start, kind: "near-unit" } } }, engine, ratio > 1, train > 0);
  const seconds = (phase: string): number => ratio * (phase === "sample" || train === 0 ? timed!.guided : timed!.prior!);
  const secondsPerTrajectory = timed ? Object.fromEntries(Object.keys(trajectories).map((phase) => [phase, seconds(phase)])) : {};
  return {
    fieldBytes: fieldBytes(c),
    checkpointBytes: checkpointBytes(run),
    processBytes: rss + LEAST_FIELDS * fieldBytes(c) + Math.ceil(ratio * (timed?.programBytes ?? 0)),
    secondsPerTrajectory,
    trajectories,
    ...(timed ? { seconds: Object.entries(trajectories).reduce((s, [phase, n]) => s + n * secondsPerTrajectory[phase]!, 0) } : {}),
  };
}

/** Extents of at most `TIMED_SITES` sites in all, odd ones for odd ones. */
function smaller(extents: readonly number[]): number[] {
  const most = Math.floor(TIMED_SITES ** (1 / extents.length) + 1e-9);
  return extents.map((L) => (L <= most ? L : most - ((most + L) % 2)));
}

interface Timings {
  /** Seconds of a trajectory with the target's own force, where something is trained, and with the guide's. */
  readonly prior: number | undefined;
  readonly guided: number;
  /** Bytes that the programs keep, on the smaller lattice. */
  readonly programBytes: number;
}

/** undefined where a path of the run does not close on the smaller lattice. */
function timings(run: ResolvedRun, engine: LatticeOptions, reduced: boolean, trains: boolean): Timings | undefined {
  const { configuration: c } = run;
  try {
    const system = buildSystem(run, engine);
    const { target } = system;
    const U = movedOf(system);
    target.refresh?.(U, 0, randomStream(c.sampler.seed, c.sampler.stream));
    const guide = system.guide?.at();
    const value = timed(() => target.value(U));
    const seconds = (by: GuideParts | undefined): number => (c.sampler.length === undefined ? stepSeconds(run, system, by) : 2 * value + kickSeconds(system, levelsOf(c.sampler, system, by), c.sampler.length));
    const prior = trains || !guide ? seconds(undefined) : undefined;
    return { prior, guided: guide ? seconds(guide) : prior!, programBytes: system.lattice.engine.programBytes ?? 0 };
  } catch (error) {
    if (reduced && error instanceof GeometryError) return undefined;
    throw error;
  }
}

/** Seconds of one update by a sampler without molecular dynamics. */
function stepSeconds({ configuration: { sampler }, registry }: ResolvedRun, system: System, guide: GuideParts | undefined): number {
  const part = registry.get("sampler", sampler.kind);
  const { seed, stream } = sampler;
  const update = part.build(optionsOf(part, sampler), { system, guide, seed, stream, acceptAlways: 0 });
  return timed(() => update.step(movedOf(system)));
}

/** Seconds of the forces of one trajectory: the kicks of each level times one force. */
function kickSeconds(system: System, levels: readonly GuideLevel[], length: number): number {
  const U = movedOf(system);
  const F = momentaLike(U) as AlgebraField;
  const kicks = levels.map(() => 0);
  for (const move of schedule(levels, length)) if (move.kind === "kick") kicks[move.level]!++;
  const seconds = levels.reduce((s, { action }, k) => s + kicks[k]! * timed(() => action.force(U, F)), 0);
  freed(F);
  return seconds;
}

/** Seconds of a first call after which one further call is enough. */
const LONG = 3;

/** Seconds of the faster of two calls after one that compiles, which native kernels may take seconds for; of one where that took long. */
function timed(f: () => unknown): number {
  const once = (): number => {
    const at = performance.now();
    f();
    return (performance.now() - at) / 1000;
  };
  return once() > LONG ? once() : Math.min(once(), once());
}
