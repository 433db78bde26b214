/**
 * Production: takes a folder, starts or resumes the run in it, and goes through its stages with checkpoints, until it is done or asked to stop.
 * Links, parameters, optimiser, replay buffer, counters and the position in metrics.jsonl are saved in one transaction; random numbers need no
 * state. So a run that was killed anywhere and resumed ends with the bits of one that was not.
 */
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { BackendError, ConfigurationError, FileFormatError, GeometryError } from "../errors.ts";
import type { LatticeOptions } from "../gauge/index.ts";
import { type WriteOptions, saveCheckpoint, writeGauge } from "../io/index.ts";
import { readModel } from "../models/index.ts";
import { writeFileAtomic } from "../util/index.ts";
import { environmentOf } from "./environment.ts";
import { packageVersion } from "./version.ts";
import { arithmeticOf, arithmeticText } from "./arithmetic.ts";
import { type RunPaths, prepareFolder, readEvents, readRunInfo, readState, recordEvent, removeLeftovers, runPaths, writeRunFiles } from "./folder.ts";
import { changesSince } from "./identity.ts";
import { expectRoom } from "./limits.ts";
import { lockFolder } from "./lock.ts";
import { MetricsFile } from "./metrics-file.ts";
import { writeModel } from "./model.ts";
import type { Arithmetic, CheckpointState, EventRecord, MetricsRecord, Phase } from "./records.ts";
import type { ResolvedRun } from "./resolve.ts";
import { type Progress, type Unit, lengthsOf, stages } from "./stages.ts";
import { StopWatch } from "./stop.ts";
import { type System, buildSystem } from "./system.ts";

/** Milliseconds between two looks for signals within a trajectory. */
const LOOK_MS = 20;
/** Rejections in a row that are said while the run goes on. */
const STUCK = 20;

export interface ProductionOptions {
  readonly run: ResolvedRun;
  readonly folder: string;
  readonly engine: LatticeOptions;
  /** Accepts more trajectories of production than the run had before. */
  readonly extend?: boolean;
  readonly maxSeconds?: number | undefined;
  readonly interrupt?: AbortSignal | undefined;
  readonly onWarning?: (text: string) => void;
  readonly onStart?: (position: number, total: number) => void;
  readonly onUnit?: (state: { readonly position: number; readonly phase: Phase; readonly records: readonly MetricsRecord[]; readonly counters: CheckpointState["counters"] }) => void;
}

export interface Outcome {
  readonly status: "done" | "stopped";
  /** Why it stopped. */
  readonly reason?: string;
  readonly position: number;
  readonly total: number;
  /** Names and final values of what was trained. */
  readonly parameters: CheckpointState["parameters"];
}

/**
 * Runs until everything is done or a reason to stop appears; both leave a checkpoint.
 * @throws FileFormatError for folders and files, ConfigurationError when the folder holds another run, PhysicsCheckError for failed checks.
 */
export async function produce(options: ProductionOptions): Promise<Outcome> {
  const began = performance.now();
  expectRoom(options.run, options.engine);
  const paths = prepareFolder(options.folder);
  // before anything is there that a signal could leave behind
  using stop = new StopWatch({ folder: options.folder, maxSeconds: options.maxSeconds, began, interrupt: options.interrupt });
  using _lock = lockFolder(options.folder);
  removeLeftovers(paths);
  const found = readState(options.folder);
  const { run } = options;
  const changes = found ? changesSince(found.state, run, options.folder, options.extend ?? false) : [];
  if (!found) expectNoLines(paths);
  let started = false;
  try {
    const network = modelFileOf(paths, run, found !== undefined);
    // signals that came during set-up are heard before anything is written
    const early = await stop.heard();
    if (early !== undefined) return { status: "stopped", reason: early, position: found?.state.position ?? 0, total: totalOf(run), parameters: found?.state.parameters ?? null };
    const system = buildSystem(run, options.engine, { start: !found, ...(network ? { network } : {}) });
    using production = new Production(paths, options, system, found && { state: found.state, changes });
    started = true;
    for (const text of found?.damaged ?? []) production.warn(`passed over a damaged checkpoint: ${text}`);
    return await production.run(began, stop);
  } catch (error) {
    // extents, loops and networks that do not fit together come from the run file
    if (!started) recordEvent(paths, { kind: "failure", time: new Date().toISOString(), position: 0, text: (error as Error).message });
    if (error instanceof GeometryError) throw Object.assign(new ConfigurationError(`run file: ${error.message}`), { cause: error });
    // memory that ends is a lattice or network that is too large
    if (error instanceof BackendError && error.message.startsWith("memory:")) throw Object.assign(new ConfigurationError(`run file: ${error.message}`), { cause: error });
    throw error;
  }
}

