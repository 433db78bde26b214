/** The steps of a run as units, and where it stands after each. */
import type { FieldData } from "../../autograd/index.ts";
import type { TrainingState } from "../../training/index.ts";
import { checking } from "./checked-sampler.ts";
import type { MetricsRecord, Phase, ShardsState } from "../records.ts";

/** Where a run stands and what it has learnt. */
export interface Progress {
  /** Trajectories, or epochs, done. */
  readonly position: number;
  /** Of the effective action; undefined while nothing was trained. */
  readonly theta?: Float64Array;
  /** Of the training that goes on; undefined outside of it. */
  readonly training?: TrainingState<FieldData>;
  /** What the sampler carries besides the links. */
  readonly memory?: Float64Array;
  /** Of a training in shards: its chains. Collective. */
  readonly shards?: () => ShardsState;
}

/** What happens beside the units. */
export interface StageEvents {
  /** Something has to be said. */
  readonly onNote: (text: string) => void;
  /** A solve failed and the trajectory counts as rejected; the links are those before it. */
  readonly onFailedSolve: (trajectory: number, text: string) => void;
}

/** What one trajectory or epoch left behind. */
export interface Unit {
  readonly phase: Phase;
  readonly records: readonly MetricsRecord[];
  readonly progress: () => Progress;
}

/** The steps of a training as units; a gradient that is not finite is a failed check. */
export function* guarded<S, T>(steps: Generator<S | undefined, T, void>, unit: (step: S) => Unit): Generator<Unit | undefined, T, void> {
  try {
    for (;;) {
      const next = checking("training", () => steps.next());
      if (next.done) return next.value;
      yield next.value === undefined ? undefined : unit(next.value);
    }
  } finally {
    steps.return(undefined as never);
  }
}
