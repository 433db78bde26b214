/**
 * Production: takes a folder, starts or resumes the run in it, and goes through its stages with checkpoints, until it is done or asked to stop.
 * Links, parameters, optimiser, replay buffer, counters and the position in metrics.jsonl are saved in one transaction; random numbers need no
 * state. So a run that was killed anywhere and resumed ends with the bits of one that was not.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type FieldData, LiveValues, setFields } from "../../autograd/index.ts";
import { BackendError, ConfigurationError, FileFormatError, GeometryError, PhysicsCheckError } from "../../errors.ts";
import { type LatticeOptions, fixGauge } from "../../gauge/index.ts";
import { type WriteOptions, saveCheckpoint, writeGauge } from "../../io/index.ts";
import { readModel } from "../../models/index.ts";
import { liveValues, setValues } from "../../samplers/index.ts";
import { packageVersion, sha256Hex, writeFileAtomic } from "../../util/index.ts";
import { expectAgreement } from "../ranks/agreement.ts";
import { environmentOf } from "../environment.ts";
import { arithmeticOf, arithmeticText } from "../arithmetic.ts";
import { sizesOf } from "../folder/checkpoint-state.ts";
import { type FoundState, type RunPaths, configurationText, expectNoLines, insideOf, prepareFolder, readEvents, readState, recordEvent, removeLeftovers, runPaths, sameInfo, writeRunFiles } from "../folder/folder.ts";
import { changesSince } from "../identity.ts";
import { expectRoom } from "../file/limits.ts";
import { tabulate } from "../folder/observable-files.ts";
import { Ranks } from "../ranks/ranks.ts";
import { lockFolder } from "../folder/lock.ts";
import { MetricsFile, expectMetrics } from "../folder/metrics-file.ts";
import { writeModel } from "../folder/model.ts";
import type { Arithmetic, CheckpointState, EventRecord, MetricsRecord, Phase } from "../records.ts";
import { readingOf } from "../reading.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import type { Progress, Unit } from "./progress.ts";
import { type Shards, shardsOf, undivided } from "../ranks/shards.ts";
import { weightNames } from "./sampler-training.ts";
import { lengthsOf, stages } from "./stages.ts";
import { StopWatch } from "./stop.ts";
import { onObserved } from "../moved.ts";
import { buildSystem } from "../system/system.ts";
import type { System } from "../system-types.ts";
import { type Ended, type LifeEvent, type Work, goOn } from "./work.ts";

/** Milliseconds between two looks for signals within a trajectory. */
const LOOK_MS = 20;
/** Rejections in a row that are said while the run goes on. */
const STUCK = 20;

/** A run, the folder that keeps it, the engine, and when to stop. */
export interface ProductionOptions {
  readonly run: ResolvedRun;
  /** New or empty, or that of the same run, which then goes on. */
  readonly folder: string;
  /** Backend, threads and arithmetic; default the fastest on one thread. */
  readonly engine?: LatticeOptions | undefined;
  /** Accepts more trajectories of production than the run had before. */
  readonly extend?: boolean | undefined;
  /** Stops with a checkpoint before so many seconds have passed. */
  readonly maxSeconds?: number | undefined;
  /** Stops with a checkpoint after the trajectory. */
  readonly signal?: AbortSignal | undefined;
}

/** What a run does, in its order: lines of metrics.jsonl as they are written, and the life of the run. Trajectories say how many of their phase were accepted so far. */
export type RunEvent = (MetricsRecord & { readonly position: number; readonly total: number; readonly acceptance?: number }) | LifeEvent | RunEnd;

/** The last event. */
export interface RunEnd extends Ended {
  /** Names and final values of what was trained. */
  readonly parameters: CheckpointState["parameters"];
}

/**
 * Makes a run, or goes on with it: `for await (const event of produce({ run, folder }))`. It ends with the event `done`, or `stop` when a reason to stop
 * appears; both leave a checkpoint, and so does leaving the loop. The folder is locked meanwhile.
 * @throws FileFormatError for folders and files, ConfigurationError when the folder holds another run, PhysicsCheckError for failed checks.
 */
