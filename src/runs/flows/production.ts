/** `gaugegrad flow train` and `flow sample` in a folder: locked, saved between two units, resumed with the same bits, as all runs. */
import { existsSync, readFileSync } from "node:fs";
import { stringify } from "smol-toml";
import { ConfigurationError, NaNError, PhysicsCheckError } from "../../errors.ts";
import { type IndependenceState, type IndependenceSummary, type WeightSummary, type GenerativeModel, exactLogZ2d, independenceStep, independenceSummary, weightSummary } from "../../flows/index.ts";
import { type LatticeOptions, lattice as makeLattice, parseGroup } from "../../gauge/index.ts";
import { latestCheckpoint, saveCheckpoint } from "../../io/index.ts";
import { type OptimiserState, adam, schedules } from "../../training/index.ts";
import { PURPOSE, randomStream, sha256Hex } from "../../util/index.ts";
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
import { flowModelOf, weightsOf, writeFlowModel } from "./model.ts";
import type { FlowRun } from "./schema.ts";

/** What is done with a flow. */
export type FlowCommand = "train" | "sample";

/** A run of a flow, where it is kept, and when to stop. */
export interface FlowProductionOptions {
  readonly command: FlowCommand;
  readonly run: FlowRun;
  readonly folder: string;
  readonly engine?: LatticeOptions;
  readonly signal?: AbortSignal | undefined;
}

/** A step of training, or a proposal of sampling with the state of the chain after it. */
export type FlowLine =
  | { readonly kind: "training"; readonly step: number; readonly loss: number; readonly sd: number; readonly ess: number; readonly gradientNorm: number; readonly rate: number }
  | { readonly kind: "sample"; readonly index: number; readonly logWeight: number; readonly accepted: boolean; readonly values: Readonly<Record<string, number>> };

/** Lines as they come, and the life of the run. */
export type FlowEvent = (FlowLine & { readonly position: number; readonly total: number }) | LifeEvent | (Ended & FlowResult);

/** What a run has found. */
export interface FlowResult {
  readonly trained?: { readonly model: string; readonly weights: number; readonly loss: number; readonly sd: number; readonly ess: number };
  readonly sampled?: FlowSummary;
}

/** Exact averages of a sampled flow. */
export type FlowSummary = IndependenceSummary & WeightSummary & {
  /** ln Z where it is known: two-dimensional gauge theories. */
  readonly exactLogZ?: number;
  /** How often each topological sector occurs in the chain. */
  readonly sectors?: Readonly<Record<string, number>>;
};

interface State {
  readonly theta?: Float64Array;
  readonly optimiser?: OptimiserState;
  readonly chain?: IndependenceState;
}

interface FlowCheckpoint {
  readonly version: 1;
  readonly command: FlowCommand;
  readonly configurationHash: string;
  readonly arithmetic: Arithmetic;
  readonly position: number;
  readonly done: boolean;
  readonly state: State;
  readonly metrics: { readonly bytes: number; readonly lines: number; readonly sha256: string };
}

/** Proposals of one unit. */
const BLOCK = 8;
/** Steps at the end of a training whose mean is its result. */
const LAST = 20;

const totalOf = (command: FlowCommand, { training, sampler }: FlowRun): number => (command === "train" ? training.steps : Math.ceil(sampler.samples / BLOCK));

/** Hash of what decides the numbers; weights count by their contents. */
function identityOf(command: FlowCommand, { output: _output, ...run }: FlowRun): string {
  const { file, ...flow } = run.flow;
  const content = command === "sample" && file !== undefined && existsSync(file) ? sha256Hex([readFileSync(file)]) : undefined;
  const { training, sampler, ...rest } = run;
  return sha256Hex([command, "\n", canonical({ ...rest, flow, ...(command === "train" ? { training, seed: sampler.seed } : { sampler, content: content ?? "start" }) })]);
}

