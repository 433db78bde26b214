/** Runs work on ranks that are threads of this process. */
import { Worker } from "node:worker_threads";
import { threadsMemory } from "../../src/backend/index.ts";

export interface RankJob {
  readonly name: string;
  readonly extents: readonly number[];
  readonly grid?: readonly number[];
  readonly options?: object;
  /** For what writes files. */
  readonly folder?: string;
}

/** Results of every rank, job by job. @throws the first error of a rank. */
export const onThreads = (size: number, jobs: readonly RankJob[]): Promise<string[][]> => started<string>(size, "./rank.mjs", { jobs });

/** The same on ranks with memory in common; and how many exchanges and sums of a job its lists of launches did not make. */
export const onNearThreads = (size: number, jobs: readonly RankJob[]): Promise<{ hash: string; exchanges: number; sums: number }[][]> => started(size, "./near-rank.mjs", { jobs, shared: new SharedArrayBuffer(2 ** 22 + 2 ** 21 * size * size) });

/** What each rank of `job.mjs` says. */
export const jobOnThreads = async (size: number, args: readonly string[]): Promise<unknown[]> => (await started(size, "./job.mjs", { args })).map(([said]) => said);

async function started<T>(size: number, program: string, data: object): Promise<T[][]> {
  const memory = threadsMemory(size);
  return Promise.all(
    Array.from(
      { length: size },
      (_, rank) =>
        new Promise<T[]>((resolve, reject) => {
          const worker = new Worker(new URL(program, import.meta.url), { workerData: { memory, rank, ...data } });
          worker.on("message", (m: { results?: T[]; error?: string }) => (m.results ? resolve(m.results) : reject(new Error(`rank ${rank}: ${m.error}`))));
          worker.on("error", reject);
        }),
    ),
  );
}
