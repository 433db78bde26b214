/** Reasons to stop between two trajectories: a signal, the file STOP, or the end of the time that the run was given. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Ranks } from "../ranks/ranks.ts";

export interface StopOptions {
  readonly folder: string;
  /** Seconds from `began` on; the run stops when the next trajectory would not fit in. */
  readonly maxSeconds?: number | undefined;
  /** Start of the command, in milliseconds of performance.now. */
  readonly began: number;
  /** Stops when it is aborted; its reason, where it is a text, is that of the stop. */
  readonly signal?: AbortSignal | undefined;
  /** All of them stop at the same place; one looks at time and file. */
  readonly ranks?: Ranks;
  /** Leaves the file STOP where it is: several processes look for it, and one removes it at the end. */
  readonly keepFile?: boolean;
}

/** Says when to stop. */
export class StopWatch {
  readonly #options: StopOptions;
  readonly #file: string;
  readonly #ranks: Ranks;

  constructor(options: StopOptions) {
    this.#options = options;
    this.#ranks = options.ranks ?? new Ranks();
    this.#file = join(options.folder, "STOP");
  }

  /** Why to stop in the middle of a trajectory: the signal. Waits for nothing but its arrival. Several ranks only stop between trajectories. */
  async heard(): Promise<string | undefined> {
    const heard = await this.#arrived();
    return this.#ranks.several ? undefined : heard;
  }

  async #arrived(): Promise<string | undefined> {
    await new Promise((done) => setImmediate(done));
    const { signal } = this.#options;
    return signal?.aborted ? (typeof signal.reason === "string" ? signal.reason : "aborted") : undefined;
  }

  /** Why to stop now; `next`: seconds that the next trajectory and its checkpoint will need. Lets signals arrive first. */
  async reason(next: number): Promise<string | undefined> {
    const heard = await this.#arrived();
    return this.#ranks.first(heard ?? (this.#ranks.writes ? this.#due(next) : undefined))?.text;
  }

  removeFile(): void {
    rmSync(this.#file, { force: true });
  }

  #due(next: number): string | undefined {
    const { maxSeconds, began } = this.#options;
    if (existsSync(this.#file)) {
      // the next start of the run is meant to go on
      if (!this.#options.keepFile) this.removeFile();
      return "STOP file";
    }
    if (maxSeconds !== undefined && (performance.now() - began) / 1000 + next > maxSeconds) return `--max-seconds ${maxSeconds}`;
    return undefined;
  }
}
