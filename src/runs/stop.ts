/** Reasons to stop between two trajectories: a signal, the file STOP, or the end of the time that the run was given. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";

const SIGNALS = ["SIGTERM", "SIGINT", "SIGUSR1"] as const;

export interface StopOptions {
  readonly folder: string;
  /** Seconds from `began` on; the run stops when the next trajectory would not fit in. */
  readonly maxSeconds?: number | undefined;
  /** Start of the command, in milliseconds of performance.now. */
  readonly began: number;
  /** Stops as SIGINT does. */
  readonly interrupt?: AbortSignal | undefined;
}

/** Watches while it lives; signals do not end the process meanwhile. */
export class StopWatch implements Disposable {
  readonly #options: StopOptions;
  readonly #file: string;
  #signal: string | undefined;
  readonly #take = (name: string): void => {
    this.#signal = name;
  };

  constructor(options: StopOptions) {
    this.#options = options;
    this.#file = join(options.folder, "STOP");
    for (const s of SIGNALS) process.on(s, this.#take);
  }

  /** Why to stop now; `next`: seconds that the next trajectory and its checkpoint will need. Lets signals arrive first. */
  async reason(next: number): Promise<string | undefined> {
    await new Promise((done) => setImmediate(done));
    const { maxSeconds, began, interrupt } = this.#options;
    if (this.#signal !== undefined) return this.#signal;
    if (interrupt?.aborted) return "SIGINT";
    if (existsSync(this.#file)) {
      // the next start of the run is meant to go on
      rmSync(this.#file, { force: true });
      return "STOP file";
    }
    if (maxSeconds !== undefined && (performance.now() - began) / 1000 + next > maxSeconds) return `--max-seconds ${maxSeconds}`;
    return undefined;
  }

  [Symbol.dispose](): void {
    for (const s of SIGNALS) process.off(s, this.#take);
  }
}
