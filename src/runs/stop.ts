/** Reasons to stop: a signal, the file STOP, or the end of the time that the run was given. A second SIGTERM or SIGINT ends the process at once; its last checkpoint is whole. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";

const SIGNALS = ["SIGTERM", "SIGINT", "SIGUSR1"] as const;
/** Within so many milliseconds a second signal is the first one once more. */
const TWICE_MS = 250;

export interface StopOptions {
  readonly folder: string;
  /** Seconds from `began` on; the run stops when the next trajectory would not fit in. */
  readonly maxSeconds?: number | undefined;
  /** Start of the command, in milliseconds of performance.now. */
  readonly began: number;
  /** Stops as SIGINT does. */
  readonly interrupt?: AbortSignal | undefined;
}

/** Watches while it lives; the first signal does not end the process meanwhile. */
export class StopWatch implements Disposable {
  readonly #options: StopOptions;
  readonly #file: string;
  #signal: string | undefined;
  #at = 0;
  readonly #take = (name: NodeJS.Signals): void => {
    const again = this.#signal === "SIGTERM" || this.#signal === "SIGINT";
    if (!again) [this.#signal, this.#at] = [name, performance.now()];
    else if (name !== "SIGUSR1" && performance.now() - this.#at > TWICE_MS) {
      this.#leave();
      process.kill(process.pid, name);
    }
  };

  constructor(options: StopOptions) {
    this.#options = options;
    this.#file = join(options.folder, "STOP");
    for (const s of SIGNALS) process.on(s, this.#take);
  }

  /** To be called before the last things are written: from then on a signal ends the process, however busy it is. Launchers that pass one signal on twice get their moment. */
  async settle(): Promise<void> {
    if (this.#signal !== undefined) await new Promise((done) => setTimeout(done, Math.max(0, this.#at + TWICE_MS - performance.now())));
    this.#leave();
  }

  #leave(): void {
    for (const s of SIGNALS) process.off(s, this.#take);
  }

  /** Why to stop in the middle of a trajectory: a signal that has arrived. Waits for nothing but the arrival. */
  async heard(): Promise<string | undefined> {
    await new Promise((done) => setImmediate(done));
    return this.#signal ?? (this.#options.interrupt?.aborted ? "SIGINT" : undefined);
  }

  /** Why to stop now; `next`: seconds that the next trajectory and its checkpoint will need. Lets signals arrive first. */
  async reason(next: number): Promise<string | undefined> {
    const heard = await this.heard();
    if (heard !== undefined) return heard;
    const { maxSeconds, began } = this.#options;
    if (existsSync(this.#file)) {
      // the next start of the run is meant to go on
      rmSync(this.#file, { force: true });
      return "STOP file";
    }
    if (maxSeconds !== undefined && (performance.now() - began) / 1000 + next > maxSeconds) return `--max-seconds ${maxSeconds}`;
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#leave();
  }
}