export async function* produce(options: ProductionOptions): AsyncGenerator<RunEvent, void, void> {
  const began = performance.now();
  const { run } = options;
  const ranks = new Ranks(options.engine?.comm);
  expectAgreement(ranks, run, options.engine ?? {});
  const shards = shardsOf(run, ranks);
  const engine = shards ? undivided(options.engine ?? {}) : (options.engine ?? {});
  expectRoom(run, engine);
  const paths = runPaths(options.folder);
  ranks.together(() => void prepareFolder(options.folder));
  const stop = new StopWatch({ folder: options.folder, maxSeconds: options.maxSeconds, began, signal: options.signal, ranks });
  let held: Disposable | undefined;
  ranks.together(() => void (held = lockFolder(options.folder)));
  using _lock = { [Symbol.dispose]: () => held?.[Symbol.dispose]() };
  ranks.together(() => removeLeftovers(paths));
  // chains of a training in shards are undivided: one rank reads all of them
  const found: FoundState<FieldData> | undefined = shards ? ranks.together(() => readState(options.folder)) : readState(options.folder, ranks.comm);
  if (!found) ranks.together(() => expectNoLines(paths));
  const changes = found ? changesSince(found.state, run, options.folder, options.extend ?? false) : [];
  let started = false;
  try {
    const network = ranks.together(() => modelFileOf(paths, run, found !== undefined) ?? null);
    if (found && found.damaged.length === 0 && changes.length === 0 && found.state.done && found.state.total >= totalOf(run) && ranks.together(() => sameInfo(paths, found.state))) {
      ranks.together(() => expectMetrics(paths.metrics, found.state.metrics));
      return yield { kind: "done", position: found.state.position, total: totalOf(run), parameters: found.state.parameters };
    }
    // what came during set-up is heard before anything is written
    const early = await stop.heard();
    if (early !== undefined) return yield { kind: "stop", reason: early, position: found?.state.position ?? 0, total: totalOf(run), parameters: found?.state.parameters ?? null };
    const system = buildSystem(run, engine, { start: !found, reading: await readingOf(run, found !== undefined && !(shards && !found.state.shards)), ...(network ? { network } : {}) });
    const arithmetic = arithmeticOf(system.lattice, engine.strict ?? false);
    ranks.expectSame({ arithmetic: arithmeticText(arithmetic) });
    using production = new Production(paths, run, arithmetic, system, ranks, shards, found && { state: found.state, changes });
    started = true;
    for (const text of found?.damaged ?? []) production.warn(`passed over a damaged checkpoint: ${text}`);
    const end = yield* goOn<RunEvent>(production, stop, began, { version: packageVersion(), arithmetic: production.arithmetic, environment: { ...environmentOf(system.lattice), ...(shards && ranks.several ? { ranks: `${ranks.comm.size}, ${shards.count} shards, ${ranks.comm.name}` } : {}) } });
    ranks.together(() => tabulate(paths, run));
    yield { ...end, parameters: production.parameters };
  } catch (error) {
    if (!started && ranks.writes) recordEvent(paths, { kind: "failure", time: new Date().toISOString(), position: 0, text: (error as Error).message });
    // extents, loops and networks that do not fit together come from the run file; memory that ends is a lattice or network that is too large
    if (error instanceof GeometryError || (error instanceof BackendError && error.message.startsWith("memory:"))) throw Object.assign(new ConfigurationError(`${run.source}: ${error.message}`), { cause: error });
    throw error;
  }
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
  return file;
}

interface Found {
  readonly state: CheckpointState<FieldData>;
  /** Settings that the run file changes. */
  readonly changes: readonly string[];
}

