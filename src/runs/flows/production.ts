/** `gaugegrad flow train` and `flow sample` in a folder. */
import { existsSync, readFileSync } from "node:fs";
import { PhysicsCheckError } from "../../errors.ts";
import { type Deal, type FlowSample, type IndependenceState, type IndependenceSummary, type WeightSummary, type GenerativeModel, type WeightSpread, exactLogZ2d, independenceStep, independenceSummary, weightSummary } from "../../flows/index.ts";
import { type LatticeOptions, lattice as makeLattice, parseGroup } from "../../gauge/index.ts";
import { type Objective, type OptimiserState, adam, gaussNewton, schedules } from "../../training/index.ts";
import { PURPOSE, randomStream, sha256Hex } from "../../util/index.ts";
import { checking } from "../production/checked-sampler.ts";
import { canonical } from "../identity.ts";
import { Ranks } from "../ranks/ranks.ts";
import { undivided } from "../ranks/shards.ts";
import { type StateUnit, type UnitEvent, produceUnits } from "../production/units.ts";
import type { Ended } from "../production/work.ts";
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
export type FlowEvent = UnitEvent<FlowLine> | (Ended & FlowResult);

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

/** Proposals of one unit. */
const BLOCK = 16;
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

/** Makes a run of a flow, or goes on with it; ranks share the samples, each on an undivided lattice. @throws FileFormatError for folders and files, ConfigurationError for a folder of another run, PhysicsCheckError for a loss that is no number. */
export async function* produceFlow(options: FlowProductionOptions): AsyncGenerator<FlowEvent, void, void> {
  const { command, run, folder, engine = {}, signal } = options;
  const ranks = new Ranks(engine.comm);
  const lattice = makeLattice(run.lattice.extents, undivided(engine));
  const model = flowModelOf(lattice, run);
  const first = command === "sample" ? weightsOf(run, model) : model.start(run.sampler.seed);
  const { end, lines } = yield* produceUnits<FlowLine, State>({
    family: "flow", command, hash: identityOf(command, run), configuration: run, folder, lattice, strict: engine.strict, signal, ranks,
    total: totalOf(command, run),
    units: (from, position) => (command === "train" ? trained(run, model, ranks, first, from, position) : sampled(run, model, ranks, first, from, position)),
    finish: (to, { theta }) => void (theta && writeFlowModel(to, run, theta)),
  });
  yield end.kind === "stop" ? end : { ...end, ...resultOf(command, run, model, lines) };
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

/** Pieces of work shared by ranks, the k-th on rank k modulo their number; what comes of them is known to all. Collective. */
const dealt = (ranks: Ranks): Deal => (pieces, of) => {
  const { rank, size } = ranks.comm;
  const all = ranks.all(() => pieces.filter((_, k) => k % size === rank).map(of));
  return pieces.map((_, k) => all[k % size]![Math.floor(k / size)]!);
};

/** Samples of these consecutive numbers, each rank's side by side in one replay. A sample's bits do not depend on those beside it. */
function samplesOf(ranks: Ranks, model: GenerativeModel, theta: Float64Array, numbers: readonly number[]): readonly FlowSample[] {
  const { size } = ranks.comm;
  const own = Math.ceil(numbers.length / size);
  return dealt(ranks)(Array.from({ length: size }, (_, r) => numbers.slice(r * own, (r + 1) * own)), (mine) => model.samples(theta, mine)).flat();
}

/** Steps on fresh samples, whose numbers follow from that of the step. */
function* trained(run: FlowRun, model: GenerativeModel, ranks: Ranks, first: Float64Array, from: State, position: number): Generator<StateUnit<FlowLine, State>, void, void> {
  const { method, objective: aim, batch, rate, finalRate, clip, steps } = run.training;
  const optimiser = method === "gauss-newton" ? gaussNewton() : adam({ rate: finalRate === undefined ? rate : schedules.cosine({ initial: rate, final: finalRate, steps }), ...(clip === undefined ? {} : { clip }) });
  let { theta = first, optimiser: memory = optimiser.start(theta.length) } = from;
  for (let step = position; step < steps; step++) {
    const { logWeights, objective } = objectiveAt(method, aim, model, ranks, theta, Array.from({ length: batch }, (_, b) => step * batch + b));
    const loss = -logWeights.reduce((a, b) => a + b, 0) / batch;
    if (!Number.isFinite(loss)) throw new PhysicsCheckError(`training step ${step}: the loss is ${loss}, expected a number: use a smaller training.rate, or training.clip`);
    const { parameters, state, gradientNorm, rate: used } = checking(`training step ${step}`, () => optimiser.step(theta, objective, memory));
    [theta, memory] = [parameters, state];
    const { sd, ess } = batch > 1 ? weightSummary(logWeights) : { sd: 0, ess: 1 };
    yield { lines: [{ kind: "training", step, loss, sd, ess, gradientNorm, rate: used }], state: () => ({ theta: parameters, optimiser: state }) };
  }
}

/** Log weights at theta, and what the method makes small: the divergence, or the spread of the log weights. What is no mean over single samples every rank makes as a whole. */
function objectiveAt(method: FlowRun["training"]["method"], aim: FlowRun["training"]["objective"], model: GenerativeModel, ranks: Ranks, theta: Float64Array, indices: readonly number[]): { readonly logWeights: Float64Array; readonly objective: Objective } {
  if (method === "adam") {
    const { logWeights, gradient } = model.gradient(theta, indices, aim, dealt(ranks));
    return { logWeights, objective: { gradient: () => gradient } };
  }
  const at = (x: Float64Array): WeightSpread => model.spread!(x, indices);
  const first = at(theta);
  return {
    logWeights: first.logWeights,
    objective: {
      gradient: () => first.jacobian.reduce((s, row, i) => s.map((g, a) => g + (row[a]! * first.residuals[i]!) / indices.length), new Float64Array(theta.length)),
      residuals: (x) => (x === theta ? first : at(x)),
    },
  };
}

/** Blocks of proposals. */
function* sampled(run: FlowRun, model: GenerativeModel, ranks: Ranks, theta: Float64Array, from: State, position: number): Generator<StateUnit<FlowLine, State>, void, void> {
  const { seed, samples } = run.sampler;
  let { chain } = from;
  for (let block = position; block * BLOCK < samples; block++) {
    const lines: FlowLine[] = [];
    const numbers = Array.from({ length: Math.min(BLOCK, samples - block * BLOCK) }, (_, k) => block * BLOCK + k);
    for (const { index, logWeight, values } of samplesOf(ranks, model, theta, numbers)) {
      if (!Number.isFinite(logWeight)) throw new PhysicsCheckError(`sample ${index}: its log weight is ${logWeight}, expected a number`);
      const uniform = randomStream(seed).sequence(PURPOSE.metropolis, index).next();
      const { state, accepted } = independenceStep(chain, { index, logWeight, values }, uniform);
      chain = state;
      lines.push({ kind: "sample", index, logWeight, accepted, values: state.values });
    }
    const after: State = chain ? { chain } : {};
    yield { lines, state: () => after };
  }
}
