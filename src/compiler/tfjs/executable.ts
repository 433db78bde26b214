/**
 * Runs a recorded program op by op. A value is given back after its last use, and everything that a rule leaves behind at once, so that
 * replays neither grow memory nor need a scope around them.
 */
import { type CompileOptions, type DenseWork, type Executable, type LoopWork, type Node, type Program, type Role, type Storage, components, inputOp, linkFieldBytes } from "../../autograd/index.ts";
import type { Arrays, Pair } from "../../backend/index.ts";
import { BackendError, SolverError } from "../../errors.ts";
import { Loop } from "../loop.ts";
import { ConjugateGradient } from "../conjugate-gradient.ts";
import type { RunDense } from "../dense/run-dense.ts";
import { denseStep } from "../dense/step.ts";
import type { TfjsMachine, TfjsStorage } from "./machine.ts";
import { type Value, arraysOf } from "./layout.ts";
import type { Rule, Steps } from "./arithmetic.ts";
import { ruleOf } from "./rules.ts";

/** Solves that share operator, fields and right-hand side: one multi-shift solve. */
interface SolveGroup {
  readonly ids: readonly number[];
  readonly solver: ConjugateGradient;
  readonly fields: readonly TfjsStorage[];
  readonly rhs: TfjsStorage;
  readonly solutions: readonly TfjsStorage[];
}

export class TfjsExecutable implements Executable {
  readonly arenaBytes: number;
  readonly #engine: TfjsMachine;
  readonly #program: Program;
  readonly #b: Arrays;
  readonly #rules: readonly (Rule | "own")[];
  /** Values whose last use is this node. */
  readonly #last: readonly (readonly number[])[];
  readonly #constants: Map<number, Pair>;
  /** Gives the constants back; holds no reference to the engine. */
  readonly releaseConstants: () => void;
  readonly #solves = new Map<number, SolveGroup>();
  readonly #products = new Map<number, { readonly fields: readonly TfjsStorage[]; readonly to: TfjsStorage; readonly step: RunDense }>();
  readonly #loops = new Map<number, { readonly ids: readonly number[]; readonly fields: readonly TfjsStorage[]; readonly results: readonly TfjsStorage[]; readonly loop: Loop }>();
  #busy = false;
  #arguments: [readonly Storage[], readonly Storage[]] = [[], []];

