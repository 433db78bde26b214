/** What keeps a group of processes from waiting for ever: hooks for errors and exits, and a watchdog for calls that do not return. */
import { writeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { BackendError } from "../../../errors.ts";
import type { Comm } from "../comm.ts";
import type { Heartbeat } from "../waiting.ts";
import { launcherOf } from "../../../util/index.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Exit codes of the hooks: an exception that nobody caught; an end without leaving the group. */
export const HOOK_EXIT = Object.freeze({ uncaught: 70, exit: 71 });
/** Seconds that a rank may wait in one call. */
const LIMIT = 600;

const WATCH = `
const { workerData: { beat, seconds, pid, rank } } = require("node:worker_threads");
const B = new Int32Array(beat);
let [last, since] = [-1, Date.now()];
setInterval(() => {
  const now = Atomics.load(B, 0);
  if (now !== last || Atomics.load(B, 1) === 0) [last, since] = [now, Date.now()];
  else if (Date.now() - since > 1000 * seconds) {
    require("node:fs").writeSync(2, "gaugegrad: rank " + rank + " waited longer than " + seconds + " s for the other ranks (GAUGEGRAD_MPI_TIMEOUT): it ends itself; the same command goes on from the last checkpoint\\n");
    process.kill(pid, "SIGKILL");
  }
}, Math.min(1000, 250 * seconds)).ref();
`;

/** GAUGEGRAD_MPI_TIMEOUT: seconds that a rank may wait in one call. @throws BackendError for what is no number above 0. */
export function patienceOf(environment: Environment): number {
  const asked = environment["GAUGEGRAD_MPI_TIMEOUT"] || String(LIMIT);
  const seconds = Number(asked);
  if (!(seconds > 0 && seconds < Infinity)) throw new BackendError(`GAUGEGRAD_MPI_TIMEOUT: got ${asked}, expected the seconds that a rank may wait for the others, a number above 0`);
  return seconds;
}

/** Counts calls, and whether one is under way; a thread of its own looks at it, also while this one is stuck in the library. */
export function watchdog(seconds: number, rank: number): Heartbeat & { stop(): void } {
  const beat = new SharedArrayBuffer(8);
  const B = new Int32Array(beat);
  const worker = new Worker(WATCH, { eval: true, workerData: { beat, seconds, pid: process.pid, rank } });
  worker.unref();
  return {
    beat: B,
    begin() {
      Atomics.add(B, 0, 1);
      Atomics.store(B, 1, 1);
    },
    end: () => void Atomics.store(B, 1, 0),
    stop: () => void worker.terminate(),
  };
}

/** From here to the returned call every way out of this process that does not leave the group ends all ranks. */
export function installHooks(comm: Comm): () => void {
  const say = (text: string): void => void writeSync(2, `gaugegrad: rank ${comm.rank} of ${comm.size}: ${text}\n`);
  const uncaught = (error: unknown): void => {
    say(error instanceof Error ? `${error.name}: ${error.message.split("\n")[0]}` : String(error));
    comm.abort(HOOK_EXIT.uncaught);
  };
  const exit = (code: number): void => {
    say(`ended with code ${code} without the others, which are ended too`);
    comm.abort(HOOK_EXIT.exit);
  };
  process.on("uncaughtException", uncaught);
  process.on("unhandledRejection", uncaught);
  process.on("exit", exit);
  return () => {
    process.off("uncaughtException", uncaught);
    process.off("unhandledRejection", uncaught);
    process.off("exit", exit);
  };
}

/**
 * Ends the processes of a launcher that this one cannot reach by the library: Hydra lets those that wait for it in MPI_Init wait for ever, unless it is asked to end them in
 * the words of its own protocol (PMI-1). Other launchers end all when one of them ends with an error.
 */
export function endJob(code: number, environment: Environment = process.env): void {
  const pipe = Number(environment["PMI_FD"] || Number.NaN);
  if (!Number.isInteger(pipe) || launcherOf(environment)?.name !== "mpiexec (MPICH)") return;
  try {
    writeSync(pipe, `cmd=abort exitcode=${code}\n`);
  } catch {
    // the launcher has gone, and takes its processes with it
  }
}
