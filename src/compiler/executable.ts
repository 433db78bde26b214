/** A compiled program: buffers placed by lifetime in one arena, parameter tables, and the list of launches that replay it. */
import { BIN_PARTS, BinnedSums } from "../backend/index.ts";
import { type Executable, type Storage, storedComponents, isShared } from "../autograd/index.ts";
import type { Arena } from "./arena.ts";
import { Conflicts } from "./conflicts.ts";
import { Contraction, type Place } from "./contractions.ts";
import type { CompiledKernels } from "./emitter.ts";
import { type Chunks, type Places, RankSums, StepExchange, needsOf, writeGhosts } from "#platform/compiler/divide/divided";
import { type Loop, loopsOf } from "./loop.ts";
import type { HeapStorage, Machine } from "./machine.ts";
import type { RunDense } from "./dense/run-dense.ts";
import { denseStep } from "./dense/step.ts";
import type { ContractionStep, DenseStepPlan, KernelStep, SamplesStep, Schedule, SolveStep } from "./ir.ts";
import { debugKernels } from "./debug.ts";
import { describeProgram } from "./describe.ts";
import { type KernelPlan, type Parameter, chunkBlocks, planKernel, scratchReals } from "./kernels.ts";
import { type Stretch, stretchesOf } from "#platform/compiler/replay/replay";
import type { LinearSystem, Solver } from "./solve/solver-programs.ts";
import { forAllSamples, treeSum } from "./sample-numbers.ts";
import { SINGLE_RESIDUAL, runSolve, solverOf, systemOf } from "./solve/solvers.ts";

interface Launch {
  readonly plan: KernelPlan;
  readonly kernel: number;
  /** Index of its parameter table in 32-bit words. */
  readonly table: number;
  readonly chunks: number;
  readonly compute: Chunks;
  /** Address of the partial sums of each reduction, in bytes. */
  readonly partials: readonly number[];
  readonly sums: BinnedSums | undefined;
  /** Adds the ranks' parts, on a divided lattice. */
  readonly over: RankSums | undefined;
  /** For each sum and sample the index of its first chunk, of which it has `each`, and where its total goes. */
  readonly starts: readonly number[];
  readonly targets: readonly { readonly buffer: number; readonly offset: number }[];
  readonly each: number;
  /** Places of the targets, for totals that are made elsewhere. */
  readonly to: Int32Array;
}

export class ProgramExecutable implements Executable {
  readonly arenaBytes: number;
  readonly #engine: Machine;
  readonly #schedule: Schedule;
  readonly #compiled: CompiledKernels;
  readonly #launches: (Launch | undefined)[];
  readonly #systems: readonly (LinearSystem | undefined)[];
  readonly #solvers: (Solver | undefined)[];
  readonly #dense: (RunDense | undefined)[];
  readonly #contractions: (Contraction | undefined)[];
  readonly #loops: (Loop | undefined)[];
  /** Byte address of every buffer; external ones are set at each run. */
  readonly #address: Float64Array;
  /** Bytes from one block to the next of every buffer. */
  readonly #stride: Float64Array;
  readonly #owned: { address: number; bytes: number }[] = [];
  readonly #conflicts: Conflicts;
  /** Stand-ins of outputs that would have. */
  readonly #shadows: (HeapStorage | undefined)[];
  /** Table entries that hold an external buffer's address or stride, by buffer. */
  readonly #patches = new Map<number, { readonly entry: number; readonly stride: boolean }[]>();
  /** Those of the last run. */
  #inputs: readonly Storage[] = [];
  #outputs: readonly Storage[] = [];
  /** Moves of the memory when these were bound. */
  #moves = -1;
  /** On a divided lattice, what goes to the neighbours before each step, and the fields that solvers take for their caller's. */
  readonly #exchanges: readonly (StepExchange | undefined)[];
  readonly #lent: HeapStorage[] = [];
  /** Do steps give buffers to programs of their own? */
  readonly #lends: boolean;
  readonly #places: Places;
  /** Launches that run in one call, at the step of the first of them. */
  readonly #stretches: readonly (Stretch | undefined)[];
  /** Seconds and runs of each step, kept under DEBUG=kernels. */
  readonly #times: Float64Array | undefined;
  #runs = 0;
  /** Numbers of all samples. */
  #numbers = new Float64Array(0);

