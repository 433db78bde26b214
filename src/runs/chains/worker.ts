/** One chain in a worker thread: what happens goes back as messages, a message stops it. */
import { parentPort, workerData } from "node:worker_threads";
import { GaugegradError } from "../../errors.ts";
import type { RunEnd } from "../production.ts";
import { type ChainSpec, runChain } from "./spec.ts";

export type ChainMessage =
  | { readonly kind: "position"; readonly position: number; readonly total: number }
  | { readonly kind: "warning"; readonly text: string }
  | { readonly kind: "end"; readonly end: RunEnd }
  | { readonly kind: "error"; readonly message: string; readonly code: string; readonly exitCode: number };

const post = (m: ChainMessage): void => parentPort!.postMessage(m);
const stop = new AbortController();
parentPort!.on("message", (reason: unknown) => stop.abort(reason));

try {
  const end = await runChain(workerData as ChainSpec, {
    signal: stop.signal,
    onWarning: (text) => post({ kind: "warning", text }),
    onPosition: (position, total) => post({ kind: "position", position, total }),
  });
  post({ kind: "end", end });
} catch (error) {
  const { code, exitCode } = error instanceof GaugegradError ? error : { code: "E_CHAIN", exitCode: 1 };
  post({ kind: "error", message: error instanceof Error ? error.message : String(error), code, exitCode });
}
parentPort!.close();
