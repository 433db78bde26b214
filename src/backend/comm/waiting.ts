/** How a rank waits for others: it looks, and from some time on sleeps between looks. */
import type { CommonMemory } from "./comm.ts";

/**
 * Milliseconds for which a rank looks for the end of a call before it sleeps between looks, where every rank has a processor, and where ranks share them and must leave them to
 * each other. The first is longer than a sleep takes, or ranks that have once slept would wait for sleepers for ever.
 */
const [ALONE, SHARED] = [2, 0.05];
/** Milliseconds of looking after each sleep: the library moves long messages only while it is looked at, and where a rank has a processor nobody else needs it. */
const AGAIN = 0.2;
/** Milliseconds of a sleep, and looks before the clock is asked. */
export const [SLEEP, LOOKS] = [0.05, 50];
const bed = new Int32Array(new SharedArrayBuffer(4));

/** Is told when a call begins and ends: a watchdog ends a rank that waits too long in one. */
export interface Heartbeat {
  /** Waits so far, and whether one is under way. */
  readonly beat: Int32Array;
  begin(): void;
  end(): void;
}

/** Sleeps in the middle of what a rank does. */
export function sleep(milliseconds: number): void {
  Atomics.wait(bed, 0, 0, milliseconds);
}

/** Waits of one process. */
export class Waiting {
  readonly #heartbeat: Heartbeat;
  readonly #crowded: boolean;

  /** `crowded`: ranks share processors. */
  constructor(heartbeat: Heartbeat, crowded: boolean) {
    this.#heartbeat = heartbeat;
    this.#crowded = crowded;
  }

  /** How compiled code waits, in nanoseconds: as `until` does. */
  get ways(): Pick<CommonMemory, "beat" | "patience"> {
    return { beat: this.#heartbeat.beat, patience: [1e6 * (this.#crowded ? SHARED : ALONE), this.#crowded ? 0 : 1e6 * AGAIN, 1e6 * SLEEP] };
  }

  /** Returns when `done` is true. */
  until(done: () => boolean): void {
    if (done()) return;
    const spin = this.#crowded ? SHARED : ALONE;
    this.#heartbeat.begin();
    let until = 0;
    for (let looks = 1; !done(); looks++) {
      if (looks % LOOKS !== 0) continue;
      const now = performance.now();
      if (until === 0) until = now + spin;
      else if (now >= until) {
        sleep(SLEEP);
        if (!this.#crowded) until = performance.now() + AGAIN;
      }
    }
    this.#heartbeat.end();
  }
}
