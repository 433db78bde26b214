/** Computations in units whose state is plain data, kept in a folder as all runs are: locked, saved between two units, resumed with the same bits. Of several ranks the first writes. */
import { stringify } from "smol-toml";
import type { Lattice } from "../../autograd/index.ts";
import { ConfigurationError } from "../../errors.ts";
import { latestCheckpoint, saveCheckpoint } from "../../io/index.ts";
import { arithmeticOf, arithmeticText } from "../arithmetic.ts";
import { environmentOf } from "../environment.ts";
import { type RunPaths, prepareFolder, readLines, recordEvent, removeLeftovers, runPaths, writeRunFiles } from "../folder/folder.ts";
import { lockFolder } from "../folder/lock.ts";
import { MetricsFile } from "../folder/metrics-file.ts";
import { Ranks } from "../ranks/ranks.ts";
import type { Arithmetic, EventRecord, RunInfo } from "../records.ts";
import { StopWatch } from "./stop.ts";
import { packageVersion } from "../../util/index.ts";
import { type Ended, type LifeEvent, type Work, goOn } from "./work.ts";

/** One unit: the lines of metrics.jsonl that it leaves, and the state after it. */
export interface StateUnit<L, S> {
  readonly lines: readonly L[];
  readonly state: () => S;
}

/** What is computed, and where it is kept. */
export interface UnitRun<L, S> {
  /** "spins", "flow": the first word of its command. */
  readonly family: string;
  readonly command: string;
  /** Of all that decides the numbers. */
  readonly hash: string;
  /** As resolved, with every default. */
  readonly configuration: { readonly output: { readonly checkpoint: number } };
  readonly folder: string;
  readonly lattice: Lattice;
  /** Multiply then add. */
  readonly strict?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Ranks that go through the units together, each with the same state. */
  readonly ranks?: Ranks;
  /** Number of units. */
  readonly total: number;
  /** The units that are left after so many, from the state that they left; `{}` before the first. */
  readonly units: (from: S, position: number) => Generator<StateUnit<L, S>, void, void>;
  /** Writes what the folder holds when nothing is left. */
  readonly finish: (folder: string, state: S) => void;
}

/** Lines as they come, and the life of the computation. */
export type UnitEvent<L> = (L & { readonly position: number; readonly total: number }) | LifeEvent;

interface Checkpoint<S> {
  readonly version: 1;
  readonly command: string;
  readonly configurationHash: string;
  readonly arithmetic: Arithmetic;
  readonly position: number;
  readonly done: boolean;
  readonly state: S;
  readonly metrics: { readonly bytes: number; readonly lines: number; readonly sha256: string };
}

/** Goes through the units, or goes on with them; at the end the state and all lines. @throws FileFormatError for folders and files, ConfigurationError for a folder of another run. */
export async function* produceUnits<L extends object, S extends object>(run: UnitRun<L, S>): AsyncGenerator<UnitEvent<L>, { readonly end: Ended; readonly state: S; readonly lines: readonly L[] }, void> {
  const began = performance.now();
  const { family, command, hash, folder, lattice, strict = false, signal, ranks = new Ranks() } = run;
  const paths = runPaths(folder);
  ranks.together(() => void prepareFolder(folder));
  const stop = new StopWatch({ folder, began, signal, ranks });
  let held: Disposable | undefined;
  ranks.together(() => void (held = lockFolder(folder)));
  using _lock = { [Symbol.dispose]: () => held?.[Symbol.dispose]() };
  const latest = ranks.together(() => {
    removeLeftovers(paths);
    return latestCheckpoint(folder);
  });
  const found = latest?.state as Checkpoint<S> | undefined;
  if (found && (found.command !== command || found.configurationHash !== hash)) throw new ConfigurationError(`${folder}: got the folder of another run (${family} ${found.command}), expected that of this one: restore the run file, or give another --dir`);
  const arithmetic = arithmeticOf(lattice, strict);
  ranks.expectSame({ "run file": hash, version: packageVersion(), arithmetic: arithmeticText(arithmetic) });
  const called = `${family} ${command}` as RunInfo["command"];
  ranks.together(() => {
    if (!found) writeRunFiles(paths, { command: called, hash, base: folder }, `# gaugegrad ${called}: the run as resolved, with every default\n\n${stringify(run.configuration)}\n`, packageVersion());
  });
  using work = new UnitWork(paths, run, ranks, arithmetic, found);
  for (const text of latest?.damaged ?? []) work.warn(`passed over a damaged checkpoint: ${text}`);
  const end = yield* goOn<UnitEvent<L>>(work, stop, began, { version: packageVersion(), arithmetic, environment: environmentOf() });
  return { end, state: work.state, lines: ranks.together(() => readLines<L>(paths.metrics)) };
}