class Production implements Work<RunEvent>, Disposable {
  readonly arithmetic: Arithmetic;
  readonly total: number;
  readonly resumed: boolean;
  readonly done: boolean;
  readonly checkpoint: number;
  readonly #paths: RunPaths;
  readonly #run: ResolvedRun;
  readonly #system: System;
  readonly #ranks: Ranks;
  readonly #shards: Shards | undefined;
  /** On the rank that writes. */
  readonly #metrics: MetricsFile | undefined;
  readonly #units: ReturnType<typeof stages>;
  readonly #warned = new Set<string>();
  #events: RunEvent[] = [];
  #progress: Progress;
  #phase: Phase;
  #saved: number;
  /** Rejections in a row. */
  #rejected = 0;
  #modelWritten = false;
  #counters: Record<string, { done: number; accepted: number }>;

  constructor(paths: RunPaths, run: ResolvedRun, arithmetic: Arithmetic, system: System, ranks: Ranks, shards: Shards | undefined, found: Found | undefined) {
    const { state, changes = [] } = found ?? {};
    const { output } = run.configuration;
    this.#paths = paths;
    this.#run = run;
    this.#system = system;
    this.#ranks = ranks;
    this.#shards = shards;
    this.arithmetic = arithmetic;
    const lengths = lengthsOf(run);
    this.total = totalOf(run);
    this.resumed = state !== undefined;
    this.checkpoint = output.checkpoint;
    this.#progress = state ? progressOf(state, system) : { position: 0 };
    this.#phase = state?.phase ?? (["thermalise", "train", "sample", "epochs"] as const).find((p) => lengths[p] > 0) ?? "sample";
    this.done = state?.done === true && state.total >= this.total;
    this.#counters = structuredClone(state?.counters ?? {}) as Record<string, { done: number; accepted: number }>;
    this.#saved = this.#progress.position;
    if (state)
      ranks.all(() => {
        setFields(system.U.fields, state.links);
        if (system.matter) setValues(system.matter.fields, state.matter ?? []);
      });
    let metrics: MetricsFile | undefined;
    ranks.together(() => {
      if (output.configurations) insideOf(paths, "configurations");
      if (!state || changes.length > 0 || !sameInfo(paths, state)) writeRunFiles(paths, run, configurationText(run), packageVersion());
      metrics = new MetricsFile(paths.metrics, state?.metrics ?? { bytes: 0, lines: 0, sha256: "" });
    });
    this.#metrics = metrics;
    if (state && arithmeticText(state.arithmetic) !== arithmeticText(this.arithmetic))
      this.warn(`the run was made with ${arithmeticText(state.arithmetic)} and goes on with ${arithmeticText(this.arithmetic)}: it is as correct, but its last bits are not those of an uninterrupted run`);
    if (changes.length > 0) {
      this.event("change", { text: changes.join("; ") });
      this.save(this.done);
    }
    this.#units = stages(run, system, this.#progress, { onNote: (text) => this.#note(text), onFailedSolve: (trajectory, text) => this.#setAside(trajectory, text) }, shards);
  }

  [Symbol.dispose](): void {
    this.#metrics?.[Symbol.dispose]();
  }

  get position(): number {
    return this.#progress.position;
  }

  get saved(): number {
    return this.#saved;
  }

  /** Names and values of what is trained. */
  get parameters(): CheckpointState["parameters"] {
    const { effective } = this.#system.guide ?? this.#system.learned ?? {};
    const { theta } = this.#progress;
    if (effective) return { names: effective.names, values: theta ?? effective.parameters };
    return theta ? { names: weightNames(theta.length), values: theta } : null;
  }

  take(): RunEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Warnings of every measurement again are said the first time. Their numbers differ, their beginnings do not. */
  #warnOnce(text: string): void {
    const [kind = text] = text.split(":");
    if (this.#warned.has(kind)) return;
    this.#warned.add(kind);
    this.warn(text);
  }

  warn(text: string): void {
    this.event("warning", { text });
    this.#say(text);
  }