/** Makes a run of a flow, or goes on with it. @throws FileFormatError for folders and files, ConfigurationError for a folder of another run, PhysicsCheckError for a loss that is no number. */
export async function* produceFlow(options: FlowProductionOptions): AsyncGenerator<FlowEvent, void, void> {
  const began = performance.now();
  const { command, run, folder, engine = {} } = options;
  const lattice = makeLattice(run.lattice.extents, engine);
  const model = flowModelOf(lattice, run);
  const first = command === "sample" ? weightsOf(run, model) : model.start(run.sampler.seed);
  const hash = identityOf(command, run);
  const paths = prepareFolder(folder);
  const stop = new StopWatch({ folder, began, signal: options.signal });
  using _lock = lockFolder(folder);
  removeLeftovers(paths);
  const found = latestCheckpoint(folder)?.state as FlowCheckpoint | undefined;
  if (found && (found.command !== command || found.configurationHash !== hash)) throw new ConfigurationError(`${folder}: got the folder of another run (flow ${found.command}), expected that of this one: restore the run file, or give another --dir`);
  const arithmetic = arithmeticOf(lattice, engine.strict ?? false);
  if (!found) writeRunFiles(paths, { command: `flow ${command}`, hash, base: folder }, `# gaugegrad flow ${command}: the run as resolved, with every default\n\n${stringify(run)}\n`, packageVersion());
  using work = new FlowWork(paths, command, run, hash, arithmetic, model, first, found);
  const end = yield* goOn<FlowEvent>(work, stop, began, { version: packageVersion(), arithmetic, environment: environmentOf() });
  yield end.kind === "stop" ? end : { ...end, ...resultOf(command, run, model, readLines<FlowLine>(paths.metrics)) };
}

/** What the lines of a run say. */
export function resultOf(command: FlowCommand, run: FlowRun, model: Pick<GenerativeModel, "name" | "size">, lines: readonly FlowLine[]): FlowResult {
  if (command === "train") {
    const last = lines.flatMap((l) => (l.kind === "training" ? [l] : [])).slice(-LAST);
    const mean = (key: "loss" | "sd" | "ess"): number => last.reduce((s, l) => s + l[key], 0) / last.length;
    return { trained: { model: model.name, weights: model.size, loss: mean("loss"), sd: mean("sd"), ess: mean("ess") } };
  }
  return { sampled: summaryOfFlow(run, lines) };
}

/** Averages over the chain of a sampled flow. */
export function summaryOfFlow(run: FlowRun, lines: readonly FlowLine[]): FlowSummary {
  const steps = lines.flatMap((l) => (l.kind === "sample" ? [l] : []));
  const { target, lattice } = run;
  const charges = steps.flatMap((s) => (s.values["charge"] === undefined ? [] : [Math.round(s.values["charge"])]));
  const sectors: Record<string, number> = {};
  for (const q of charges) sectors[q] = (sectors[q] ?? 0) + 1;
  const volume = lattice.extents.reduce((v, L) => v * L, 1);
  const known = target.kind === "wilson" && lattice.extents.length === 2;
  return {
    ...independenceSummary(steps.map((s) => ({ accepted: s.accepted, values: { ...s.values, ...(s.values["charge"] === undefined ? {} : { susceptibility: s.values["charge"] ** 2 / volume }) } }))),
    ...weightSummary(steps.map((s) => s.logWeight)),
    ...(known ? { exactLogZ: exactLogZ2d({ beta: target.beta, N: parseGroup(target.group).N, volume }) } : {}),
    ...(charges.length > 0 ? { sectors } : {}),
  };
}

class FlowWork implements Work<FlowEvent>, Disposable {
  readonly total: number;
  readonly checkpoint: number;
  readonly resumed: boolean;
  readonly done: boolean;
  position: number;
  saved: number;
  #state: State;
  #events: FlowEvent[] = [];
  readonly #paths: RunPaths;
  readonly #command: FlowCommand;
  readonly #run: FlowRun;
  readonly #hash: string;
  readonly #arithmetic: Arithmetic;
  readonly #model: GenerativeModel;
  readonly #first: Float64Array;
  readonly #metrics: MetricsFile;

