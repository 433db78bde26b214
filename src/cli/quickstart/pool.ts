/** Jobs on worker threads, at most so many at a time. Results do not depend on how many there are. */
import { Worker } from "node:worker_threads";
import { type Job, type ResultOf, runJob } from "./jobs.ts";
import type { WorkerMessage } from "./worker.ts";

export interface PoolOptions {
  /** Threads at work at a time; 0 runs the jobs one after the other in this one. */
  readonly threads: number;
  /** Called after every trajectory of any job: number of the job, fraction accepted so far. */
  readonly onStep?: (job: number, accepted: number) => void;
}

/** Results in the order of the jobs. @throws whatever a job throws; the others are ended then. */
export async function runJobs<const J extends readonly Job[]>(jobs: J, options: PoolOptions): Promise<{ -readonly [K in keyof J]: ResultOf<J[K]> }> {
  const { threads, onStep = () => {} } = options;
  const results: unknown[] = jobs.map(() => undefined);
  if (threads === 0) jobs.forEach((job, k) => (results[k] = runJob(job, (accepted) => onStep(k, accepted))));
  else {
    const running = new Set<Worker>();
    const queue = jobs.map((job, k) => ({ job, k }));
    const next = async (): Promise<void> => {
      for (let item = queue.shift(); item; item = queue.shift()) {
        const { job, k } = item;
        results[k] = await inWorker(job, running, (accepted) => onStep(k, accepted));
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, next));
    } finally {
      for (const w of running) void w.terminate();
    }
  }
  return results as { -readonly [K in keyof J]: ResultOf<J[K]> };
}

function inWorker(job: Job, running: Set<Worker>, onStep: (accepted: number) => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: job });
    running.add(worker);
    let result: unknown;
    worker.on("message", (m: WorkerMessage) => {
      if (m.kind === "step") onStep(m.accepted);
      else result = m.result;
    });
    worker.on("error", reject);
    worker.on("exit", (code) => {
      running.delete(worker);
      if (result === undefined) reject(new Error(`quickstart: a worker ended with code ${code} and without a result`));
      else resolve(result);
    });
  });
}
