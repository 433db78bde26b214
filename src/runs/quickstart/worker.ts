/** Jobs in a worker thread, one after the other: progress and results go back as messages. */
import { parentPort } from "node:worker_threads";
import { type Job, runJob } from "./jobs.ts";

export type WorkerMessage = { readonly kind: "step"; readonly accepted: number } | { readonly kind: "result"; readonly result: unknown };

parentPort?.on("message", (job: Job) => {
  const post = (m: WorkerMessage): void => parentPort!.postMessage(m);
  post({ kind: "result", result: runJob(job, (accepted) => post({ kind: "step", accepted })) });
});