  /** @throws BackendError for an op without a rule, or values that take more memory than `maxFields` link fields. */
  constructor(engine: TfjsMachine, program: Program, options: CompileOptions = {}) {
    this.#engine = engine;
    this.#program = program;
    const b = engine.arrays.session();
    const constants = new Map<number, Pair>();
    [this.#b, this.#constants] = [b, constants];
    this.releaseConstants = () => {
      for (const x of constants.values()) for (const a of arraysOf(x)) b.release(a);
      constants.clear();
    };
    this.#rules = program.nodes.map((n) => {
      const rule = ruleOf(n.op);
      if (!rule) throw new BackendError(`tfjs: op ${n.op.name} has no rule on this backend: run the program on js, wasm or native`);
      return rule;
    });
    const lastUse = program.nodes.map((_, id) => id);
    program.nodes.forEach((n, id) => n.inputs.forEach((i) => (lastUse[i] = id)));
    for (const id of program.outputs) lastUse[id] = Infinity;
    const last: number[][] = program.nodes.map(() => []);
    lastUse.forEach((at, id) => last[at]?.push(id));
    this.#last = last;
    this.arenaBytes = this.#peak();
    const { maxFields = Infinity } = options;
    const fields = this.arenaBytes / linkFieldBytes(program);
    if (fields > maxFields) throw new BackendError(`memory: the values alive at once take ${fields.toFixed(1)} link fields, got a budget of maxFields = ${maxFields}: raise it, or wrap parts of the program in checkpoint`);
  }

  repeat(): void {
    this.run(...this.#arguments);
  }

  run(inputs: readonly Storage[], outputs: readonly Storage[]): void {
    this.#arguments = [inputs, outputs];
    const steps = this.#steps(inputs as readonly TfjsStorage[], outputs as readonly TfjsStorage[]);
    let r = steps.next();
    while (!r.done) {
      let values: Float64Array;
      try {
        values = this.#b.download(r.value);
      } catch (error) {
        r = steps.throw(error);
        continue;
      }
      r = steps.next(values);
    }
  }

  /** As `run`, with asynchronous reads. @throws BackendError when the program is running already. */
  async runAsync(inputs: readonly Storage[], outputs: readonly Storage[]): Promise<void> {
    const steps = this.#steps(inputs as readonly TfjsStorage[], outputs as readonly TfjsStorage[]);
    let r = steps.next();
    while (!r.done) {
      let values: Float64Array;
      try {
        values = await this.#b.downloadAsync(r.value);
      } catch (error) {
        r = steps.throw(error);
        continue;
      }
      r = steps.next(values);
    }
  }

  describe(): string {
    const counts = new Map<string, number>();
    for (const n of this.#program.nodes) if (n.op !== inputOp) counts.set(n.op.name, (counts.get(n.op.name) ?? 0) + 1);
    const { engine, device, precision, formulation } = this.#engine.loaded;
    return [
      `tfjs ${engine} on ${device}, ${precision}, ${formulation.name} products: ${this.#program.nodes.length - this.#program.inputs.length} ops, one after the other`,
      ...[...counts].sort(([, a], [, b]) => b - a).map(([name, n]) => `  ${n} ${name}`),
      `values alive at once: ${this.arenaBytes} bytes`,
    ].join("\n");
  }

  dispose(): void {
    this.releaseConstants();
    for (const g of new Set(this.#solves.values())) {
      g.solver.dispose();
      for (const s of [...g.fields, g.rhs, ...g.solutions]) s.dispose();
    }
    this.#solves.clear();
    for (const { fields, to, step } of this.#products.values()) {
      step.dispose();
      for (const s of [...fields, to]) s.dispose();
    }
    this.#products.clear();
    for (const { loop, fields, results } of new Set(this.#loops.values())) {
      loop.dispose();
      for (const s of [...fields, ...results]) s.dispose();
    }
    this.#loops.clear();
  }

  *#steps(inputs: readonly TfjsStorage[], outputs: readonly TfjsStorage[]): Steps<void> {
    if (this.#busy) throw new BackendError("tfjs: this program is running already: await the first run, or record a second plan");
    this.#busy = true;
    const { nodes } = this.#program;
    const values: (Value | undefined)[] = nodes.map(() => undefined);
    try {
      for (let id = 0; id < nodes.length; id++) {
        if (values[id] === undefined) {
          const x = yield* this.#value(id, inputs, values);
          this.#keep(values, id, x);
        }
        for (const i of this.#last[id]!) {
          this.#release(values[i]!);
          values[i] = undefined;
        }
      }
      outputs.forEach((to, j) => this.#engine.assign(to, values[this.#program.outputs[j]!]!));
    } finally {
      for (const x of values) if (x !== undefined) this.#release(x);
      this.#b.sweep(0, []);
      this.#busy = false;
    }
  }

  /** The value becomes this run's; whatever else was made since is given back. */
  #keep(values: (Value | undefined)[], id: number, x: Value): void {
    for (const a of arraysOf(x)) this.#b.retain(a);
    values[id] = x;
    this.#b.sweep(0, []);
  }

  #release(x: Value): void {
    for (const a of arraysOf(x)) this.#b.release(a);
  }

  *#value(id: number, inputs: readonly TfjsStorage[], values: (Value | undefined)[]): Steps<Value> {
    const { nodes } = this.#program;
    const node = nodes[id]!;
    const rule = this.#rules[id]!;
    if (rule !== "own") {
      const context = { b: this.#b, store: this.#engine.store, types: node.inputs.map((i) => nodes[i]!.type), type: node.type, attributes: node.attributes };
      const r = rule(context, node.inputs.map((i) => values[i]!));
      return typeof r === "object" && "next" in r ? yield* r : r;
    }
    if (node.op === inputOp) return this.#engine.valueOf(inputs[node.attributes["index"] as number]!);
    if (node.op.role?.is === "solve") return this.#solve(id, values);
    if (node.op.role?.is === "dense") return this.#denseValue(id, node.op.role.work(node.attributes), values);
    if (node.op.role?.is === "loop") return this.#loop(id, values);
    return this.#constant(id, node);
  }

  /** The values of a loop, by the programs of its steps. */
  #loop(id: number, values: (Value | undefined)[]): Value {
    const { nodes } = this.#program;
    const { op, inputs } = nodes[id]!;
    const workOf = (n: Node): LoopWork => (n.op.role as Role & { readonly is: "loop" }).work(n.attributes);
    const keyOf = (n: Node): string => [n.inputs.join(), workOf(n).count, workOf(n).checkpoints, workOf(n).body.key, workOf(n).back?.key].join(" ");
    let made = this.#loops.get(id);
    if (!made) {
      const work = workOf(nodes[id]!);
      const key = keyOf(nodes[id]!);
      const ids = nodes.flatMap((n, k) => (n.op === op && keyOf(n) === key ? [k] : []));
      const fields = inputs.map((i) => this.#engine.allocate(nodes[i]!.type));
      const results = ids.map((k) => this.#engine.allocate(nodes[k]!.type));
      made = { ids, fields, results, loop: new Loop(this.#engine, work, fields, ids.map((k, j) => ({ output: workOf(nodes[k]!).output, to: results[j]! }))) };
      for (const k of ids) this.#loops.set(k, made);
    }
    const { ids, fields, results, loop } = made;
    inputs.forEach((i, k) => this.#engine.assign(fields[k]!, values[i]!));
    loop.run();
    ids.forEach((other, k) => {
      if (other !== id) this.#keep(values, other, this.#engine.valueOf(results[k]!));
    });
    return this.#engine.valueOf(results[ids.indexOf(id)]!);
  }

  /** A field known while recording, uploaded once. */
  #constant(id: number, node: Node): Pair {
    let x = this.#constants.get(id);
    if (x) return x;
    let data = node.attributes["data"] as Float64Array | undefined;
    if (!data) {
      const N = node.attributes["N"] as number;
      data = Float64Array.from({ length: this.#engine.lattice.volume * components(node.type) }, (_, k) => (k % 2 === 0 && ((k / 2) % (N * N)) % (N + 1) === 0 ? 1 : 0));
    }
    x = this.#engine.store.layout.upload(this.#b, node.type, data);
    for (const a of arraysOf(x)) this.#b.retain(a);
    this.#constants.set(id, x);
    return x;
  }

  /**
   * Conjugate gradient with coefficients on the host in float64. The tolerance is no smaller than 16 roundoffs, and a residual, computed
   * from its definition, is accepted up to the square root of the roundoff.
   */
  #solve(id: number, values: (Value | undefined)[]): Value {
    const { nodes } = this.#program;
    const group = this.#solves.get(id) ?? this.#group(id);
    const { inputs, attributes } = nodes[id]!;
    const rhs = inputs[inputs.length - 1]!;
    inputs.slice(0, -1).forEach((i, k) => this.#engine.assign(group.fields[k]!, values[i]!));
    this.#engine.assign(group.rhs, values[rhs]!);
    const { converged, iterations, residual } = group.solver.solve();
    const limit = Math.max(attributes["tolerance"] as number, Math.sqrt(this.#b.roundoff));
    if (!converged && !(residual <= limit))
      throw new SolverError(`conjugate gradient: relative residual ${residual.toExponential(2)} after ${iterations} iterations, expected ${limit.toExponential(1)} in ${this.#engine.loaded.precision}: raise maxIterations or the mass, or solve on a float64 backend`);
    group.ids.forEach((other, k) => {
      if (other !== id) this.#keep(values, other, this.#engine.valueOf(group.solutions[k]!));
    });
    return this.#engine.valueOf(group.solutions[group.ids.indexOf(id)]!);
  }

  /** A determinant, or a derivative of one: dense algebra on the host, in float64. */
  #denseValue(id: number, { factors, gradient, positive, overlap }: DenseWork, values: (Value | undefined)[]): Value {
    const { nodes } = this.#program;
    const { inputs, type } = nodes[id]!;
    let made = this.#products.get(id);
    if (!made) {
      const fields = inputs.map((i) => this.#engine.allocate(nodes[i]!.type));
      const to = this.#engine.allocate(type);
      let first = 0;
      const captured = factors.map((f) => ({ ...f, captured: fields.slice(first, (first += f.operator.inputs.length - 1)) }));
      this.#products.set(id, (made = { fields, to, step: denseStep(this.#engine, { factors: captured, outputs: [{ to, ...(gradient ? { gradient } : {}) }], positive, ...(overlap ? { overlap: { ...overlap, mass: fields[first]! } } : {}) }) }));
    }
    inputs.forEach((i, k) => this.#engine.assign(made.fields[k]!, values[i]!));
    made.step.run();
    return this.#engine.valueOf(made.to);
  }

  #group(id: number): SolveGroup {
    const { nodes } = this.#program;
    const first = nodes[id]!;
    const [operator, tolerance, maxIterations] = ["operator", "tolerance", "maxIterations"].map((k) => first.attributes[k]) as [Program, number, number];
    const shiftOf = (n: Node): number => (n.attributes["shift"] as number | undefined) ?? 0;
    const alike = (n: Node): boolean =>
      n.op === first.op && n.inputs.join() === first.inputs.join() && (n.attributes["operator"] as Program).key === operator.key && n.attributes["tolerance"] === tolerance && n.attributes["maxIterations"] === maxIterations;
    const ids = nodes.flatMap((n, k) => (alike(n) ? [k] : []));
    const types = first.inputs.map((i) => nodes[i]!.type);
    const vector = types[types.length - 1]!;
    const fields = types.slice(0, -1).map((t) => this.#engine.allocate(t));
    const rhs = this.#engine.allocate(vector);
    const solutions = ids.map(() => this.#engine.allocate(vector));
    const system = { operator, shifts: ids.map((k) => shiftOf(nodes[k]!)), tolerance: Math.max(tolerance, 16 * this.#b.roundoff), maxIterations };
    const group: SolveGroup = { ids, solver: new ConjugateGradient(this.#engine, system, vector, { captured: fields, b: rhs, solutions }), fields, rhs, solutions };
    for (const k of ids) this.#solves.set(k, group);
    return group;
  }

  /** Bytes of the values alive at once, at most. */
  #peak(): number {
    const { nodes } = this.#program;
    let [alive, peak] = [0, 0];
    const bytes = (id: number): number => (nodes[id]!.op === inputOp ? 0 : this.#engine.bytes(nodes[id]!.type));
    nodes.forEach((_, id) => {
      alive += bytes(id);
      peak = Math.max(peak, alive);
      for (const i of this.#last[id]!) alive -= bytes(i);
    });
    return peak;
  }
}