/** The first checkpoint is older than the first line: lines without any checkpoint belong to a run that lost it. */
function expectNoLines({ folder, metrics }: RunPaths): void {
  const size = statSync(metrics, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 0) throw new FileFormatError(`${folder}: got ${size} bytes of metrics.jsonl and no checkpoint, expected one: restore it from a copy, or give another --dir`);
}

/** Trajectories or epochs of all stages. */
function totalOf(run: ResolvedRun): number {
  return Object.values(lengthsOf(run)).reduce((s, n: number) => s + n, 0);
}

/** The model file of the network: the copy that a run keeps, so that it depends on its folder only; a new run makes it. @throws FileFormatError when it cannot be read. */
function modelFileOf({ network: copy }: RunPaths, { configuration: { network }, base }: ResolvedRun, resumed: boolean): string | undefined {
  if (network?.kind !== "model") return undefined;
  const file = resolve(base, String(network["file"]));
  if (resumed && existsSync(copy)) {
    if (existsSync(file) && !readFileSync(file).equals(readFileSync(copy))) throw new ConfigurationError(`network.file: got a model file ${String(network["file"])} that has changed since the run was started, expected the same weights: restore it, or give another --dir`);
    return copy;
  }
  readModel(file);
  writeFileAtomic(copy, readFileSync(file));
  return copy;
}

/** True when run.json is that of the checkpoint; one that was damaged is written anew. */
function sameInfo({ folder }: RunPaths, state: CheckpointState): boolean {
  try {
    const { command, configurationHash } = readRunInfo(folder);
    return command === state.command && configurationHash === state.configurationHash && existsSync(runPaths(folder).configuration);
  } catch {
    return false;
  }
}

/** A folder within that of the run, made when it is not there. @throws FileFormatError for a link that leads out of it. */
function insideOf({ folder }: RunPaths, name: string): string {
  const at = join(folder, name);
  try {
    mkdirSync(at, { recursive: true });
    if (dirname(realpathSync(at)) === realpathSync(folder)) return at;
  } catch (error) {
    throw new FileFormatError(`${at}: cannot be used (${(error as Error).message.split(",")[0]}), expected a folder that can be made and written to`);
  }
  throw new FileFormatError(`${at}: got a link to ${realpathSync(at)}, expected a folder within that of the run: remove the link`);
}

interface Found {
  readonly state: CheckpointState;
  /** Settings that the run file changes. */
  readonly changes: readonly string[];
}

class Production implements Disposable {
  readonly #paths: RunPaths;
  readonly #options: ProductionOptions;
  readonly #system: System;
  readonly #arithmetic: Arithmetic;
  readonly #metrics: MetricsFile;
  readonly #total: number;
  readonly #resumed: boolean;
  readonly #changes: readonly string[];
  #progress: Progress;
  #phase: Phase;
  #done: boolean;
  #saved: number;
  #modelWritten = false;
  readonly #warned = new Set<string>();
  /** Rejections in a row. */
  #rejected = 0;
  #counters: Record<string, { done: number; accepted: number }>;