  constructor(paths: RunPaths, command: FlowCommand, run: FlowRun, hash: string, arithmetic: Arithmetic, model: GenerativeModel, first: Float64Array, found: FlowCheckpoint | undefined) {
    [this.#paths, this.#command, this.#run, this.#hash, this.#arithmetic, this.#model, this.#first] = [paths, command, run, hash, arithmetic, model, first];
    this.total = totalOf(command, run);
    this.checkpoint = run.output.checkpoint;
    this.resumed = found !== undefined;
    this.done = found?.done ?? false;
    this.position = found?.position ?? 0;
    this.saved = this.position;
    this.#state = found?.state ?? {};
    this.#metrics = new MetricsFile(paths.metrics, found?.metrics ?? { bytes: 0, lines: 0, sha256: "" });
    if (found && arithmeticText(found.arithmetic) !== arithmeticText(arithmetic)) {
      const text = `the run was made with ${arithmeticText(found.arithmetic)} and goes on with ${arithmeticText(arithmetic)}: it is as correct, but its last bits are not those of an uninterrupted run`;
      this.event("warning", { text });
      this.#events.push({ kind: "warning", text, position: this.position, total: this.total });
    }
  }

  [Symbol.dispose](): void {
    this.#metrics[Symbol.dispose]();
  }

  take(): FlowEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  begin(): void {}

  leave(): void {}

  async next(): Promise<boolean> {
    if (this.position >= this.total) return false;
    const lines = this.#command === "train" ? [this.#train()] : this.#sample();
    this.position++;
    this.#metrics.append(lines);
    const { position, total } = this;
    for (const line of lines) this.#events.push({ ...line, position, total });
    return true;
  }

  /** One step on fresh samples, whose numbers follow from that of the step. */
  #train(): FlowLine {
    const { batch, rate, finalRate, clip, steps } = this.#run.training;
    const optimiser = adam({ rate: finalRate === undefined ? rate : schedules.cosine({ initial: rate, final: finalRate, steps }), ...(clip === undefined ? {} : { clip }) });
    const theta = this.#state.theta ?? this.#first;
    const step = this.position;
    const found = this.#model.gradient(theta, Array.from({ length: batch }, (_, b) => step * batch + b));
    if (!Number.isFinite(found.loss)) throw new PhysicsCheckError(`training step ${step}: the loss is ${found.loss}, expected a number: use a smaller training.rate, or training.clip`);
    try {
      const { parameters, state, gradientNorm, rate: used } = optimiser.step(theta, { gradient: () => found.gradient }, this.#state.optimiser ?? optimiser.start(theta.length));
      this.#state = { theta: parameters, optimiser: state };
      const { sd, ess } = batch > 1 ? weightSummary(found.logWeights) : { sd: 0, ess: 1 };
      return { kind: "training", step, loss: found.loss, sd, ess, gradientNorm, rate: used };
    } catch (error) {
      if (error instanceof NaNError) throw Object.assign(new PhysicsCheckError(`training step ${step}: ${error.message}`), { cause: error });
      throw error;
    }
  }

  #sample(): FlowLine[] {
    const { seed, samples } = this.#run.sampler;
    const lines: FlowLine[] = [];
    for (let index = this.position * BLOCK; index < Math.min(samples, (this.position + 1) * BLOCK); index++) {
      const { logWeight, values } = this.#model.sample(this.#first, index);
      if (!Number.isFinite(logWeight)) throw new PhysicsCheckError(`sample ${index}: its log weight is ${logWeight}, expected a number`);
      const uniform = randomStream(seed).sequence(PURPOSE.metropolis, index).next();
      const { state, accepted } = independenceStep(this.#state.chain, { index, logWeight, values }, uniform);
      this.#state = { chain: state };
      lines.push({ kind: "sample", index, logWeight, accepted, values: state.values });
    }
    return lines;
  }

  save(done = false): number {
    const at = performance.now();
    if (done && this.#state.theta) writeFlowModel(this.#paths.folder, this.#run, this.#state.theta);
    const checkpoint: FlowCheckpoint = {
      version: 1, command: this.#command, configurationHash: this.#hash, arithmetic: this.#arithmetic, position: this.position, done, state: this.#state, metrics: this.#metrics.sync(),
    };
    saveCheckpoint(this.#paths.folder, this.position, checkpoint);
    this.saved = this.position;
    return (performance.now() - at) / 1000;
  }

  event(kind: EventRecord["kind"], more: Partial<EventRecord>): void {
    recordEvent(this.#paths, { kind, time: new Date().toISOString(), position: this.position, ...more });
  }
}
