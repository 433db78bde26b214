/** Makes the chains of a run side by side, one thread each, as many at a time as the machine has processors. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { join } from "node:path";
import { ConfigurationError, FileFormatError } from "../../errors.ts";
import type { Comm } from "../../backend/index.ts";
import { makeFolder, packageVersion, sha256Hex, writeFileAtomic } from "../../util/index.ts";
import { lockFolder } from "../folder/lock.ts";
import type { RunEnd } from "../production/production.ts";
import { Ranks } from "../ranks/ranks.ts";
import { StopWatch } from "../production/stop.ts";
import { makeRuns } from "../side-by-side/pool.ts";
import type { FileSource, RunTask } from "../side-by-side/task.ts";
import { type ChainsInfo, chainFolder, readChains } from "./folders.ts";

/** One run in several chains, streams 0 to `chains` - 1. */
export interface ChainsOptions extends Omit<FileSource, "stream">, Pick<RunTask, "engine" | "extend" | "maxSeconds"> {
  /** Of all chains, which have folders in it. */
  readonly folder: string;
  readonly chains: number;
  /** Ranks that share the chains: chain k is made by rank k modulo their number. */
  readonly comm?: Comm;
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
/** Seconds that a rank waits for the chains of the others. */
const LONG = 7 * 24 * 3600;

/**
 * Each chain ends with the bits of a single run with its stream, whatever stops and resumes it.
 * @throws ConfigurationError for a number of chains that does not fit the folder, FileFormatError for folders of something else, and the first error of a chain after the others have saved.
 */
export async function produceChains(options: ChainsOptions): Promise<ChainsOutcome> {
  const { command, file, seed, folder, chains, engine, extend, maxSeconds } = options;
  const began = performance.now();
  const ranks = new Ranks(options.comm);
  const { rank, size } = ranks.comm;
  if (ranks.several) ranks.expectSame({ version: packageVersion(), command: `${command} --chains ${chains}`, seed: String(seed ?? "of the run file"), engine: JSON.stringify(engine), "run file": sha256Hex([readFileSync(file)]).slice(0, 12) });
  const stop = new StopWatch({ folder, began, signal: options.signal, keepFile: ranks.several });
  let held: Disposable | undefined;
  ranks.together(() => {
    prepare(options);
    held = lockFolder(folder);
    writeFileAtomic(join(folder, "chains.json"), `${JSON.stringify({ schemaVersion: 1, command, chains } satisfies ChainsInfo, null, 2)}\n`);
  });
  using _lock = { [Symbol.dispose]: () => held?.[Symbol.dispose]() };
  const halt = new AbortController();
  const positions = new Map<number, { position: number; total: number }>();
  let [reason, waiting]: [string | undefined, boolean] = [undefined, true];
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
  const own = Array.from({ length: chains }, (_, chain) => chain).filter((chain) => chain % size === rank);
  const tasks = own.map((chain): RunTask => ({ source: { command, file, seed, stream: chain }, folder: chainFolder(folder, chain), engine, extend }));
  const work = makeRuns(tasks, {
    signal: halt.signal,
    maxSeconds,
    ...(ranks.several ? { parallel: 1 } : {}),
    called: (k) => `chain ${own[k]!}`,
    onWarning: (k, text) => options.onWarning?.(`chain ${own[k]!}: ${text}`),
    onPosition: (chain, position, total) => {
      positions.set(chain, { position, total });
      const known = [...positions.values()];
      options.onProgress?.(known.reduce((s, p) => s + p.position, 0), Math.max(...known.map((p) => p.total)) * chains);
    },
  }).finally(() => (waiting = false));
  const outcomes = await gathered(ranks, chains, Promise.all([work, watch()]).then(([ends]) => ends));
  if (ranks.several && ranks.writes) stop.removeFile();
  const done = outcomes.every((o) => o?.kind === "done");
  const why = reason ?? outcomes.find((o) => o?.reason !== undefined)?.reason;
  return { status: done ? "done" : "stopped", ...(done || why === undefined ? {} : { reason: why }), chains: outcomes };
}

/** What became of the chains of all ranks, when every rank has come to its end. @throws the own error, after the others are done. */
async function gathered(ranks: Ranks, chains: number, work: Promise<(RunEnd | undefined)[]>): Promise<(RunEnd | undefined)[]> {
  if (!ranks.several) return work;
  let [ends, failure]: [(RunEnd | undefined)[], unknown] = [[], undefined];
  try {
    ends = await work;
  } catch (error) {
    failure = error;
  }
  await ranks.comm.leave(failure === undefined ? 0 : 1, LONG);
  const { size, rank } = ranks.comm;
  const all = Array.from({ length: size }, (_, root) => ranks.tell(rank === root ? ends.map((e) => e ?? null) : null, root) as (RunEnd | null)[]);
  if (failure !== undefined) throw failure;
  return Array.from({ length: chains }, (_, chain) => all[chain % size]![Math.floor(chain / size)] ?? undefined);
}

/** Makes the folder. */
function prepare({ folder, chains, command }: ChainsOptions): void {
  if (!Number.isInteger(chains) || chains < 1 || chains > MOST) throw new ConfigurationError(`chains: got ${chains}, expected an integer from 1 to ${MOST}`);
  const known = existsSync(folder) ? readChains(folder) : undefined;
  if (known && known.command !== command) throw new ConfigurationError(`${folder}: got the command ${command} for chains of ${known.command}, expected ${known.command}: give another --dir`);
  if (known && known.chains > chains) throw new ConfigurationError(`${folder}: got --chains ${chains} for a folder of ${known.chains} chains, expected at least ${known.chains}`);
  if (!known && existsSync(folder) && readdirSync(folder).some((name) => !/^(lock(\..*)?|STOP|chain-\d+|.*\.tmp)$/.test(name))) throw new FileFormatError(`${folder}: got a folder of something else than chains, expected a new or empty one: give another --dir`);
  try {
    makeFolder(folder);
  } catch (error) {
    throw new FileFormatError(`${folder}: cannot be used (${(error as Error).message.split(",")[0]}), expected a folder that can be made and written to`);
  }
}