  constructor(paths: RunPaths, options: ProductionOptions, system: System, found: Found | undefined) {
    const { run, engine } = options;
    const { state, changes = [] } = found ?? {};
    this.#changes = changes;
    this.#paths = paths;
    this.#options = options;
    this.#system = system;
    this.#arithmetic = arithmeticOf(system.lattice, engine.strict ?? false);
    const lengths = lengthsOf(run);
    this.#total = totalOf(run);
    this.#resumed = state !== undefined;
    this.#progress = state ? progressOf(state, system) : { position: 0 };
    this.#phase = state?.phase ?? (["thermalise", "train", "sample", "epochs"] as const).find((p) => lengths[p] > 0) ?? "sample";
    this.#done = state?.done === true && state.total >= this.#total;
    this.#counters = structuredClone(state?.counters ?? {}) as Record<string, { done: number; accepted: number }>;
    this.#saved = this.#progress.position;
    if (state) system.U.set(state.links);
    if (run.configuration.output.configurations) insideOf(paths, "configurations");
    if (!state || changes.length > 0 || !sameInfo(paths, state)) writeRunFiles(paths, run, packageVersion());
    this.#metrics = new MetricsFile(paths.metrics, state?.metrics ?? { bytes: 0, lines: 0, sha256: "" });
    if (state && arithmeticText(state.arithmetic) !== arithmeticText(this.#arithmetic))
      this.warn(`the run was made with ${arithmeticText(state.arithmetic)} and goes on with ${arithmeticText(this.#arithmetic)}: it is as correct, but its last bits are not those of an uninterrupted run`);
  }

  [Symbol.dispose](): void {
    this.#metrics[Symbol.dispose]();
  }

  /** Warnings of every measurement again are said the first time. Their numbers differ, their beginnings do not. */
  #warnOnce(text: string): void {
    const [kind = text] = text.split(":");
    if (this.#warned.has(kind)) return;
    this.#warned.add(kind);
    this.warn(text);
  }

  warn(text: string): void {
    this.#event("warning", { text });
    this.#options.onWarning?.(text);
  }

  async run(began: number, stop: StopWatch): Promise<Outcome> {
    const { run, onStart } = this.#options;
    if (this.#changes.length > 0) {
      this.#event("change", { text: this.#changes.join("; ") });
      this.#save();
    }
    if (this.#done) return this.#outcome("done");
    this.#event(this.#resumed ? "resume" : "start", { version: packageVersion(), arithmetic: this.#arithmetic, environment: environmentOf() });
    this.#system.notes.forEach((text) => this.warn(text));
    if (!this.#resumed) this.#save();
    onStart?.(this.#progress.position, this.#total);
    const seconds = (): number => (performance.now() - began) / 1000;
    try {
      const reason = await this.#units(run, stop);
      if (reason !== undefined) {
        await stop.settle();
        if (this.#saved !== this.#progress.position) this.#save();
        this.#event("stop", { text: reason, seconds: seconds() });
        return this.#outcome("stopped", reason);
      }
      this.#done = true;
      this.#save();
      this.#event("done", { seconds: seconds() });
      return this.#outcome("done");
    } catch (error) {
      this.#event("failure", { text: (error as Error).message, seconds: seconds() });
      throw error;
    }
  }

  /** Goes through the stages; gives the reason to stop before their end. The links are then those after the last whole unit. */
  async #units(run: ResolvedRun, stop: StopWatch): Promise<string | undefined> {
    const units = stages(run, this.#system, this.#progress, { onNote: (text) => this.#note(text), onFailedSolve: (trajectory, text) => this.#setAside(trajectory, text) });
    let [unit, save] = [0, 0];
    try {
      for (;;) {
        const reason = await stop.reason(unit + save);
        if (reason !== undefined) return reason;
        const at = performance.now();
        let next = units.next();
        for (let looked = at; !next.done && next.value === undefined; next = units.next()) {
          if (performance.now() - looked < LOOK_MS) continue;
          const heard = await stop.heard();
          if (heard !== undefined) return heard;
          looked = performance.now();
        }
        if (next.done) {
          this.#progress = next.value;
          return undefined;
        }
        this.#take(next.value!);
        unit = (performance.now() - at) / 1000;
        if (this.#progress.position - this.#saved >= run.configuration.output.checkpoint) save = this.#save();
      }
    } finally {
      units.return(this.#progress);
    }
  }

  /** Books one unit. */
  #take({ phase, records, progress }: Unit): void {
    const { configuration } = this.#options.run;
    this.#phase = phase;
    this.#progress = progress();
    const { position } = this.#progress;
    const trajectories = records.flatMap((r) => (r.kind === "trajectory" ? [r] : []));
    const before = this.#counters[phase] ?? { done: 0, accepted: 0 };
    this.#counters[phase] = { done: before.done + (trajectories.length || 1), accepted: before.accepted + trajectories.filter((t) => t.accepted).length };
    this.#metrics.append(records);
    for (const text of records.flatMap((r) => (r.kind === "measurement" ? (r.warnings ?? []) : []))) this.#warnOnce(text);
    for (const { accepted } of trajectories) this.#count(accepted);
    const kept = configuration.output.configurations;
    if (kept && phase === "sample" && position % kept.every === 0) this.#keep(kept);
    this.#options.onUnit?.({ position, phase, records, counters: this.#counters });
  }

  /** Says it while it happens when nothing is accepted any more. */
  #count(accepted: boolean): void {
    this.#rejected = accepted ? 0 : this.#rejected + 1;
    if (this.#rejected === STUCK) this.warn(`none of the last ${STUCK} trajectories was accepted: the steps are too long, or the start is far from equilibrium (sampler.acceptAlways)`);
  }

  /** As `warn`, but what stands in events.jsonl already is not recorded again. */
  #note(text: string): void {
    if (readEvents(this.#paths.folder).some((e) => e.kind === "warning" && e.text === text)) this.#options.onWarning?.(text);
    else this.warn(text);
  }

  /** Keeps the links from which a solve failed. */
  #setAside(trajectory: number, text: string): void {
    const folder = insideOf(this.#paths, "failed");
    writeGauge(join(folder, `${String(trajectory).padStart(8, "0")}.npy`), this.#system.U, "npy");
    this.warn(`${text}: counted as rejected, its links are in failed/`);
  }

  /** Stores the links of this position; a resumed run writes the same bits once more. */
  #keep({ format, precision }: NonNullable<ResolvedRun["configuration"]["output"]["configurations"]>): void {
    const provenance = { sequenceNumber: String(this.#progress.position), ensembleId: this.#options.run.hash.slice(0, 12), creator: `gaugegrad ${packageVersion()}` };
    const options: WriteOptions = { provenance, ...(precision === undefined ? {} : { precision }) };
    writeGauge(join(insideOf(this.#paths, "configurations"), `${String(this.#progress.position).padStart(8, "0")}.${format}`), this.#system.U, format, options);
  }

  /** Everything in one transaction: lines first, then the checkpoint that counts them. Gives the seconds it took. */
  #save(): number {
    const at = performance.now();
    const { run } = this.#options;
    const { position, theta, training } = this.#progress;
    const { effective } = this.#system.guide ?? {};
    const trained = theta !== undefined && (this.#phase === "sample" || this.#done);
    if (trained && !this.#modelWritten) {
      writeModel(this.#paths.model, run, this.#system, theta);
      this.#modelWritten = true;
    }
    const metrics = this.#metrics.sync();
    const { seed, stream } = run.configuration.sampler;
    const state: CheckpointState = {
      version: 1,
      command: run.command,
      configurationHash: run.hash,
      configuration: run.configuration,
      arithmetic: this.#arithmetic,
      position,
      total: this.#total,
      done: this.#done,
      phase: this.#phase,
      random: { seed, stream, trajectory: position },
      group: this.#system.group.N,
      extents: this.#system.lattice.extents,
      links: this.#system.U.fields.map((f) => f.toArray()),
      parameters: effective ? { names: effective.names, values: theta ?? effective.parameters } : null,
      training: training ?? null,
      counters: this.#counters,
      metrics,
    };
    saveCheckpoint(this.#paths.folder, position, state);
    this.#saved = position;
    return (performance.now() - at) / 1000;
  }

  #outcome(status: "done" | "stopped", reason?: string): Outcome {
    const { effective } = this.#system.guide ?? {};
    const { position, theta } = this.#progress;
    return { status, ...(reason === undefined ? {} : { reason }), position, total: this.#total, parameters: effective ? { names: effective.names, values: theta ?? effective.parameters } : null };
  }

  #event(kind: EventRecord["kind"], more: Partial<EventRecord>): void {
    recordEvent(this.#paths, { kind, time: new Date().toISOString(), position: this.#progress.position, ...more });
  }
}

/** What a checkpoint says about the stages. theta is what was trained, not what training would start from. */
function progressOf(state: CheckpointState, { lattice, group }: System): Progress {
  const { position, parameters, training, phase, counters } = state;
  if (state.group !== group.N || state.extents.join() !== lattice.extents.join()) throw new FileFormatError(`checkpoint: got links of another group or lattice, expected those of the run: restore the folder from a copy`);
  const trained = training !== null || (counters["train"]?.done ?? 0) > 0 || phase === "epochs";
  return { position, ...(parameters && trained ? { theta: parameters.values } : {}), ...(training ? { training } : {}) };
}