  #say(text: string): void {
    this.#events.push({ kind: "warning", text, position: this.position, total: this.total });
  }

  begin(): void {
    this.#system.notes.forEach((text) => this.warn(text));
    this.#keepStart();
  }

  async next(stop: StopWatch): Promise<boolean | string> {
    let next = this.#units.next();
    for (let looked = performance.now(); !next.done && next.value === undefined; next = this.#units.next()) {
      if (performance.now() - looked < LOOK_MS) continue;
      const heard = await stop.heard();
      if (heard !== undefined) return heard;
      looked = performance.now();
    }
    if (next.done) this.#progress = next.value;
    else this.#book(next.value!);
    return !next.done;
  }

  /** The links are then those after the last whole unit. */
  leave(): void {
    this.#units.return(this.#progress);
  }

  /** Books one unit. */
  #book({ phase, records, progress }: Unit): void {
    this.#phase = phase;
    this.#progress = progress();
    const { position, total } = this;
    const trajectories = records.flatMap((r) => (r.kind === "trajectory" ? [r] : []));
    const before = this.#counters[phase] ?? { done: 0, accepted: 0 };
    const { done, accepted } = (this.#counters[phase] = { done: before.done + (trajectories.length || 1), accepted: before.accepted + trajectories.filter((t) => t.accepted).length });
    if (records.some((r) => r.kind === "check")) this.#compareRanks(records);
    this.#ranks.together(() => this.#metrics!.append(records));
    for (const t of trajectories) this.#count(t.accepted);
    for (const r of records) this.#events.push({ ...r, position, total, ...(r.kind === "trajectory" ? { acceptance: accepted / done } : {}) });
    for (const text of records.flatMap((r) => (r.kind === "measurement" ? (r.warnings ?? []) : []))) this.#warnOnce(text);
    const kept = this.#run.configuration.output.configurations;
    if (kept && phase === "sample" && position % kept.every === 0) this.#keep(kept);
    this.#keepStart();
  }

  /** Numbers of a checked unit are those of rank 0 on all ranks; of the links each has its own. */
  #compareRanks(records: Unit["records"]): void {
    if (!this.#ranks.several || this.#shards) return;
    const own = sha256Hex([JSON.stringify(records)]);
    const first = this.#ranks.tell(own);
    const other = this.#ranks.first(own === first ? undefined : own);
    if (other) throw new PhysicsCheckError(`trajectory ${this.#progress.position - 1}: rank ${other.rank} has energies and measurements of the check-sum ${other.text.slice(0, 12)}, rank 0 has ${first.slice(0, 12)}, expected the same: memory, processor or network are not reliable`);
  }

  /** Says it while it happens when nothing is accepted any more. */
  #count(accepted: boolean): void {
    this.#rejected = accepted ? 0 : this.#rejected + 1;
    if (this.#rejected === STUCK) this.warn(`none of the last ${STUCK} trajectories was accepted: the steps are too long, or the start is far from equilibrium (sampler.acceptAlways)`);
  }

  /** As `warn`, but what stands in events.jsonl already is not recorded again. */
  #note(text: string): void {
    if (this.#ranks.writes && readEvents(this.#paths.folder).some((e) => e.kind === "warning" && e.text === text)) this.#say(text);
    else this.warn(text);
  }

  /** Keeps the links from which a solve failed. */
  #setAside(trajectory: number, text: string): void {
    const folder = this.#ranks.together(() => insideOf(this.#paths, "failed"));
    writeGauge(join(folder, `${String(trajectory).padStart(8, "0")}.npy`), this.#system.U, "npy");
    this.warn(`${text}: counted as rejected, its links are in failed/`);
  }

  /** Stores the links that production starts from, where the run file asks for them. */
  #keepStart(): void {
    const { thermalise, train, sample } = lengthsOf(this.#run);
    const kept = this.#run.configuration.output.configurations;
    if (kept?.start && sample > 0 && this.position === thermalise + train) this.#keep(kept);
  }

  /** Stores the links of this position; a resumed run writes the same bits once more. */
  #keep({ format, precision, gauge }: NonNullable<ResolvedRun["configuration"]["output"]["configurations"]>): void {
    const provenance = { sequenceNumber: String(this.#progress.position), ensembleId: this.#run.hash.slice(0, 12), creator: `gaugegrad ${packageVersion()}` };
    const options: WriteOptions = { provenance, ...(precision === undefined ? {} : { precision }) };
    const file = join(this.#ranks.together(() => insideOf(this.#paths, "configurations")), `${String(this.#progress.position).padStart(8, "0")}.${format}`);
    onObserved(this.#system, (U) => writeGauge(file, gauge ? fixGauge(U, { gauge }).U : U, this.#system.reading.formats!.find((f) => f.name === format)!, options));
  }

  /** Everything in one transaction: lines first, then the checkpoint that counts them. */
  save(done = false): number {
    const at = performance.now();
    const { position, theta, training, memory } = this.#progress;
    const trained = theta !== undefined && (this.#phase === "sample" || done);
    if (trained && !this.#modelWritten) {
      this.#ranks.together(() => writeModel(this.#paths.model, this.#run, this.#system, theta));
      this.#modelWritten = true;
    }
    const { seed, stream } = this.#run.configuration.sampler;
    const links = new LiveValues(this.#system.U.fields);
    const matter = this.#system.matter && liveValues(this.#system.matter.fields);
    const shards = this.#progress.shards?.();
    const metrics = this.#ranks.together(() => this.#metrics!.sync());
    const state: CheckpointState<FieldData> = {
      version: 1,
      command: this.#run.command,
      configurationHash: this.#run.hash,
      configuration: this.#run.configuration,
      arithmetic: this.arithmetic,
      position,
      total: this.total,
      done,
      phase: this.#phase,
      random: { seed, stream, trajectory: position },
      group: this.#system.group.N,
      extents: this.#system.lattice.extents,
      links,
      ...(matter ? { matter } : {}),
      parameters: this.parameters,
      training: training ?? null,
      ...(memory ? { sampler: memory } : {}),
      ...(shards ? { shards } : {}),
      counters: this.#counters,
      metrics,
    };
    const save = (): void => saveCheckpoint(this.#paths.folder, position, state);
    if (this.#shards) this.#ranks.together(save);
    else save();
    this.#saved = position;
    return (performance.now() - at) / 1000;
  }

  event(kind: EventRecord["kind"], more: Partial<EventRecord>): void {
    const waited = this.#system.lattice.engine.exchangeTime ?? 0;
    if (this.#ranks.writes) recordEvent(this.#paths, { kind, time: new Date().toISOString(), position: this.position, ...more, ...(more.seconds !== undefined && waited > 0 ? { exchangeSeconds: waited / 1000 } : {}) });
  }
}

/** What a checkpoint says about the stages. theta is what was trained, not what training would start from. */
function progressOf(state: CheckpointState<FieldData>, { lattice, group, matter }: System): Progress {
  const { position, parameters, training, phase, counters, shards, sampler } = state;
  if (state.group !== group.N || state.extents.join() !== lattice.extents.join()) throw new FileFormatError(`checkpoint: got links of another group or lattice, expected those of the run: restore the folder from a copy`);
  if (sizesOf(state.matter ?? []).join() !== sizesOf(matter ? liveValues(matter.fields) : []).join()) throw new FileFormatError("checkpoint: got matter of other sizes than the fields of the run, expected those of the run: restore the folder from a copy");
  const trained = training !== null || (counters["train"]?.done ?? 0) > 0 || phase === "epochs";
  return { position, ...(parameters && trained ? { theta: parameters.values } : {}), ...(training ? { training } : {}), ...(sampler ? { memory: sampler } : {}), ...(shards ? { shards: () => shards } : {}) };
}
