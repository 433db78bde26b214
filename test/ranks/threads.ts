/** Runs work on ranks that are threads of this process. */
import { Worker } from "node:worker_threads";
import { threadsMemory } from "../../src/backend/index.ts";

export interface RankJob {
  readonly name: string;
  readonly extents: readonly number[];
  readonly grid?: readonly number[];
  readonly options?: object;
}

/** Results of every rank, job by job. @throws the first error of a rank. */
export async function onThreads(size: number, jobs: readonly RankJob[]): Promise<string[][]> {
  const memory = threadsMemory(size);
  return Promise.all(
    Array.from(
      { length: size },
      (_, rank) =>
        new Promise<string[]>((resolve, reject) => {
          const worker = new Worker(new URL("./rank.mjs", import.meta.url), { workerData: { memory, rank, jobs } });
          worker.on("message", (m: { results?: string[]; error?: string }) => (m.results ? resolve(m.results) : reject(new Error(`rank ${rank}: ${m.error}`))));
          worker.on("error", reject);
        }),
    ),
  );
}
