/**
 * Training in a fixed number of shards: chains of the prior run, or stored configurations, are dealt to ranks, shard s to rank s modulo their number, each on an undivided
 * lattice. Gradients are numbers of single samples, known to all ranks and added in the order of the shards: the weights do not depend on the number of ranks.
 */
import { ConfigurationError } from "../../errors.ts";
import type { LatticeOptions } from "../../gauge/index.ts";
import { type Share, type TrainingSample, takeSample } from "../../training/index.ts";
import type { Ranks } from "./ranks.ts";
import type { ResolvedRun } from "../resolved-run.ts";

/** What all ranks know of a sample that is on another one. */
export interface SampleMark {
  readonly value: number;
  readonly start?: number;
}

export class Shards {
  /** Number of shards. */
  readonly count: number;
  readonly ranks: Ranks;
  readonly #here = new WeakSet<TrainingSample>();

  constructor(count: number, ranks: Ranks) {
    if (ranks.comm.size > count) throw new ConfigurationError(`training.shards: got ${count} for ${ranks.comm.size} ranks, expected at least ${ranks.comm.size}: start fewer ranks; the number of shards belongs to the run`);
    this.count = count;
    this.ranks = ranks;
  }

  owns(shard: number): boolean {
    return shard % this.ranks.comm.size === this.ranks.comm.rank;
  }

  /** The shards of this rank. */
  get own(): number[] {
    return Array.from({ length: this.count }, (_, s) => s).filter((s) => this.owns(s));
  }

  /** Plain data of every shard, in order, from the ranks that have them. Collective; an error of one rank is one of all. */
  gather<T>(of: (shard: number) => T): T[] {
    const { size } = this.ranks.comm;
    const all = this.ranks.all(() => this.own.map(of));
    return Array.from({ length: this.count }, (_, s) => all[s % size]![Math.floor(s / size)]!);
  }

  /** Stored samples, the k-th in shard k modulo their number: as `read` gives them on the rank of the shard, as marks on others. Collective. */
  deal<T>(count: number, read: (k: number) => { readonly sample: TrainingSample; readonly notes: readonly T[] }, place: Pick<TrainingSample, "U" | "force">): { readonly samples: TrainingSample[]; readonly notes: readonly T[] } {
    const here = new Map<number, TrainingSample>();
    const of = this.gather((shard) =>
      Array.from({ length: Math.max(0, Math.ceil((count - shard) / this.count)) }, (_, i) => {
        const k = shard + i * this.count;
        const { sample, notes } = read(k);
        here.set(k, this.keep(sample));
        return { mark: this.mark(sample), notes };
      }),
    );
    const all = Array.from({ length: count }, (_, k) => of[k % this.count]![Math.floor(k / this.count)]!);
    return { samples: all.map(({ mark }, k) => here.get(k) ?? this.elsewhere(mark, place)), notes: all.flatMap((x) => x.notes) };
  }

  /** A sample of this rank. */
  take(...sample: Parameters<typeof takeSample>): TrainingSample {
    return this.keep(takeSample(...sample));
  }

  keep(sample: TrainingSample): TrainingSample {
    this.#here.add(sample);
    return sample;
  }

  mark({ value, start }: TrainingSample): SampleMark {
    return { value, ...(start ? { start: start.value } : {}) };
  }

  /** Stands for a sample of another rank: its numbers, and fields that nobody looks at. */
  elsewhere({ value, start }: SampleMark, { U, force }: Pick<TrainingSample, "U" | "force">): TrainingSample {
    return { U, fields: [], value, ...(force ? { force } : {}), ...(start === undefined ? {} : { start: { U, value: start } }) };
  }

  get share(): Share {
    return { has: (sample) => this.#here.has(sample), sum: (x) => this.ranks.comm.sum(x) };
  }
}

/** The shards of a run and an engine with an undivided lattice; undefined for a run without. */
export function shardsOf({ command, configuration: { training } }: ResolvedRun, ranks: Ranks): Shards | undefined {
  return command === "train" && training?.shards !== undefined ? new Shards(training.shards, ranks) : undefined;
}

/** The engine of one rank alone. */
export function undivided(engine: LatticeOptions): LatticeOptions {
  const { comm: _comm, ...own } = engine;
  return own;
}
