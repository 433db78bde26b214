/**
 * The debugging backend: `lattice([4, 4], { backend: "interpret" })`, `--backend interpret`. Every op is evaluated on its own from its
 * definition, in float64 and plain JavaScript, about a thousand times slower than a compiled plan. A result that differs here beyond
 * rounding is a fault of the compiler; one that is wrong here too is a fault of the program or of a derivative rule.
 */
import {
  type CompileOptions, type Engine, type Executable, type Lattice, type Program, type Storage, type ValueType, components, inputOp, linkFieldBytes, print, realsOf,
} from "../../autograd/index.ts";
import { BackendError } from "../../errors.ts";
import { evaluate, livesAt } from "./evaluate.ts";

/** Values in canonical order. */
interface PlainStorage extends Storage {
  readonly data: Float64Array;
}

const dataOf = (s: Storage): Float64Array => (s as PlainStorage).data;

export class InterpretEngine implements Engine {
  readonly name = "interpret";
  readonly lattice: Lattice;
  readonly #maxFields: number;
  readonly #operators = new Map<string, Executable>();

  /** `maxFields`: memory budget of every program, in link fields. */
  constructor(lattice: Lattice, maxFields = Infinity) {
    this.lattice = lattice;
    this.#maxFields = maxFields;
  }

  allocate(type: ValueType): Storage {
    const length = realsOf(this.lattice, type);
    let data: Float64Array;
    try {
      data = new Float64Array(length);
    } catch {
      throw new BackendError(`memory: the system refused ${8 * length} bytes for a field on ${this.lattice}: use a smaller lattice`);
    }
    return { data, bytes: data.byteLength, dispose: () => undefined } as PlainStorage;
  }

  allocateGroup(types: readonly ValueType[]): Storage[] {
    return types.map((t) => this.allocate(t));
  }

  write(to: Storage, type: ValueType, data: Float64Array): void {
    const n = components(type);
    data.forEach((x, k) => (dataOf(to)[k] = livesAt(this, type, Math.floor(k / n) % this.lattice.volume) ? x : 0));
  }

  read(from: Storage, _type: ValueType, out: Float64Array): void {
    out.set(dataOf(from));
  }

  writeSites(to: Storage, type: ValueType, sites: Int32Array, data: Float64Array, offset: number, stride: number): void {
    const n = components(type);
    sites.forEach((site, k) => {
      for (let c = 0; c < n; c++) dataOf(to)[site * n + c] = livesAt(this, type, site % this.lattice.volume) ? data[offset + k * stride + c]! : 0;
    });
  }

  readSites(from: Storage, type: ValueType, sites: Int32Array, out: Float64Array, offset: number, stride: number): void {
    const n = components(type);
    sites.forEach((site, k) => out.set(dataOf(from).subarray(site * n, (site + 1) * n), offset + k * stride));
  }

  writeScalar(to: Storage, x: number): void {
    dataOf(to).fill(x);
  }

  readScalar(from: Storage): number {
    return dataOf(from)[0]!;
  }

  copy(from: readonly Storage[], to: readonly Storage[]): void {
    from.forEach((x, k) => dataOf(to[k]!).set(dataOf(x)));
  }

  compile(program: Program, options: CompileOptions = {}): Executable {
    return new InterpretExecutable(program, { maxFields: this.#maxFields, ...options });
  }

  /** A sub-program of a solver outside of programs, kept. */
  operator(key: string, make: () => Program): Executable {
    let e = this.#operators.get(key);
    if (!e) this.#operators.set(key, (e = this.compile(make())));
    return e;
  }
}

class InterpretExecutable implements Executable {
  readonly arenaBytes: number;
  readonly #program: Program;
  #arguments: [readonly Storage[], readonly Storage[]] = [[], []];

  /** @throws BackendError when the values, all of which are kept, take more than `maxFields` link fields. */
  constructor(program: Program, { maxFields = Infinity }: CompileOptions) {
    this.#program = program;
    this.arenaBytes = 8 * program.nodes.reduce((s, n) => s + (n.op === inputOp ? 0 : realsOf(program.lattice, n.type)), 0);
    const fields = this.arenaBytes / linkFieldBytes(program);
    if (fields > maxFields) throw new BackendError(`memory: the interpreter keeps every value, ${fields.toFixed(1)} link fields, got a budget of maxFields = ${maxFields}: raise it, or run the program on js, wasm or native`);
  }

  run(inputs: readonly Storage[], outputs: readonly Storage[]): void {
    this.#arguments = [inputs, outputs];
    const values = evaluate(this.#program, inputs.map(dataOf));
    // values are copies, so an output may be the storage of an input
    outputs.forEach((to, j) => dataOf(to).set(values[this.#program.outputs[j]!]!));
  }

  repeat(): void {
    this.run(...this.#arguments);
  }

  describe(): string {
    return `interpreted op by op:\n${print(this.#program)}`;
  }

  dispose(): void {}
}
