/** Runs of spins in a folder: locked, saved between two units, resumed with the same bits, as all runs. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "smol-toml";
import { ConfigurationError } from "../../errors.ts";
import { type LatticeOptions, lattice as makeLattice } from "../../gauge/index.ts";
import { latestCheckpoint, saveCheckpoint } from "../../io/index.ts";
import { type Estimate, gammaMethod, sha256Hex, writeFileAtomic } from "../../util/index.ts";
import { arithmeticOf, arithmeticText } from "../arithmetic.ts";
import { environmentOf } from "../environment.ts";
import { type RunPaths, prepareFolder, readLines, recordEvent, removeLeftovers, writeRunFiles } from "../folder.ts";
import { canonical } from "../identity.ts";
import { lockFolder } from "../lock.ts";
import { MetricsFile } from "../metrics-file.ts";
import type { Arithmetic, EventRecord } from "../records.ts";
import { StopWatch } from "../stop.ts";
import { packageVersion } from "#platform/runs/version";
import { type Ended, type LifeEvent, type Work, goOn } from "../work.ts";
import { writeModel } from "./files.ts";
import type { SpinRun } from "./schema.ts";
import { type Line, type SpinCommand, SpinStages, type SpinState, type TrainingSummary, unitsOf } from "./stages.ts";

/** A run of spins, what to do with it, and where it is kept. */
export interface SpinProductionOptions {
  readonly command: SpinCommand;
  readonly run: SpinRun;
  /** Without one nothing is kept, and nothing can be resumed. */
  readonly folder?: string | undefined;
  readonly engine?: LatticeOptions;
  readonly signal?: AbortSignal | undefined;
}

/** Lines as they come, and the life of the run. */
export type SpinEvent = (Line & { readonly position: number; readonly total: number }) | LifeEvent | SpinEnd;

/** The last event. */
export type SpinEnd = Ended & {
  /** After training: the name of the model and its numbers. */
  readonly trained?: TrainingSummary & { readonly model: string };
  /** After sampling: means with errors. */
  readonly sampled?: Readonly<Record<string, Estimate>>;
};

interface SpinCheckpoint {
  readonly version: 1;
  readonly command: SpinCommand;
  readonly configurationHash: string;
  readonly arithmetic: Arithmetic;
  readonly position: number;
  readonly done: boolean;
  readonly state: SpinState;
  readonly metrics: { readonly bytes: number; readonly lines: number; readonly sha256: string };
}

/** Hash of what decides the numbers; a model file counts by its contents. */
function identityOf(command: SpinCommand, { output: _output, ...run }: SpinRun): string {
  const { file } = run.effective;
  const content = file !== undefined && existsSync(file) ? sha256Hex([readFileSync(file)]) : file;
  return sha256Hex([command, "\n", canonical({ ...run, effective: { ...run.effective, ...(content === undefined ? {} : { file: content }) } })]);
}

/**
 * Makes a run of spins, or goes on with it. @throws FileFormatError for folders and files, ConfigurationError for a folder of another run.
 */
export async function* produceSpins(options: SpinProductionOptions): AsyncGenerator<SpinEvent, void, void> {
  const began = performance.now();
  const { command, run, folder, engine = {} } = options;
  const lattice = makeLattice(run.model.lattice, engine);
  if (folder === undefined) return yield* inMemory(new SpinStages(lattice, command, run), options);
  const hash = identityOf(command, run);
  const paths = prepareFolder(folder);
  const stop = new StopWatch({ folder, began, signal: options.signal });
  using _lock = lockFolder(folder);
  removeLeftovers(paths);
  const found = latestCheckpoint(folder)?.state as SpinCheckpoint | undefined;
  if (found && (found.command !== command || found.configurationHash !== hash)) throw new ConfigurationError(`${folder}: got the folder of another run (spins ${found.command}), expected that of this one: restore the run file, or give another --dir`);
  const arithmetic = arithmeticOf(lattice, engine.strict ?? false);
  const stages = new SpinStages(lattice, command, run, found?.state);
  if (!found) writeRunFiles(paths, { command: `spins ${command}`, hash, base: folder }, `# gaugegrad spins ${command}: the run as resolved, with every default\n\n${stringify(run)}\n`, packageVersion());
  using work = new SpinWork(paths, command, run, hash, arithmetic, stages, found);
  const end = yield* goOn<SpinEvent>(work, stop, began, { version: packageVersion(), arithmetic, environment: environmentOf() });
  yield end.kind === "stop" ? end : { ...end, ...resultOf(command, run, stages, work.state, readLines<Line>(paths.metrics)) };
}

