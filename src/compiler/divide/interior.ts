/**
 * The chunks of a kernel that read no ghost block, which are worked on while messages are under way. Sites are in order of the slowest direction, so those of a box that is divided there lie
 * together, behind one face and before the other. Chunks are added in no order, so the result has the same bits.
 */
import type { KernelStep } from "../ir.ts";
import { readsOf } from "./halos.ts";
import { chunkBlocks } from "../kernels.ts";
import type { Machine } from "../machine.ts";

/** Least share of the chunks for which a kernel is launched in parts. */
const WORTH = 0.25;

/** First and last + 1 of the longest row of chunks that read no ghost block; undefined where it is short, where threads share the chunks of a launch, and on a batch, whose samples all have borders. */
export function interiorOf(step: KernelStep, engine: Machine): readonly [number, number] | undefined {
  if (engine.emitter.threads > 1 || engine.lattice.batch > 1) return undefined;
  const halos = engine.halos!;
  const { half, chunks } = engine.order(step.domain);
  const size = chunkBlocks(engine.layout.siteLanes);
  const border = new Uint8Array(chunks);
  for (const reads of readsOf(step, [], halos).values())
    for (const n of reads)
      // the turn of a block in the loop: see LoopOrder
      for (const k of halos.beyond(n)) border[Math.floor((half === 0 ? k : k < half ? 2 * k : 2 * (k - half) + 1) / size)] = 1;
  let [from, to] = [0, 0];
  for (let c = 0, begin = 0; c <= chunks; c++) {
    if (c < chunks && border[c] === 0) continue;
    if (c - begin > to - from) [from, to] = [begin, c];
    begin = c + 1;
  }
  return to - from >= Math.max(1, WORTH * chunks) ? [from, to] : undefined;
}
