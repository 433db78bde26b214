/**
 * On a batch, a run of kernels with nothing else between is walked for a few samples at a time (see backend/replay.ts), so that what they leave for each other stays in the cache. A field
 * that lives only inside of such a run has blocks for only so many samples, one tile after the other in the same memory.
 */
import { isShared } from "../../autograd/index.ts";
import { type Buffer, type Schedule, type Step, tensorLength } from "../ir.ts";
import type { Machine } from "../machine.ts";

/** Runs on samples apart? Arithmetic on what all samples share is done once. */
export const ofSamples = (s: Step): boolean => s.kind === "kernel" && s.domain !== "shared" && tensorLength(s.domain) === undefined;

/** For each step the first and the last one of the run that it belongs to. */
export function runsOf(steps: readonly Step[]): (readonly [number, number])[] {
  const runs: (readonly [number, number])[] = [];
  for (let s = 0; s < steps.length; ) {
    let last = s;
    if (ofSamples(steps[s]!)) while (last + 1 < steps.length && ofSamples(steps[last + 1]!)) last++;
    const run = [s, last] as const;
    for (; s <= last; s++) runs.push(run);
  }
  return runs;
}

/**
 * The schedule with small fields inside of runs. Others may lend their memory to nothing else in the runs that touch them: what is over for one tile is still to come for the next.
 */
export function tiled(engine: Machine, schedule: Schedule): Schedule {
  const { tile, tileBlocks, layout: { scalarBlocks } } = engine;
  if (tile === scalarBlocks) return schedule;
  const runs = runsOf(schedule.steps);
  const buffers = schedule.buffers.map((b): Buffer => {
    if (b.external || b.first < 0) return b;
    const run = runs[b.first]!;
    const field = b.type.kind !== "scalar" && b.type.kind !== "tensor" && !b.data;
    if (field && run === runs[b.last] && ofSamples(schedule.steps[b.first]!)) return { ...b, blocks: tileBlocks };
    // numbers of samples that take turns in one place do so in every tile apart
    return b.type.kind === "scalar" && !isShared(b.type) ? b : { ...b, first: run[0], last: runs[b.last]![1] };
  });
  return { ...schedule, buffers };
}
