/** Makes the chains of a run side by side, one thread each, as many at a time as the machine has processors. */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { join } from "node:path";
import { ConfigurationError, FileFormatError, GaugegradError } from "../../errors.ts";
import { writeFileAtomic } from "../../util/index.ts";
import { lockFolder } from "../lock.ts";
import type { RunEnd } from "../production.ts";
import { StopWatch } from "../stop.ts";
import { type ChainHooks, type ChainSpec, type ChainsInfo, readChains, runChain } from "./spec.ts";
import type { ChainMessage } from "./worker.ts";

/** One run in several chains, streams 0 to `chains` - 1. */
export interface ChainsOptions extends Omit<ChainSpec, "chain"> {
  readonly chains: number;
  /** Stops all chains with checkpoints. */
  readonly signal?: AbortSignal | undefined;
  /** Called, and waited for, before the last checkpoints are written. */
  readonly onStopping?: () => Promise<void>;
  readonly onWarning?: (text: string) => void;
  /** Positions of all chains together. */
  readonly onProgress?: (position: number, total: number) => void;
}

/** Why the chains stopped, and what became of each; chains that were not begun have no outcome. */
export interface ChainsOutcome {
  readonly status: "done" | "stopped";
  readonly reason?: string;
  readonly chains: readonly (RunEnd | undefined)[];
}

/** Most chains of one run. */
const MOST = 1024;
const LOOK_MS = 50;
/** Run from its own TypeScript sources there is no file that a thread could load: the chains are made one after the other. */
const FROM_SOURCE = import.meta.url.endsWith(".ts");

/**
 * Each chain ends with the bits of a single run with its stream, whatever stops and resumes it.
 * @throws ConfigurationError for a number of chains that does not fit the folder, FileFormatError for folders of something else, and the first error of a chain after the others have saved.
 */
export async function produceChains(options: ChainsOptions): Promise<ChainsOutcome> {
  const { folder, chains } = options;
  const began = performance.now();
  prepare(options);
  const stop = new StopWatch({ folder, began, signal: options.signal });
  using _lock = lockFolder(folder);
  writeFileAtomic(join(folder, "chains.json"), `${JSON.stringify({ schemaVersion: 1, command: options.command, chains } satisfies ChainsInfo, null, 2)}\n`);
  const halt = new AbortController();
  const outcomes: (RunEnd | undefined)[] = Array.from({ length: chains }, () => undefined);
  const positions = new Map<number, { position: number; total: number }>();
  const hooksOf = (chain: number): ChainHooks => ({
    signal: halt.signal,
    onWarning: (text) => options.onWarning?.(`chain ${chain}: ${text}`),
    onPosition: (position, total) => {
      positions.set(chain, { position, total });
      const known = [...positions.values()];
      options.onProgress?.(known.reduce((s, p) => s + p.position, 0), Math.max(...known.map((p) => p.total)) * chains);
    },
  });
  let [error, reason, waiting]: [unknown, string | undefined, boolean] = [undefined, undefined, true];
  const queue = outcomes.map((_, chain) => chain);
  const lane = async (): Promise<void> => {
    for (let chain = queue.shift(); chain !== undefined && !halt.signal.aborted; chain = queue.shift()) {
      const left = options.maxSeconds === undefined ? undefined : Math.max(1e-9, options.maxSeconds - (performance.now() - began) / 1000);
      try {
        outcomes[chain] = await inThread({ command: options.command, file: options.file, seed: options.seed, chain, folder, engine: options.engine, extend: options.extend, maxSeconds: left }, hooksOf(chain));
      } catch (failure) {
        error ??= withChain(failure, chain);
        halt.abort("another chain failed");
      }
    }
  };
  const watch = async (): Promise<void> => {
    while (waiting) {
      if (reason === undefined) {
        reason = await stop.reason(0);
        if (reason !== undefined) {
          await options.onStopping?.();
          halt.abort(reason);
        }
      }
      await setTimeout(LOOK_MS);
    }
  };
  const work = Promise.all(Array.from({ length: Math.min(chains, FROM_SOURCE ? 1 : availableParallelism()) }, lane)).finally(() => (waiting = false));
  await Promise.all([work, watch()]);
  if (error !== undefined) throw error;
  const done = outcomes.every((o) => o?.kind === "done");
  const why = reason ?? outcomes.find((o) => o?.reason !== undefined)?.reason;
  return { status: done ? "done" : "stopped", ...(done || why === undefined ? {} : { reason: why }), chains: outcomes };
}

/** Makes the folder. */
function prepare({ folder, chains, command }: ChainsOptions): void {
  if (!Number.isInteger(chains) || chains < 1 || chains > MOST) throw new ConfigurationError(`chains: got ${chains}, expected an integer from 1 to ${MOST}`);
  const known = existsSync(folder) ? readChains(folder) : undefined;
  if (known && known.command !== command) throw new ConfigurationError(`${folder}: got the command ${command} for chains of ${known.command}, expected ${known.command}: give another --dir`);
  if (known && known.chains > chains) throw new ConfigurationError(`${folder}: got --chains ${chains} for a folder of ${known.chains} chains, expected at least ${known.chains}`);
  if (!known && existsSync(folder) && readdirSync(folder).some((name) => !/^(lock(\..*)?|STOP|chain-\d+|.*\.tmp)$/.test(name))) throw new FileFormatError(`${folder}: got a folder of something else than chains, expected a new or empty one: give another --dir`);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new FileFormatError(`${folder}: cannot be used (${(error as Error).message.split(",")[0]}), expected a folder that can be made and written to`);
  }
}

function inThread(spec: ChainSpec, hooks: ChainHooks): Promise<RunEnd> {
  if (FROM_SOURCE) return runChain(spec, hooks);
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: spec });
    const halt = (): void => worker.postMessage(hooks.signal.reason);
    hooks.signal.addEventListener("abort", halt, { once: true });
    worker.on("message", (m: ChainMessage) => {
      if (m.kind === "warning") hooks.onWarning(m.text);
      else if (m.kind === "end") resolve(m.end);
      else if (m.kind === "error") reject(new GaugegradError(m.code, m.message, m.exitCode));
      else hooks.onPosition(m.position, m.total);
    });
    worker.on("error", reject);
    worker.on("exit", (code) => {
      hooks.signal.removeEventListener("abort", halt);
      reject(new GaugegradError("E_CHAIN", `chain ${spec.chain}: its thread ended with code ${code} and without a result`));
    });
  });
}

/** The error with the number of its chain. */
function withChain(error: unknown, chain: number): unknown {
  return error instanceof GaugegradError ? Object.assign(new GaugegradError(error.code, `chain ${chain}: ${error.message}`, error.exitCode), { cause: error }) : error;
}
