/** Runs the programs of one lattice op by op on a TensorFlow.js engine. */
import type { CompileOptions, Executable, Lattice, Program } from "../../autograd/index.ts";
import type { LoadedEngine } from "../../backend/index.ts";
import { BackendError } from "../../errors.ts";
import { TfjsExecutable } from "./executable.ts";
import { TfjsMachine } from "./machine.ts";

export class TfjsEngine extends TfjsMachine {
  readonly #operators = new Map<string, TfjsExecutable>();
  readonly #maxFields: number;

  /** `maxFields`: memory budget of every program, in link fields. */
  constructor(lattice: Lattice, loaded: LoadedEngine, maxFields = Infinity) {
    if (lattice.batch > 1) throw new BackendError(`backend tfjs: got a batch of ${lattice.batch} samples, expected one: use backend wasm, native or js for batches`);
    super(lattice, loaded);
    this.#maxFields = maxFields;
  }

  compile(program: Program, options: CompileOptions = {}): TfjsExecutable {
    if (program.nodes.some(({ type }) => type.kind === "tensor" || type.kind === "channels")) throw new BackendError("backend tfjs: got a program with weights on channels, expected one without: use backend wasm, native or js for siteLinear and siteConv");
    return new TfjsExecutable(this, program, { maxFields: this.#maxFields, ...options });
  }

  /** A sub-program of a solver, compiled once. */
  operator(key: string, make: () => Program): Executable {
    let e = this.#operators.get(key);
    if (!e) {
      this.#operators.set(key, (e = this.compile(make())));
      this.releases.push(e.releaseConstants);
    }
    return e;
  }
}
