/** Runs in a worker thread, one after the other: what happens goes back as messages, a message stops the one that goes on. */
import { parentPort } from "node:worker_threads";
import { GaugegradError } from "../../errors.ts";
import type { RunEnd } from "../production/production.ts";
import { type RunTask, makeRun } from "./task.ts";

/** What a thread is told. */
export type PoolMessage = { readonly kind: "task"; readonly task: RunTask } | { readonly kind: "stop"; readonly reason: unknown };

/** What a thread says. */
export type TaskMessage =
  | { readonly kind: "position"; readonly position: number; readonly total: number; readonly acceptance?: number | undefined }
  | { readonly kind: "warning"; readonly text: string }
  | { readonly kind: "end"; readonly end: RunEnd }
  | { readonly kind: "error"; readonly message: string; readonly code: string; readonly exitCode: number };

const post = (m: TaskMessage): void => parentPort!.postMessage(m);
let stop = new AbortController();

async function make(task: RunTask): Promise<void> {
  stop = new AbortController();
  try {
    const end = await makeRun(task, {
      signal: stop.signal,
      onWarning: (text) => post({ kind: "warning", text }),
      onPosition: (position, total, acceptance) => post({ kind: "position", position, total, acceptance }),
    });
    post({ kind: "end", end });
  } catch (error) {
    const { code, exitCode } = error instanceof GaugegradError ? error : { code: "E_CHAIN", exitCode: 1 };
    post({ kind: "error", message: error instanceof Error ? error.message : String(error), code, exitCode });
  }
}

parentPort!.on("message", (m: PoolMessage) => {
  if (m.kind === "stop") stop.abort(m.reason);
  else void make(m.task);
});
