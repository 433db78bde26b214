/** Jobs on worker threads that live until the pool is closed. Results do not depend on how many there are. */
import { Worker } from "node:worker_threads";
import { type Job, type ResultOf, runJob } from "./jobs.ts";
import type { WorkerMessage } from "./worker.ts";

type Results<J extends readonly Job[]> = { -readonly [K in keyof J]: ResultOf<J[K]> };

export class JobPool {
  readonly #threads: number;
  readonly #workers: Worker[] = [];

  /** `threads` jobs at a time; 0: one after the other in this thread. */
  constructor(threads: number) {
    this.#threads = threads;
  }

  /**
   * Results in the order of the jobs. `onStep` is called after every trajectory of any job with the fraction accepted so far.
   * @throws whatever a job throws.
   */
  async run<const J extends readonly Job[]>(jobs: J, onStep: (accepted: number) => void): Promise<Results<J>> {
    const results: unknown[] = jobs.map(() => undefined);
    if (this.#threads === 0) jobs.forEach((job, k) => (results[k] = runJob(job, onStep)));
    while (this.#workers.length < Math.min(this.#threads, jobs.length)) this.#workers.push(new Worker(new URL("./worker.js", import.meta.url)));
    const queue = jobs.map((job, k) => ({ job, k }));
    await Promise.all(
      this.#workers.map(async (worker) => {
        for (let item = queue.shift(); item; item = queue.shift()) results[item.k] = await inWorker(worker, item.job, onStep);
      }),
    );
    return results as Results<J>;
  }

  /** Ends the workers, whatever they are doing. */
  close(): void {
    for (const w of this.#workers) void w.terminate();
  }
}

/** A worker's answer to one job. @throws what the job throws, and when the worker ends without an answer. */
function inWorker(worker: Worker, job: Job, onStep: (accepted: number) => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number): void => reject(new Error(`quickstart: a worker ended with code ${code} and without a result`));
    const answer = (m: WorkerMessage): void => {
      if (m.kind === "step") onStep(m.accepted);
      else {
        worker.off("message", answer).off("error", reject).off("exit", ended);
        resolve(m.result);
      }
    };
    worker.on("message", answer).on("error", reject).on("exit", ended);
    worker.postMessage(job);
  });
}
