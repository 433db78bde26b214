/** Runs side by side, one thread each: every one keeps its own folder and ends with the bits that it has alone. */
import { Worker } from "node:worker_threads";
import { processors } from "../../backend/index.ts";
import { GaugegradError } from "../../errors.ts";
import type { RunEnd } from "../production/production.ts";
import { type DefinitionSource, type RunTask, type TaskHooks, makeRun } from "./task.ts";
import type { PoolMessage, TaskMessage } from "./worker.ts";

/** Run from its own TypeScript sources there is no file that a thread could load: the runs are made one after the other. */
const FROM_SOURCE = import.meta.url.endsWith(".ts");

/** How many runs at a time, and what is heard of them by their index. */
export interface PoolOptions {
  /** Runs at a time; 0: one after the other in this thread. Default: as many as the machine has processors. */
  readonly parallel?: number | undefined;
  /** Stops all of them with checkpoints. */
  readonly signal?: AbortSignal | undefined;
  /** For all of them together. */
  readonly maxSeconds?: number | undefined;
  readonly onWarning?: ((index: number, text: string) => void) | undefined;
  /** `acceptance`: of the phase so far, after a trajectory. */
  readonly onPosition?: ((index: number, position: number, total: number, acceptance?: number) => void) | undefined;
  /** What a run is called in errors. */
  readonly called: (index: number) => string;
}

/** How each run ended; undefined for those that were not begun. After the first failure the others stop with checkpoints. @throws the first error. */
export async function makeRuns(tasks: readonly RunTask[], options: PoolOptions): Promise<(RunEnd | undefined)[]> {
  const began = performance.now();
  const { signal, maxSeconds, parallel = processors(), called } = options;
  const halt = new AbortController();
  const abort = (): void => halt.abort(signal!.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  const ends: (RunEnd | undefined)[] = tasks.map(() => undefined);
  const inPlace = parallel === 0 || FROM_SOURCE;
  let error: unknown;
  const queue = [...tasks.entries()];
  const lane = async (): Promise<void> => {
    using thread = new RunThread();
    for (let next = queue.shift(); next && !halt.signal.aborted; next = queue.shift()) {
      const [k, task] = next;
      const left = maxSeconds === undefined ? {} : { maxSeconds: Math.max(1e-9, maxSeconds - (performance.now() - began) / 1000) };
      const hooks: TaskHooks = { signal: halt.signal, onWarning: (text) => options.onWarning?.(k, text), onPosition: (...at) => options.onPosition?.(k, ...at) };
      try {
        ends[k] = await (inPlace ? makeRun({ ...task, ...left }, hooks) : thread.make({ ...task, ...left }, hooks, called(k)));
      } catch (failure) {
        error ??= failure instanceof GaugegradError ? Object.assign(new GaugegradError(failure.code, `${called(k)}: ${failure.message}`, failure.exitCode), { cause: failure }) : failure;
        halt.abort("another run failed");
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: inPlace ? 1 : Math.min(tasks.length, parallel) }, lane));
  } finally {
    signal?.removeEventListener("abort", abort);
  }
  if (error !== undefined) throw error;
  return ends;
}

/** A thread that makes one run after the other: what it has compiled serves the next one. */
class RunThread implements Disposable {
  #worker: Worker | undefined;

  make(task: RunTask, hooks: TaskHooks, called: string): Promise<RunEnd> {
    const worker = (this.#worker ??= new Worker(new URL("./worker.js", import.meta.url)));
    return new Promise((resolve, reject) => {
      const tell = (m: PoolMessage): void => worker.postMessage(m);
      const halt = (): void => tell({ kind: "stop", reason: hooks.signal.reason });
      const end = (settle: () => void): void => {
        hooks.signal.removeEventListener("abort", halt);
        worker.off("message", hear).off("error", failed).off("exit", left);
        settle();
      };
      const failed = (error: Error): void => end(() => reject(error));
      const left = (code: number): void => failed(new GaugegradError("E_CHAIN", `${called}: its thread ended with code ${code} and without a result`));
      const hear = (m: TaskMessage): void => {
        if (m.kind === "warning") hooks.onWarning(m.text);
        else if (m.kind === "end") end(() => resolve(m.end));
        else if (m.kind === "error") failed(new GaugegradError(m.code, m.message, m.exitCode));
        else hooks.onPosition(m.position, m.total, m.acceptance);
      };
      hooks.signal.addEventListener("abort", halt, { once: true });
      worker.on("message", hear).on("error", failed).on("exit", left);
      tell({ kind: "task", task });
    });
  }

  [Symbol.dispose](): void {
    void this.#worker?.terminate();
  }
}

/** Several runs and the engine of all of them. */
export interface ProduceAllOptions extends Omit<PoolOptions, "called"> {
  readonly runs: readonly (DefinitionSource & { readonly folder: string })[];
  readonly engine?: RunTask["engine"];
  /** Accepts more trajectories of production than a run had before. */
  readonly extend?: boolean;
}

/**
 * Makes runs side by side, or goes on with them: `produce` in threads. Definitions are plain data; parts of one's own are named by their modules.
 * Each run ends with the bits that it has alone, whatever stops and resumes it. undefined stands for runs that were not begun before `signal` came.
 * @throws the first error of a run, with its folder, after the others have saved.
 */
export function produceAll({ runs, engine, extend, ...options }: ProduceAllOptions): Promise<(RunEnd | undefined)[]> {
  return makeRuns(runs.map(({ folder, ...source }) => ({ source, folder, engine, extend })), { ...options, called: (k) => runs[k]!.folder });
}
