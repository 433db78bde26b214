/**
 * A plan: a function recorded once on examples, compiled, and replayed. Outputs live in fields of the plan (`run`) or in new ones
 * (`fresh`); a replay allocates nothing.
 */
import { GeometryError, LifetimeError, RecordingError } from "../errors.ts";
import { Tensor, describe, guard, is } from "../util/index.ts";
import type { CompileOptions, Executable, Storage } from "./engine.ts";
import { Field } from "./field.ts";
import type { Lattice } from "./lattice.ts";
import { linkFieldBytes } from "./program.ts";
import { outside } from "./scope.ts";
import { returnedLeaves } from "./returned.ts";
import { openTape } from "./recording.ts";
import type { Program } from "./tape.ts";
import type { PerSample } from "./per-sample.ts";
import { type ConcreteOf, type ConcreteValue, type TracedOf, type Shape, concreteLeaves, concreteTwin, foreignKey, leafTypeOn, shapeOf, tracedTwin, visitLeaves } from "./tree.ts";
import { type ValueType, fits, isShared, typeText } from "./types.ts";
import { compileWatched } from "./watch.ts";

/** Fields of a plan's result, and what reads the result from them. */
interface OwnFields {
  readonly fields: readonly Field[];
  readonly storages: readonly Storage[];
  readonly read: () => unknown;
}

const reclaim = new FinalizationRegistry<Executable>((executable) => executable.dispose());

/**
 * A function recorded once on example arguments A and compiled; replays take arguments of the same structure and field types on the same lattice.
 * @throws LifetimeError after `dispose`, RecordingError and GeometryError for other arguments.
 */
export class Plan<A extends readonly unknown[], Y> {
  readonly lattice: Lattice;
  readonly program: Program;
  readonly #executable: Executable;
  readonly #types: readonly ValueType[];
  readonly #shape: unknown;
  /** The fields that `run` returns, made when they are first asked for: programs that write into fields of their callers need none. */
  #own: OwnFields | undefined;
  /** A list that has been given to the program stays as it is: the program knows by it that nothing has changed. */
  #inputs: readonly Storage[];
  readonly #scalars: readonly (Field | undefined)[];
  readonly #arity: number;
  readonly #arguments: Shape;
  readonly #results: Shape;
  /** Type of each argument and result, and the last type that was accepted for it: a field is compared once. */
  readonly #outputTypes: readonly ValueType[];
  readonly #accepted: (ValueType | undefined)[];
  #targets: readonly Storage[];
  #disposed = false;
  readonly #takeArgument = (value: ConcreteValue, i: number): void => this.#argument(value, i);
  readonly #takeTarget = (value: ConcreteValue, j: number): void => this.#target(value, j);

