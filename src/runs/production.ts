/**
 * Production: takes a folder, starts or resumes the run in it, and goes through its stages with checkpoints, until it is done or asked to stop.
 * Links, parameters, optimiser, replay buffer, counters and the position in metrics.jsonl are saved in one transaction; random numbers need no
 * state. So a run that was killed anywhere and resumed ends with the bits of one that was not.
 */
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ConfigurationError, FileFormatError, GeometryError } from "../errors.ts";
import type { LatticeOptions } from "../gauge/index.ts";
import { type WriteOptions, saveCheckpoint, writeGauge } from "../io/index.ts";
import { environmentOf } from "./environment.ts";
import { packageVersion } from "./version.ts";
import { arithmeticOf, arithmeticText } from "./arithmetic.ts";
import { type RunPaths, prepareFolder, readState, recordEvent, removeLeftovers, writeRunFiles } from "./folder.ts";
import { lockFolder } from "./lock.ts";
import { MetricsFile } from "./metrics-file.ts";
import { writeModel } from "./model.ts";
import type { Arithmetic, CheckpointState, EventRecord, MetricsRecord, Phase } from "./records.ts";
import { type ResolvedRun, differences } from "./resolve.ts";
import { type Progress, type Unit, lengthsOf, stages } from "./stages.ts";
import { StopWatch } from "./stop.ts";
import { type System, buildSystem } from "./system.ts";

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
  const paths = prepareFolder(options.folder);
  // before anything is there that a signal could leave behind
  using stop = new StopWatch({ folder: options.folder, maxSeconds: options.maxSeconds, began, interrupt: options.interrupt });
  using _lock = lockFolder(options.folder);
  removeLeftovers(paths);
  const found = readState(options.folder);
  if (found) expectSameRun(found.state, options);
  else expectNoLines(paths);
  const { run } = options;
  try {
    const system = buildSystem(run.configuration, options.engine, { start: !found, guided: run.command !== "hmc" });
    using production = new Production(paths, options, system, found?.state);
    for (const text of found?.damaged ?? []) production.warn(`passed over a damaged checkpoint: ${text}`);
    return await production.run(began, stop);
  } catch (error) {
    // extents, loops and networks that do not fit together come from the run file
    if (error instanceof GeometryError) throw Object.assign(new ConfigurationError(`run file: ${error.message}`), { cause: error });
    throw error;
  }
}

/** The first checkpoint is older than the first line: lines without any checkpoint belong to a run that lost it. */
function expectNoLines({ folder, metrics }: RunPaths): void {
  const size = statSync(metrics, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 0) throw new FileFormatError(`${folder}: got ${size} bytes of metrics.jsonl and no checkpoint, expected one: restore it from a copy, or give another --dir`);
}

function expectSameRun(state: CheckpointState, { run, folder, extend = false }: ProductionOptions): void {
  if (state.command !== run.command) throw new ConfigurationError(`${folder}: got the command ${run.command} for a folder of ${state.command}, expected ${state.command}: give another --dir`);
  if (state.configurationHash === run.hash) return;
  const changed = differences(state.configuration, run.configuration);
  const before = (state.configuration as ResolvedRun["configuration"]).sampler.trajectories;
  const longer = changed.length === 1 && changed[0]!.startsWith("sampler.trajectories:") && run.configuration.sampler.trajectories > before;
  if (longer && extend) return;
  const hint = longer ? "give --extend to go on with it" : "restore the run file, or give another --dir";
  throw new ConfigurationError(`${folder}: got a run file that differs from that of the run (${changed.join("; ") || "the same values in another version of the schema"}), expected the same: ${hint}`);
}

class Production implements Disposable {
  readonly #paths: RunPaths;
  readonly #options: ProductionOptions;
  readonly #system: System;
  readonly #arithmetic: Arithmetic;
  readonly #metrics: MetricsFile;
  readonly #total: number;
  readonly #resumed: boolean;
  #progress: Progress;
  #phase: Phase;
  #done: boolean;
  #saved: number;
  #modelWritten = false;
  #counters: Record<string, { done: number; accepted: number }>;

  constructor(paths: RunPaths, options: ProductionOptions, system: System, state: CheckpointState | undefined) {
    const { run, engine } = options;
    this.#paths = paths;
    this.#options = options;
    this.#system = system;
    this.#arithmetic = arithmeticOf(system.lattice, engine.strict ?? false);
    const lengths = lengthsOf(run);
    this.#total = lengths.thermalise + lengths.train + lengths.sample + lengths.epochs;
    this.#resumed = state !== undefined;
    this.#progress = state ? progressOf(state, system) : { position: 0 };
    this.#phase = state?.phase ?? (["thermalise", "train", "sample", "epochs"] as const).find((p) => lengths[p] > 0) ?? "sample";
    this.#done = state?.done === true && state.total >= this.#total;
    this.#counters = structuredClone(state?.counters ?? {}) as Record<string, { done: number; accepted: number }>;
    this.#saved = this.#progress.position;
    if (state) system.U.set(state.links);
    else if (run.configuration.output.configurations) mkdirSync(paths.configurations, { recursive: true });
    if (!state || state.configurationHash !== run.hash) writeRunFiles(paths, run, packageVersion());
    this.#metrics = new MetricsFile(paths.metrics, state?.metrics ?? { bytes: 0, lines: 0, sha256: "" });
    if (state && arithmeticText(state.arithmetic) !== arithmeticText(this.#arithmetic))
      this.warn(`the run was made with ${arithmeticText(state.arithmetic)} and goes on with ${arithmeticText(this.#arithmetic)}: it is as correct, but its last bits are not those of an uninterrupted run`);
  }

  [Symbol.dispose](): void {
    this.#metrics[Symbol.dispose]();
  }

  warn(text: string): void {
    this.#event("warning", { text });
    this.#options.onWarning?.(text);
  }

  async run(began: number, stop: StopWatch): Promise<Outcome> {
    const { run, onStart } = this.#options;
    if (this.#done) return this.#outcome("done");
    this.#event(this.#resumed ? "resume" : "start", { version: packageVersion(), arithmetic: this.#arithmetic, environment: environmentOf() });
    if (!this.#resumed) this.#save();
    onStart?.(this.#progress.position, this.#total);
    const seconds = (): number => (performance.now() - began) / 1000;
    const units = stages(run, this.#system, this.#progress);
    try {
      let [unit, save] = [0, 0];
      for (;;) {
        const reason = await stop.reason(unit + save);
        if (reason !== undefined) {
          if (this.#saved !== this.#progress.position) this.#save();
          this.#event("stop", { text: reason, seconds: seconds() });
          return this.#outcome("stopped", reason);
        }
        const at = performance.now();
        const next = units.next();
        if (next.done) {
          this.#progress = next.value;
          break;
        }
        this.#take(next.value);
        unit = (performance.now() - at) / 1000;
        if (this.#progress.position - this.#saved >= run.configuration.output.checkpoint) save = this.#save();
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
    const kept = configuration.output.configurations;
    if (kept && phase === "sample" && position % kept.every === 0) this.#keep(kept);
    this.#options.onUnit?.({ position, phase, records, counters: this.#counters });
  }

  /** Stores the links of this position; a resumed run writes the same bits once more. */
  #keep({ format, precision }: NonNullable<ResolvedRun["configuration"]["output"]["configurations"]>): void {
    const options: WriteOptions = precision === undefined ? {} : { precision };
    mkdirSync(this.#paths.configurations, { recursive: true });
    writeGauge(join(this.#paths.configurations, `${String(this.#progress.position).padStart(8, "0")}.${format}`), this.#system.U, format, options);
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
