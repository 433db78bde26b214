/**
 * Sums over the chunks of all ranks. Before anything is added the highest bin of all ranks has to be known (backend/binned-sum.ts). It is mostly that of the last
 * time: each rank adds in that one, and says with its parts whether its own is higher or the same. One exchange is then enough, unless some rank's is
 * higher, or none has it any more.
 */
import { type BinnedSums, SUM_PARTS } from "../../backend/index.ts";
import type { Machine } from "../machine.ts";

export class RankSums {
  readonly #engine: Machine;
  /** Highest bins of all ranks, the last time. */
  readonly #last: Float64Array;
  readonly #own: Float64Array;
  /** Parts of every sum, and behind them for each how many ranks have a higher bin, and how many the same. */
  readonly #message: Float64Array;

  constructor(engine: Machine, count: number) {
    this.#engine = engine;
    this.#last = new Float64Array(count).fill(NaN);
    this.#own = new Float64Array(count);
    this.#message = new Float64Array((SUM_PARTS + 2) * count);
  }

  /** Makes the sums, which know their highest bins on this rank, those of all; the rank's chunks begin at these indices, `each` of a sum. */
  sum(sums: BinnedSums, f: Float64Array, starts: readonly number[], each: number): void {
    const begin = performance.now();
    const { comm } = this.#engine.part!;
    this.#own.set(sums.bins);
    if (!this.#guess(sums, f, starts, each)) {
      sums.bins.set(this.#own);
      comm.max(sums.bins);
      this.#last.set(sums.bins);
      sums.gatherAll(f, starts, each);
      comm.sum(sums.parts);
    }
    this.#engine.exchangeTime += performance.now() - begin;
  }

  /** Adds in the bins of the last time; false where those were not the highest. The answer is the same on all ranks. */
  #guess(sums: BinnedSums, f: Float64Array, starts: readonly number[], each: number): boolean {
    const last = this.#last;
    const own = this.#own;
    const message = this.#message;
    if (Number.isNaN(last[0]!)) return false;
    const n = last.length;
    // what lies above the bin of the last time cannot be added in it
    let fits = true;
    for (let k = 0; k < n; k++) if (own[k]! > last[k]!) fits = false;
    message.fill(0);
    if (fits) {
      sums.bins.set(last);
      sums.gatherAll(f, starts, each);
      message.set(sums.parts);
    }
    for (let k = 0; k < n; k++) {
      message[SUM_PARTS * n + 2 * k] = own[k]! > last[k]! ? 1 : 0;
      message[SUM_PARTS * n + 2 * k + 1] = own[k]! === last[k]! ? 1 : 0;
    }
    this.#engine.part!.comm.sum(message);
    for (let k = 0; k < n; k++) if (message[SUM_PARTS * n + 2 * k]! > 0 || message[SUM_PARTS * n + 2 * k + 1] === 0) return false;
    sums.bins.set(last);
    sums.parts.set(message.subarray(0, SUM_PARTS * n));
    return true;
  }
}
