/** ln |det D(m)| of the overlap operator of a kernel, and its derivatives, from one set of eigenvectors. */
import { type OverlapWork, type Storage, type VectorType, scalarType, spinOf } from "../../autograd/index.ts";
import { type DenseMatrix, OverlapMatrix } from "../../linalg/index.ts";
import type { SolverEngine } from "../solve/solver-programs.ts";
import { denseOf, expectPositive } from "./determinant.ts";
import { type DenseFactor, denseFactor } from "./factor.ts";
import type { RunDense, StepFactor, StepOutput } from "./run-dense.ts";

export class OverlapStep implements RunDense {
  readonly #engine: SolverEngine;
  readonly #factor: DenseFactor;
  readonly #outputs: readonly StepOutput[];
  readonly #mass: Storage;
  readonly #positive: boolean;
  readonly #captured: number;
  /** Cotangents of the captured values: the result where there is one, else a place to write to. */
  readonly #into: readonly Storage[];
  readonly #owned: Storage[] = [];
  readonly #matrix: OverlapMatrix;
  readonly #weight: DenseMatrix;

  constructor(engine: SolverEngine, { operator, captured }: StepFactor, outputs: readonly StepOutput[], { signature, mass, ...kernel }: OverlapWork & { readonly mass: Storage }, positive: boolean) {
    this.#engine = engine;
    const backend = engine.name === "native" ? "native" : "wasm";
    this.#factor = denseFactor(engine, operator, captured, backend);
    [this.#outputs, this.#mass, this.#positive, this.#captured] = [outputs, mass, positive, captured.length];
    const { rows } = this.#factor;
    this.#weight = denseOf(rows, backend);
    const spin = spinOf(operator.nodes[operator.inputs.at(-1)!]!.type as VectorType);
    this.#matrix = new OverlapMatrix(Float64Array.from({ length: rows }, (_, r) => signature[r % spin]!), kernel, backend);
    this.#into = captured.map((_, k) => {
      const found = outputs.find((o) => o.gradient?.input === k);
      if (found) return found.to;
      const s = engine.allocate(operator.nodes[operator.inputs[k]!]!.type);
      this.#owned.push(s);
      return s;
    });
  }

  run(): void {
    const [engine, D] = [this.#engine, this.#matrix];
    const m = engine.readScalar(this.#mass);
    const differentiated = this.#outputs.some((o) => o.gradient);
    this.#factor.load();
    this.#factor.write(D.A);
    D.decompose();
    const { logAbs, phase } = D.determinant(m, !differentiated);
    expectPositive(this.#positive, phase);
    for (const { to, gradient } of this.#outputs) {
      if (!gradient) engine.write(to, scalarType, Float64Array.of(logAbs));
      else if (gradient.input === this.#captured) engine.write(to, scalarType, Float64Array.of(D.massDerivative()));
    }
    if (this.#outputs.some((o) => o.gradient && o.gradient.input < this.#captured)) this.#factor.pull({ kind: "dense", K: D.weight(this.#weight) }, this.#into);
  }

  dispose(): void {
    this.#factor.dispose();
    for (const s of this.#owned) s.dispose();
    this.#owned.length = 0;
  }
}
