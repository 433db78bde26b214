/** A step on dense matrices: ln |det A|, and derivatives of it or of the trace of a product, whose matrices are made once for all of them. */
import { type OverlapWork, type Storage, scalarType } from "../../autograd/index.ts";
import { OverlapStep } from "#platform/compiler/dense/overlap";
import { BackendError } from "../../errors.ts";
import type { DenseBackend, DenseMatrix } from "../../linalg/index.ts";
import type { SolverEngine } from "../solve/solver-programs.ts";
import { denseOf, expectPositive } from "./determinant.ts";
import { type DenseFactor, denseFactor } from "./factor.ts";
import type { RunDense, StepFactor, StepOutput } from "./run-dense.ts";

/** Storages in place of the numbers of a plan. */
export interface DenseStepOptions {
  readonly factors: readonly StepFactor[];
  readonly outputs: readonly StepOutput[];
  readonly positive: boolean;
  readonly overlap?: OverlapWork & { readonly mass: Storage };
}

/** The step of an op. */
export function denseStep(engine: SolverEngine, { factors, outputs, positive, overlap }: DenseStepOptions): RunDense {
  if (engine.lattice.batch > 1) throw new BackendError(`dense algebra (logDet): got a batch of ${engine.lattice.batch} samples, expected one: take sampleOf(U, b)`);
  return overlap ? new OverlapStep(engine, factors[0]!, outputs, overlap, positive) : new DenseStep(engine, factors, outputs, positive);
}

class DenseStep implements RunDense {
  readonly #engine: SolverEngine;
  readonly #factors: readonly { readonly factor: DenseFactor; readonly inverse: boolean }[];
  readonly #outputs: readonly StepOutput[];
  readonly #positive: boolean;
  readonly #backend: DenseBackend;
  /** Cotangents of each factor's captured values: the result where there is one, else a place to write to. */
  readonly #into: readonly (readonly Storage[])[];
  readonly #owned: Storage[] = [];

  constructor(engine: SolverEngine, factors: readonly StepFactor[], outputs: readonly StepOutput[], positive: boolean) {
    this.#engine = engine;
    this.#backend = engine.name === "native" ? "native" : "wasm";
    this.#factors = factors.map(({ operator, inverse, captured }) => ({ factor: denseFactor(engine, operator, captured, this.#backend), inverse }));
    this.#outputs = outputs;
    this.#positive = positive;
    this.#into = factors.map(({ operator }, f) =>
      operator.inputs.slice(0, -1).map((id, k) => {
        const found = outputs.find((o) => o.gradient?.factor === f && o.gradient.input === k);
        if (found || !outputs.some((o) => o.gradient?.factor === f)) return found?.to as Storage;
        const s = engine.allocate(operator.nodes[id]!.type);
        this.#owned.push(s);
        return s;
      }),
    );
  }

  run(): void {
    if (this.#factors.length === 1) this.#determinant();
    else this.#product();
  }

  #determinant(): void {
    const { factor } = this.#factors[0]!;
    const differentiated = this.#outputs.some((o) => o.gradient);
    factor.load();
    const { logAbs, phase } = factor.determinant(!differentiated);
    expectPositive(this.#positive, phase);
    for (const { to, gradient } of this.#outputs) if (!gradient) this.#engine.write(to, scalarType, Float64Array.of(logAbs));
    if (differentiated) factor.pull({ kind: "inverse" }, this.#into[0]!);
  }

  /** Derivatives of Re tr(F_0 F_1 ...): dL = Re tr(K dF_p) with K the product of the other factors, from the one behind p around to the one before it. */
  #product(): void {
    const n = this.#factors.length;
    const matrices = this.#factors.map(({ factor, inverse }) => {
      factor.load();
      const A = denseOf(factor.rows, this.#backend);
      factor.write(A);
      if (inverse) A.invert();
      return A;
    });
    const done = new Set<number>();
    for (const { gradient } of this.#outputs) {
      if (!gradient || done.has(gradient.factor)) continue;
      done.add(gradient.factor);
      let K: DenseMatrix | undefined;
      for (let k = 1; k < n; k++) {
        const next = matrices[(gradient.factor + k) % n]!;
        if (K) K.times(next);
        else {
          K = denseOf(next.n, this.#backend);
          K.data.set(next.data);
        }
      }
      this.#factors[gradient.factor]!.factor.pull({ kind: "dense", K: K! }, this.#into[gradient.factor]!);
    }
  }

  dispose(): void {
    for (const { factor } of this.#factors) factor.dispose();
    for (const s of this.#owned) s.dispose();
    this.#owned.length = 0;
  }
}