/** Everything at once, without a folder. */
function* inMemory(stages: SpinStages, { command, run, signal }: SpinProductionOptions): Generator<SpinEvent, void, void> {
  const total = unitsOf(command, run);
  const lines: Line[] = [];
  let position = 0;
  let state: SpinState = {};
  for (const unit of stages.units()) {
    if (signal?.aborted) return yield { kind: "stop", reason: String(signal.reason), position, total };
    state = unit.state();
    position++;
    lines.push(...unit.lines);
    for (const line of unit.lines) yield { ...line, position, total };
  }
  yield { kind: "done", position, total, ...resultOf(command, run, stages, state, lines) };
}

function resultOf(command: SpinCommand, run: SpinRun, stages: SpinStages, state: SpinState, lines: readonly Line[]): Pick<SpinEnd, "trained" | "sampled"> {
  if (command === "train") return { trained: { model: stages.modelAt(state).name, ...stages.summary(state) } };
  const steps = lines.filter((l) => l.kind === "step");
  const names = ["acceptance", "logWeight", "magnetisation", "staggeredMagnetisation"].filter((name) => typeof steps[0]?.[name] === "number");
  return { sampled: Object.fromEntries(names.map((name) => [name, gammaMethod(steps.map((l) => l[name] as number))])) };
}

class SpinWork implements Work<SpinEvent>, Disposable {
  readonly total: number;
  readonly checkpoint: number;
  readonly resumed: boolean;
  readonly done: boolean;
  position: number;
  saved: number;
  state: SpinState;
  readonly #paths: RunPaths;
  readonly #command: SpinCommand;
  readonly #run: SpinRun;
  readonly #hash: string;
  readonly #arithmetic: Arithmetic;
  readonly #stages: SpinStages;
  readonly #metrics: MetricsFile;
  readonly #units: ReturnType<SpinStages["units"]>;
  #events: SpinEvent[] = [];

  constructor(paths: RunPaths, command: SpinCommand, run: SpinRun, hash: string, arithmetic: Arithmetic, stages: SpinStages, found: SpinCheckpoint | undefined) {
    this.#paths = paths;
    this.#command = command;
    this.#run = run;
    this.#hash = hash;
    this.#arithmetic = arithmetic;
    this.#stages = stages;
    this.total = unitsOf(command, run);
    this.checkpoint = run.output.checkpoint;
    this.resumed = found !== undefined;
    this.done = found?.done ?? false;
    this.position = found?.position ?? 0;
    this.saved = this.position;
    this.state = found?.state ?? {};
    this.#metrics = new MetricsFile(paths.metrics, found?.metrics ?? { bytes: 0, lines: 0, sha256: "" });
    this.#units = stages.units();
    if (found && arithmeticText(found.arithmetic) !== arithmeticText(arithmetic)) this.#warn(`the run was made with ${arithmeticText(found.arithmetic)} and goes on with ${arithmeticText(arithmetic)}: it is as correct, but its last bits are not those of an uninterrupted run`);
  }

  [Symbol.dispose](): void {
    this.#metrics[Symbol.dispose]();
  }

  #warn(text: string): void {
    this.event("warning", { text });
    this.#events.push({ kind: "warning", text, position: this.position, total: this.total });
  }

  take(): SpinEvent[] {
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
    this.#metrics.append(lines);
    const { position, total } = this;
    for (const line of lines) this.#events.push({ ...line, position, total });
    return true;
  }

  leave(): void {
    this.#units.return();
  }

  save(done = false): number {
    const at = performance.now();
    if (done && this.#command === "train") writeModel(this.#paths.folder, this.#run, this.#stages.modelAt(this.state));
    if (done && this.state.chain) writeFileAtomic(join(this.#paths.folder, "spins.json"), `${JSON.stringify([...this.state.chain.spins])}\n`);
    const checkpoint: SpinCheckpoint = {
      version: 1, command: this.#command, configurationHash: this.#hash, arithmetic: this.#arithmetic, position: this.position, done, state: this.state, metrics: this.#metrics.sync(),
    };
    saveCheckpoint(this.#paths.folder, this.position, checkpoint);
    this.saved = this.position;
    return (performance.now() - at) / 1000;
  }

  event(kind: EventRecord["kind"], more: Partial<EventRecord>): void {
    recordEvent(this.#paths, { kind, time: new Date().toISOString(), position: this.position, ...more });
  }
}