class UnitWork<L extends object, S extends object> implements Work<UnitEvent<L>>, Disposable {
  readonly total: number;
  readonly checkpoint: number;
  readonly resumed: boolean;
  readonly done: boolean;
  position: number;
  saved: number;
  state: S;
  readonly #paths: RunPaths;
  readonly #run: UnitRun<L, S>;
  readonly #arithmetic: Arithmetic;
  readonly #ranks: Ranks;
  #metrics: MetricsFile | undefined;
  readonly #units: ReturnType<UnitRun<L, S>["units"]>;
  #events: UnitEvent<L>[] = [];

  constructor(paths: RunPaths, run: UnitRun<L, S>, ranks: Ranks, arithmetic: Arithmetic, found: Checkpoint<S> | undefined) {
    [this.#paths, this.#run, this.#ranks, this.#arithmetic] = [paths, run, ranks, arithmetic];
    this.total = run.total;
    this.checkpoint = run.configuration.output.checkpoint;
    this.resumed = found !== undefined;
    this.done = found?.done ?? false;
    this.position = found?.position ?? 0;
    this.saved = this.position;
    this.state = found?.state ?? ({} as S);
    ranks.together(() => void (this.#metrics = new MetricsFile(paths.metrics, found?.metrics ?? { bytes: 0, lines: 0, sha256: "" })));
    this.#units = run.units(this.state, this.position);
    if (found && arithmeticText(found.arithmetic) !== arithmeticText(arithmetic))
      this.warn(`the run was made with ${arithmeticText(found.arithmetic)} and goes on with ${arithmeticText(arithmetic)}: it is as correct, but its last bits are not those of an uninterrupted run`);
  }

  [Symbol.dispose](): void {
    this.#metrics?.[Symbol.dispose]();
  }

  warn(text: string): void {
    this.event("warning", { text });
    this.#events.push({ kind: "warning", text, position: this.position, total: this.total });
  }

  take(): UnitEvent<L>[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  begin(): void {}

  async next(): Promise<boolean> {
    const next = this.#units.next();
    if (next.done) return false;
    const { lines, state } = next.value;
    this.state = state();
    this.position++;
    this.#ranks.together(() => this.#metrics!.append(lines));
    const { position, total } = this;
    for (const line of lines) this.#events.push({ ...line, position, total });
    return true;
  }

  leave(): void {
    this.#units.return();
  }

  save(done = false): number {
    const at = performance.now();
    const { command, hash } = this.#run;
    this.#ranks.together(() => {
      if (done) this.#run.finish(this.#paths.folder, this.state);
      const checkpoint: Checkpoint<S> = { version: 1, command, configurationHash: hash, arithmetic: this.#arithmetic, position: this.position, done, state: this.state, metrics: this.#metrics!.sync() };
      saveCheckpoint(this.#paths.folder, this.position, checkpoint);
    });
    this.saved = this.position;
    return (performance.now() - at) / 1000;
  }

  event(kind: EventRecord["kind"], more: Partial<EventRecord>): void {
    if (this.#ranks.writes) recordEvent(this.#paths, { kind, time: new Date().toISOString(), position: this.position, ...more });
  }
}