  constructor(engine: Machine, schedule: Schedule, arena: Arena) {
    this.#engine = engine;
    this.#schedule = schedule;
    this.#lends = schedule.steps.some(({ kind }) => kind === "solve" || kind === "dense" || kind === "loop");
    this.#address = new Float64Array(schedule.buffers.length);
    this.#stride = new Float64Array(schedule.buffers.length);
    this.#place(arena);
    const plans = schedule.steps.map((s) => (s.kind === "kernel" ? planKernel(s, schedule, engine.microKernels, engine.emitter.joins) : undefined));
    const kernels = plans.filter((p) => p !== undefined);
    this.#compiled = engine.emitter.compile(kernels, { order: (d) => engine.order(d), layout: engine.layout, blocks: engine.tileBlocks, known: (p) => this.#known(p) });
    for (const p of kernels) engine.reserveScratch(scratchReals(p, chunkBlocks(engine.layout.siteLanes), engine.emitter.single === true));
    let k = 0;
    this.#launches = plans.map((p) => p && this.#prepare(p, k++));
    this.#systems = schedule.steps.map((s) => (s.kind === "solve" ? systemOf(s, this.#engine.emitter.single) : undefined));
    this.#solvers = schedule.steps.map((s) => (s.kind === "solve" ? this.#solver(s) : undefined));
    this.#dense = schedule.steps.map((s) => (s.kind === "dense" ? this.#denseStep(s) : undefined));
    const place = (b: number, type = schedule.buffers[b]!.type): Place => ({ at: this.#storage(b), type });
    this.#contractions = schedule.steps.map((s) => (s.kind === "contraction" ? new Contraction(engine, s, s.inputs.map((b, k) => place(b, s.types[k])), place(s.output), (bytes) => this.#allocate(bytes)) : undefined));
    this.#loops = loopsOf(engine, schedule.steps, (b) => this.#lend(b));
    this.arenaBytes = arena.bytes + this.#loops.reduce((most, l) => Math.max(most, l?.programBytes ?? 0), 0) + this.#loops.reduce((sum, l) => sum + (l?.ownBytes ?? 0), 0);
    const { halos } = engine;
    this.#exchanges = halos ? needsOf(schedule, halos).map((needs, s) => (needs.length > 0 ? new StepExchange(engine, needs, schedule, schedule.steps[s] as KernelStep | ContractionStep) : undefined)) : [];
    this.#places = {
      address: this.#address,
      stride: this.#stride,
      input: (b) => {
        const { external } = schedule.buffers[b]!;
        return external?.side === "input" ? (this.#inputs[external.index] as HeapStorage) : undefined;
      },
    };
    this.#conflicts = new Conflicts(schedule);
    this.#shadows = schedule.outputs.map(() => undefined);
    this.#times = debugKernels() ? new Float64Array(schedule.steps.length) : undefined;
    this.#stretches = stretchesOf(engine, schedule, this.#launches, this.#exchanges, this.#compiled, { allocate: (bytes) => this.#allocate(bytes), enter: (entry, b) => this.#enterPlace(entry, b, false), place: (b) => this.#storage(b) });
  }

  run(inputs: readonly Storage[], outputs: readonly Storage[]): void {
    const { memory } = this.#engine;
    this.#engine.use(inputs, outputs);
    memory.hold();
    try {
      this.#bindAll(inputs, outputs);
      this.repeat();
    } finally {
      memory.letGo();
    }
  }

  /** Takes these storages, which may not move from then on, for later calls of the launches that the program consists of; undefined where there is more to it. */
  bind(inputs: readonly Storage[], outputs: readonly Storage[]): { readonly stretch: Stretch; readonly places: Places } | undefined {
    const all = this.#stretches[0];
    if (all?.last !== this.#schedule.steps.length - 1) return undefined;
    this.#engine.use(inputs, outputs);
    this.#bindAll(inputs, outputs);
    return outputs.some((_, j) => this.#shadowed(j)) ? undefined : { stretch: all, places: this.#places };
  }

  /** Callers do not change lists that they have given: those of the last run are bound, unless something has moved. */
  #bindAll(inputs: readonly Storage[], outputs: readonly Storage[]): void {
    const { memory } = this.#engine;
    if (inputs === this.#inputs && outputs === this.#outputs && memory.moves === this.#moves) return;
    const [schedule, conflicts] = [this.#schedule, this.#conflicts];
    schedule.inputs.forEach((buffer, i) => this.#bind(buffer, inputs[i] as HeapStorage));
    conflicts.place(schedule.inputs.map((buffer) => this.#address[buffer]!));
    schedule.outputs.forEach((buffer, j) => {
      const target = outputs[j] as HeapStorage;
      this.#bind(buffer, conflicts.clashes(target.address, j) ? this.#shadow(j) : target);
    });
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#moves = memory.moves;
  }

  repeat(): void {
    const outputs = this.#outputs;
    const steps = this.#schedule.steps;
    for (let s = 0; s < steps.length; s++) {
      const stretch = this.#stretches[s];
      if (stretch) {
        stretch.run(this.#places);
        s = stretch.last;
        continue;
      }
      const begin = this.#times ? performance.now() : 0;
      const launch = this.#launches[s];
      if (launch) this.#launch(launch, this.#exchanges[s]);
      else if (this.#contractions[s]) this.#contractions[s]!.run(this.#exchanges[s], this.#places);
      else if (!this.#runLent(s)) this.#move(s);
      if (this.#times) this.#times[s]! += performance.now() - begin;
    }
    this.#runs++;
    for (let j = 0; j < outputs.length; j++) {
      (outputs[j] as HeapStorage).fresh?.clear();
      if (this.#shadowed(j)) this.#engine.copy([this.#shadows[j]!], [outputs[j]!], [this.#schedule.buffers[this.#schedule.outputs[j]!]!.type]);
    }
  }

  /** Runs a step with programs of its own, on lent fields whose ghost blocks are those of its last run; false for another step. */
  #runLent(s: number): boolean {
    const [solver, work] = [this.#solvers[s], this.#dense[s] ?? this.#loops[s]];
    if (!solver && !work) return false;
    for (const f of this.#lent) f.fresh!.clear();
    if (solver) runSolve(solver, this.#systems[s]!, this.#engine.lattice.batch, this.#engine.emitter.single ? SINGLE_RESIDUAL : 0);
    work?.run();
    return true;
  }

  describe(): string {
    const { volume } = this.#engine.lattice;
    return describeProgram(this.#schedule, {
      realBytes: this.#engine.heap.realBytes,
      arenaBytes: this.arenaBytes,
      plan: (step) => this.#launches[step]?.plan,
      loop: (step) => this.#loops[step]!.describe(),
      time: (step) => (this.#times && this.#runs > 0 ? (1e6 * this.#times[step]!) / this.#runs / volume : undefined),
    });
  }

  dispose(): void {
    for (const o of this.#owned) this.#engine.memory.free(o.address, o.bytes, "parts of programs");
    for (const s of this.#shadows) s?.dispose();
    for (const s of [...this.#solvers, ...this.#dense, ...this.#loops]) s?.dispose();
    this.#owned.length = 0;
    this.#compiled.drop?.();
  }

  #allocate(bytes: number): number {
    const address = this.#engine.memory.allocate(bytes, "parts of programs");
    this.#owned.push({ address, bytes });
    return address;
  }

  /** Gives every arena buffer an address, and constants their values. */
  #place({ bytes, offsets, strides }: Arena): void {
    if (bytes === 0) return;
    const base = this.#allocate(bytes);
    for (const [k, at] of offsets) {
      this.#address[k] = base + at;
      this.#stride[k] = strides.get(k)!;
      const { data, type } = this.#schedule.buffers[k]!;
      if (data) this.#engine.write(this.#storage(k), type, isShared(type) ? data : forAllSamples(data, this.#engine.lattice.batch));
      if (data && type.kind !== "scalar") writeGhosts(this.#engine, this.#storage(k), type, data, this.#schedule.buffers[k]!.ghosts ?? 0);
    }
  }

  /** The present place of a buffer, followed as external ones move. */
  #storage(buffer: number): HeapStorage {
    const [address, stride] = [this.#address, this.#stride];
    return {
      get address() {
        return address[buffer]!;
      },
      get stride() {
        return stride[buffer]!;
      },
      bytes: this.#engine.bytes(this.#schedule.buffers[buffer]!.type),
      dispose: () => undefined,
    };
  }

  #prepare(plan: KernelPlan, kernel: number): Launch {
    const { engine, unit } = { engine: this.#engine, unit: this.#engine.emitter.addressUnit };
    const words = engine.emitter.parameterWords;
    const order = engine.order(plan.step.domain);
    const chunks = order.copies * order.chunks;
    // and behind the chunks, on ranks, the highest bin of the last time
    const partials = plan.step.reductions.map(() => this.#allocate(8 * (BIN_PARTS * chunks * engine.layout.sampleLanes + 1)));
    const table = this.#allocate(4 * words * Math.max(1, plan.parameters.length)) / 4;
    plan.parameters.forEach((p, k) => {
      const entry = table + words * k;
      if (p.kind === "table") this.#engine.enter(entry, this.#known(p)!);
      else if (p.kind === "partials") this.#engine.enter(entry, partials[p.reduction]! / unit);
      else this.#enterPlace(entry, p.buffer, p.kind === "stride");
    });
    const compute: Chunks = (first, last) => {
      const { scratch: { address, bytes }, heap, emitter: { addressUnit } } = engine;
      this.#compiled.launch(kernel, heap, table, address / addressUnit, chunks, bytes, first, last);
    };
    const { lattice: { batch }, layout } = engine;
    // the chunks of a sample stand together
    const each = (chunks * layout.sampleLanes) / batch;
    const samples = Array.from({ length: batch }, (_, b) => b);
    const starts = partials.flatMap((p) => samples.map((b) => p / 8 + BIN_PARTS * each * b));
    const targets = plan.step.reductions.flatMap(({ buffer }) => samples.map((b) => ({ buffer, offset: layout.scalarAt(b) })));
    return { plan, kernel, table, chunks, compute, partials, starts, targets, each, to: new Int32Array(targets.length), sums: starts.length > 0 ? new BinnedSums(starts.length) : undefined, over: starts.length > 0 && engine.part && engine.part.comm.size > 1 ? new RankSums(engine, starts.length) : undefined };
  }

  /** A parameter that stays: places outside of the caller's fields, but for fields of one tile, which are elsewhere for every tile. */
  #known(p: Parameter): number | undefined {
    const { addressUnit } = this.#engine.emitter;
    if (p.kind === "table") return this.#engine.table(p.displacement) * (addressUnit === 1 ? 4 : 1);
    if (p.kind === "partials") return undefined;
    const { external, blocks } = this.#schedule.buffers[p.buffer]!;
    if (external || (blocks !== undefined && p.kind === "buffer")) return undefined;
    return (p.kind === "stride" ? this.#stride : this.#address)[p.buffer]! / addressUnit;
  }

  /** Writes the address or stride of a buffer into a table, anew whenever it changes. */
  #enterPlace(entry: number, buffer: number, stride: boolean): void {
    if (this.#schedule.buffers[buffer]!.external) {
      const patches = this.#patches.get(buffer);
      if (patches) patches.push({ entry, stride });
      else this.#patches.set(buffer, [{ entry, stride }]);
    } else this.#engine.enter(entry, (stride ? this.#stride[buffer]! : this.#address[buffer]!) / this.#engine.emitter.addressUnit);
  }

  /** Gives an external buffer its place, and writes it into the tables where it has changed. */
  #bind(buffer: number, { address, stride }: HeapStorage): void {
    if (this.#address[buffer] === address && this.#stride[buffer] === stride) return;
    this.#address[buffer] = address;
    this.#stride[buffer] = stride;
    if (this.#lends) this.#engine.memory.moves++;
    const unit = this.#engine.emitter.addressUnit;
    for (const p of this.#patches.get(buffer) ?? []) this.#engine.enter(p.entry, (p.stride ? stride : address) / unit);
  }

  /** Is output j bound to a stand-in? */
  #shadowed(j: number): boolean {
    const shadow = this.#shadows[j];
    return shadow !== undefined && this.#address[this.#schedule.outputs[j]!] === shadow.address;
  }

  #shadow(j: number): HeapStorage {
    return (this.#shadows[j] ??= this.#engine.allocate(this.#schedule.buffers[this.#schedule.outputs[j]!]!.type));
  }

  #launch(l: Launch, exchange: StepExchange | undefined): void {
    const engine = this.#engine;
    if (exchange) exchange.run(this.#places, l.compute);
    else l.compute(0, l.chunks);
    const { sums, starts, targets, each, to } = l;
    if (!sums) return;
    if (this.#compiled.total) {
      for (let k = 0; k < to.length; k++) to[k] = this.#address[targets[k]!.buffer]! / 8 + targets[k]!.offset;
      this.#compiled.total(l.kernel, to);
      return;
    }
    const f = engine.heap.f64;
    for (let k = 0; k < starts.length; k++) sums.top(k, f, starts[k]!, each);
    if (l.over) l.over.sum(sums, f, starts, each);
    else sums.gatherAll(f, starts, each);
    for (let k = 0; k < starts.length; k++) {
      const { buffer, offset } = targets[k]!;
      const at = this.#address[buffer]! / engine.heap.realBytes + offset;
      engine.heap.reals.fill(sums.total(k), at, at + engine.layout.scalarLanes);
    }
  }

  /** The sum of the samples' numbers. */
  #samples({ from, to }: SamplesStep): void {
    const { lattice, layout, heap } = this.#engine;
    if (heap.mirror) for (const b of [from, to]) this.#engine.attend(this.#storage(b), this.#schedule.buffers[b]!.type, b === to);
    const at = this.#address[from]! / heap.realBytes;
    if (this.#numbers.length < lattice.batch) this.#numbers = new Float64Array(lattice.batch);
    const numbers = this.#numbers;
    for (let b = 0; b < lattice.batch; b++) numbers[b] = heap.reals[at + layout.scalarAt(b)]!;
    const target = this.#address[to]! / heap.realBytes;
    heap.reals.fill(treeSum(numbers, 0, lattice.batch), target, target + layout.width);
  }

  /** A step that moves numbers without a kernel. */
  #move(s: number): void {
    const step = this.#schedule.steps[s]!;
    if (step.kind === "samples") this.#samples(step);
    if (step.kind !== "zero") return;
    const [first, last] = this.#engine.range(step.domain);
    const { layout: { width, copies, copyBlocks }, heap: { reals, realBytes, mirror } } = this.#engine;
    const n = storedComponents(this.#schedule.buffers[step.buffer]!.type) * width;
    const [address, stride] = [this.#address[step.buffer]! / realBytes, this.#stride[step.buffer]! / realBytes];
    for (let copy = 0; copy < copies; copy++) {
      const from = copy * copyBlocks + first;
      const blocks = mirror ? 0 : last - first;
      mirror?.zero(realBytes * (address + from * stride), realBytes * stride, realBytes * n, last - first);
      if (stride === n && blocks > 0) reals.fill(0, address + from * n, address + (from + blocks) * n);
      else for (let b = from; b < from + blocks; b++) for (let at = address + b * stride, end = at + n; at < end; at++) reals[at] = 0;
    }
  }

  #denseStep({ factors, outputs, positive, overlap }: DenseStepPlan): RunDense {
    return denseStep(this.#engine, {
      factors: factors.map((f) => ({ ...f, captured: f.captured.map((b) => this.#lend(b)) })),
      outputs: outputs.map(({ buffer, ...o }) => ({ ...o, to: this.#storage(buffer) })),
      positive,
      ...(overlap ? { overlap: { ...overlap, mass: this.#storage(overlap.mass) } } : {}),
    });
  }

  /** A buffer as the field of a caller, for the programs of solvers and loops. */
  #lend(b: number): HeapStorage {
    if (!this.#engine.part) return this.#storage(b);
    const lent = Object.defineProperty(this.#storage(b), "fresh", { value: new Set<number>() });
    this.#lent.push(lent);
    return lent;
  }

  #solver(step: SolveStep): Solver {
    return solverOf(this.#engine, systemOf(step, this.#engine.emitter.single), { captured: step.captured.map((b) => this.#lend(b)), b: this.#lend(step.rhs), solutions: step.solutions.map((b) => this.#lend(b)) });
  }
}