  /** Records f on traced twins of the example arguments. @throws CovarianceError, RecordingError from the ops of f. */
  constructor(f: (...args: never[]) => Y, examples: A, options: CompileOptions = {}) {
    guard("record", { f: [f, is.callable], "the examples": [examples, is.listOf(is.present)], options: [options, is.keysOf("debugNaN", "maxFields")] });
    const { lattice } = Plan.signature(examples);
    this.lattice = lattice;
    const tape = openTape(lattice);
    const list = concreteLeaves([...examples]).map((l) => ({ value: l.value, type: leafTypeOn(lattice, l) }));
    const traced = list.map((l) => tape.input(l.type));
    let k = 0;
    const args = tracedTwin([...examples], () => traced[k++]!) as never[];
    const result = f(...args);
    const outputs = returnedLeaves(f.name === "" ? "record" : f.name, result);
    for (const y of outputs) if (y.tape !== tape) throw new RecordingError("the recorded function returned a value of another recording: return values computed from its own arguments");
    this.program = tape.finish(outputs);
    this.#types = list.map((l) => l.type);
    this.#shape = result;
    this.#executable = compileWatched(this.program, options);
    reclaim.register(this, this.#executable, this);
    const scalars = outside(() => list.map((l) => (l.type.kind === "scalar" || l.type.kind === "tensor" ? new Field(lattice, l.type) : undefined)));
    this.#scalars = scalars;
    this.#inputs = list.map((l, i) => scalars[i]?.storage ?? (l.value as Field).storage);
    this.#targets = outputs.map(() => this.#inputs[0]!);
    this.#arity = examples.length;
    this.#arguments = shapeOf([...examples]);
    this.#outputTypes = outputs.map((y) => y.type);
    this.#results = shapeOf(result);
    this.#accepted = [...list, ...outputs].map(() => undefined);
  }

  /** Lattice and a key of the argument types. @throws RecordingError without any field among the arguments, GeometryError for two lattices. */
  static signature(args: readonly unknown[]): { lattice: Lattice; key: string } {
    const list = concreteLeaves([...args]);
    let lattice: Lattice | undefined;
    for (const { value } of list) {
      if (!(value instanceof Field)) continue;
      if (lattice && value.lattice !== lattice)
        throw new GeometryError(`got fields on two lattices (${lattice} and ${value.lattice}), expected one: make all fields from the same lattice object`);
      lattice = value.lattice;
    }
    if (!lattice) throw new RecordingError("got no field among the arguments, expected at least one: a program needs a lattice");
    const on = lattice;
    return { lattice, key: list.map((l) => JSON.stringify(leafTypeOn(on, l))).join("|") };
  }

  /** Bytes of intermediate fields while running. */
  get arenaBytes(): number {
    return this.#executable.arenaBytes;
  }

  /** The same in link fields (one N x N matrix a direction and site, for the largest N of the program). */
  get peakFields(): number {
    return this.#executable.arenaBytes / linkFieldBytes(this.program);
  }

  /** The compiled kernels as text; in a browser the size of their memory alone. */
  describe(): string {
    return this.#executable.describe();
  }

  /** Frees program and results at once; later runs are errors, a second call does nothing. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    reclaim.unregister(this);
    this.#executable.dispose();
    for (const f of [...(this.#own?.fields ?? []), ...this.#scalars]) f?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Runs with these arguments; the result's fields belong to the plan and are overwritten by the next run. */
  run(...args: { [K in keyof A]: A[K] }): ConcreteOf<Y> {
    this.#bind(args);
    const { storages, read } = this.#ownFields();
    this.#executable.run(this.#inputs, storages);
    return read() as ConcreteOf<Y>;
  }

  /** As `run`, for engines that read asynchronously (tfjs on webgpu); works on every engine. Arguments may not change until it is done. */
  async runAsync(...args: { [K in keyof A]: A[K] }): Promise<ConcreteOf<Y>> {
    this.#bind(args);
    const { storages, read } = this.#ownFields();
    const [executable, inputs] = [this.#executable, this.#inputs];
    await (executable.runAsync ? executable.runAsync(inputs, storages) : executable.run(inputs, storages));
    return read() as ConcreteOf<Y>;
  }

  /** Runs with these arguments and writes the results into the given fields (same structure as the result), which may be arguments. @throws RecordingError for a field that is given for two results. */
  runInto(into: ConcreteOf<Y>, ...args: { [K in keyof A]: A[K] }): void {
    this.#bind(args);
    if (visitLeaves(this.#results, into, 0, this.#takeTarget) < 0) this.#refuseTargets(into);
    this.#executable.run(this.#inputs, this.#targets);
  }

  /** Runs with these arguments and returns new fields. */
  fresh(...args: { [K in keyof A]: A[K] }): ConcreteOf<Y> {
    const twin = concreteTwin(this.#shape, this.lattice);
    this.#bind(args);
    this.#executable.run(this.#inputs, twin.fields.map((x) => x.storage));
    return twin.read() as ConcreteOf<Y>;
  }

  #ownFields(): OwnFields {
    if (!this.#own) {
      const twin = outside(() => concreteTwin(this.#shape, this.lattice));
      this.#own = { ...twin, storages: twin.fields.map((x) => x.storage) };
    }
    return this.#own;
  }

  #bind(args: readonly unknown[]): void {
    if (this.#disposed) throw new LifetimeError(`plan on ${this.lattice}: got a run after dispose, expected a plan in use: dispose it after its last run`);
    if (args.length === this.#arity && visitLeaves(this.#arguments, args, 0, this.#takeArgument) >= 0) return;
    const foreign = args.length === this.#arity ? foreignKey(this.#arguments, args) : undefined;
    throw new RecordingError(foreign === undefined ? `plan: got (${args.map(describe).join(", ")}), expected arguments in the structure of the recorded ones, ${this.#types.map((t) => typeText(this.lattice, t)).join("; ")}` : `plan: got the key ${foreign}`);
  }

  #argument(value: ConcreteValue, i: number): void {
    const expected = this.#types[i]!;
    const storage = value instanceof Field ? this.#field(value, i, expected) : this.#number(value, i, expected);
    if (this.#inputs[i] !== storage) this.#inputs = this.#inputs.with(i, storage);
  }

  #field(value: Field, i: number, expected: ValueType): Storage {
    if (value.lattice !== this.lattice) throw new GeometryError(`plan: got a field on ${value.lattice}, expected one on the plan's own lattice object ${this.lattice}`);
    if (this.#accepted[i] !== value.type) {
      if (!fits(this.lattice, value.type, expected)) throw new RecordingError(`plan: argument leaf ${i} is ${typeText(this.lattice, value.type)}, expected ${typeText(this.lattice, expected)}`);
      this.#accepted[i] = value.type;
    }
    return value.storage;
  }

  /** The plan's own place of a number, one for each sample, or weights, with the value in it; a scalar field may have stood there before. */
  #number(value: number | PerSample | Tensor, i: number, expected: ValueType): Storage {
    const to = this.#scalars[i]?.storage;
    const { engine, batch } = this.lattice;
    if (value instanceof Tensor) {
      if (expected.kind !== "tensor" || value.shape.join() !== expected.shape.join()) throw new RecordingError(`plan: argument leaf ${i} is a ${value}, expected ${typeText(this.lattice, expected)}`);
      engine.write(to!, expected, value.data);
    } else if (expected.kind !== "scalar") throw new RecordingError(`plan: argument leaf ${i} is a number, expected ${typeText(this.lattice, expected)}`);
    else if (typeof value === "number") engine.writeScalar(to!, value);
    else if (!isShared(expected) && value.length === batch) engine.write(to!, expected, value);
    else throw new RecordingError(`plan: argument leaf ${i} has the numbers of ${value.length} samples, expected ${isShared(expected) ? "one number for all samples, as it was recorded" : `those of ${batch}`}`);
    return to!;
  }

  #target(value: ConcreteValue, j: number): void {
    if (!(value instanceof Field) || value.lattice !== this.lattice) this.#refuseTargets(value);
    else {
      const at = this.#types.length + j;
      if (this.#accepted[at] !== value.type) {
        if (!fits(this.lattice, this.#outputTypes[j]!, value.type)) this.#refuseTargets(value);
        this.#accepted[at] = value.type;
      }
      for (let i = 0; i < j; i++) if (this.#targets[i] === value.storage) throw new RecordingError(`runInto: got one field for the results ${i} and ${j}, expected a field for each`);
      if (this.#targets[j] !== value.storage) this.#targets = this.#targets.with(j, value.storage);
    }
  }

  #refuseTargets(into: unknown): never {
    throw new RecordingError(`runInto: got ${describe(into)}, expected ${this.#outputTypes.map((t) => typeText(this.lattice, t)).join("; ")} on ${this.lattice}`);
  }
}

/** Records f on example arguments and compiles it. */
export function record<A extends readonly unknown[], Y>(f: (...args: { -readonly [K in keyof A]: TracedOf<A[K]> }) => Y, ...examples: A): Plan<A, Y> {
  return new Plan(f as (...args: never[]) => Y, examples);
}

