/** One job in a worker thread: progress and the result go back as messages. */
import { parentPort, workerData } from "node:worker_threads";
import { type Job, runJob } from "./jobs.ts";

export type WorkerMessage = { readonly kind: "step"; readonly accepted: number } | { readonly kind: "result"; readonly result: unknown };

if (parentPort) {
  const post = (m: WorkerMessage): void => parentPort!.postMessage(m);
  post({ kind: "result", result: runJob(workerData as Job, (accepted) => post({ kind: "step", accepted })) });
}
