/**
 * One linear operator of a dense step: its matrix, and the cotangents of what it captures. On a divided lattice the operator is applied, and its derivatives are taken, by
 * all ranks together; each of them has the whole matrix, and works on it as one process does.
 */
import { type Executable, type Program, type Storage, type ValueType, type VectorType, components, domainOf, pullOf, stencilOf } from "../../autograd/index.ts";
import { SolverError } from "../../errors.ts";
import type { DenseBackend, DenseMatrix, Determinant } from "../../linalg/index.ts";
import type { SolverEngine } from "../solve/solver-programs.ts";
import { Blocks } from "./blocks.ts";
import { BlockDeterminant, denseOf, solveDense } from "./determinant.ts";

/** A matrix K that a derivative is taken with, dL = Re tr(K dA). */
export type Weight = { readonly kind: "inverse" } | { readonly kind: "dense"; readonly K: DenseMatrix };

/** The operator on the present values of what it captures. */
export interface DenseFactor {
  readonly rows: number;
  /** Reads the operator anew. */
  load(): void;
  /** ln |det A| of what was loaded; unless `only`, derivatives may follow. */
  determinant(only: boolean): Determinant;
  /** Writes A to a dense matrix of `rows`. */
  write(to: DenseMatrix): void;
  /** Cotangents of the captured values into the given storages. */
  pull(weight: Weight, into: readonly Storage[]): void;
  dispose(): void;
}

const typesOf = (program: Program, ids: readonly number[]): ValueType[] => ids.map((id) => program.nodes[id]!.type);

/** An operator that is read off its paths where it can be, and column by column else. */
export function denseFactor(engine: SolverEngine, operator: Program, captured: readonly Storage[], backend: DenseBackend): DenseFactor {
  const stencil = stencilOf(operator);
  return stencil ? new StencilFactor(engine, operator, stencil, captured, backend) : new ColumnFactor(engine, operator, captured, backend);
}

class StencilFactor implements DenseFactor {
  readonly #engine: SolverEngine;
  readonly #captured: readonly Storage[];
  readonly #backend: DenseBackend;
  readonly #blocks: Blocks;
  readonly #paths: Executable;
  readonly #pull: Executable;
  readonly #types: readonly ValueType[];
  readonly #fields: readonly Storage[];
  readonly #host: readonly Float64Array[];
  #solver: BlockDeterminant | undefined;
  #halves: boolean;

  constructor(engine: SolverEngine, operator: Program, stencil: NonNullable<ReturnType<typeof stencilOf>>, captured: readonly Storage[], backend: DenseBackend) {
    this.#engine = engine;
    this.#captured = captured;
    this.#backend = backend;
    const { lattice } = operator;
    const [type] = typesOf(operator, operator.inputs.slice(-1));
    this.#blocks = new Blocks(lattice, type as VectorType, stencil);
    this.#halves = this.#blocks.bipartite;
    this.#paths = engine.operator(`paths ${stencil.paths.key}`, () => stencil.paths);
    this.#pull = engine.operator(`pull ${stencil.pull.key}`, () => stencil.pull);
    this.#types = typesOf(stencil.paths, stencil.paths.outputs);
    this.#fields = this.#types.map((t) => engine.allocate(t));
    this.#host = this.#types.map((t) => new Float64Array(lattice.volume * components(t)));
  }

  get rows(): number {
    return this.#blocks.rows;
  }

  load(): void {
    this.#paths.run(this.#captured, this.#fields);
    this.#fields.forEach((s, t) => this.#engine.read(s, this.#types[t]!, this.#host[t]!));
    this.#blocks.fill(this.#host);
  }

  determinant(only: boolean): Determinant {
    const { lattice } = this.#engine;
    const solver = (): BlockDeterminant => (this.#solver ??= new BlockDeterminant(this.#blocks, this.#halves, (n) => lattice.parity(n), this.#backend));
    try {
      return solver().run(only);
    } catch (error) {
      // site matrices may be singular where A is not
      if (!this.#halves || !(error instanceof SolverError)) throw error;
      [this.#halves, this.#solver] = [false, undefined];
      return solver().run(only);
    }
  }

  write(to: DenseMatrix): void {
    const { first, columns, size: b, values } = this.#blocks;
    to.clear();
    for (let k = 0; k + 1 < first.length; k++)
      for (let p = first[k]!; p < first[k + 1]!; p++)
        for (let r = 0; r < b; r++) to.data.set(values.subarray(2 * b * (p * b + r), 2 * b * (p * b + r + 1)), 2 * ((k * b + r) * to.stride + columns[p]! * b));
  }

  pull(weight: Weight, into: readonly Storage[]): void {
    this.#blocks.cotangents(weight.kind === "inverse" ? this.#solver!.inverse : this.#taken(weight.K), this.#host);
    this.#fields.forEach((s, t) => this.#engine.write(s, this.#types[t]!, this.#host[t]!));
    this.#pull.run([...this.#captured, ...this.#fields], into);
  }

  /** Blocks K_lk beside A_kl. */
  #taken({ data, stride }: DenseMatrix): Float64Array {
    const { first, columns, size: b, values } = this.#blocks;
    const out = new Float64Array(values.length);
    for (let k = 0; k + 1 < first.length; k++)
      for (let p = first[k]!; p < first[k + 1]!; p++)
        for (let r = 0; r < b; r++) {
          const at = 2 * ((columns[p]! * b + r) * stride + k * b);
          out.set(data.subarray(at, at + 2 * b), 2 * b * (p * b + r));
        }
    return out;
  }

  dispose(): void {
    for (const s of this.#fields) s.dispose();
  }
}

/** An operator that is applied to unit vectors. */
class ColumnFactor implements DenseFactor {
  readonly rows: number;
  readonly #engine: SolverEngine;
  readonly #captured: readonly Storage[];
  readonly #type: ValueType;
  readonly #captures: readonly ValueType[];
  readonly #apply: Executable;
  readonly #pull: Executable;
  readonly #x: Storage;
  readonly #y: Storage;
  readonly #terms: readonly Storage[];
  /** Real numbers of row r in canonical data. */
  readonly #places: Int32Array;
  readonly #host: Float64Array;
  readonly #dense: DenseMatrix;

  constructor(engine: SolverEngine, operator: Program, captured: readonly Storage[], backend: DenseBackend) {
    this.#engine = engine;
    this.#captured = captured;
    const { lattice } = operator;
    const types = typesOf(operator, operator.inputs);
    const type = types[types.length - 1]!;
    [this.#type, this.#captures] = [type, types.slice(0, -1)];
    const pull = pullOf(operator, [type as VectorType], 1);
    this.#apply = engine.operator(`column ${operator.key}`, () => operator);
    this.#pull = engine.operator(`pull ${pull.key}`, () => pull);
    [this.#x, this.#y] = [engine.allocate(type), engine.allocate(type)];
    this.#terms = this.#captures.map((t) => engine.allocate(t));
    const n = components(type) / 2;
    const domain = domainOf(type);
    const sites = Array.from({ length: lattice.volume }, (_, k) => k).filter((k) => domain === "all" || lattice.parity(k) === (domain === "even" ? 0 : 1));
    this.#places = Int32Array.from(sites.flatMap((k) => Array.from({ length: n }, (_, c) => 2 * (k * n + c))));
    this.#host = new Float64Array(2 * n * lattice.volume);
    this.rows = this.#places.length;
    this.#dense = denseOf(this.rows, backend);
  }

  load(): void {
    const [A, x] = [this.#dense, this.#host];
    A.clear();
    this.#places.forEach((at, j) => {
      x.fill(0);
      x[at] = 1;
      this.#engine.write(this.#x, this.#type, x);
      this.#apply.run([...this.#captured, this.#x], [this.#y]);
      this.#engine.read(this.#y, this.#type, x);
      this.#places.forEach((from, i) => {
        A.data[2 * (i * A.stride + j)] = x[from]!;
        A.data[2 * (i * A.stride + j) + 1] = x[from + 1]!;
      });
    });
  }

  determinant(only: boolean): Determinant {
    return solveDense(this.#dense, only, () => this.load());
  }

  write(to: DenseMatrix): void {
    to.data.set(this.#dense.data.subarray(0, 2 * to.stride * to.stride));
  }

  pull(weight: Weight, into: readonly Storage[]): void {
    const K = weight.kind === "inverse" ? this.#dense : weight.K;
    const x = this.#host;
    // each rank of a divided lattice adds up its own sites
    const { lattice, ownSites } = this.#engine;
    const sums = this.#captures.map((t) => new Float64Array(t.kind === "scalar" ? 1 : (ownSites?.length ?? lattice.volume) * components(t)));
    const term = sums.map((s) => new Float64Array(s.length));
    // Re tr(K dA) = sum_j Re y_j^+ dA e_j with y_j the adjoint of row j of K
    this.#places.forEach((at, j) => {
      x.fill(0);
      x[at] = 1;
      this.#engine.write(this.#x, this.#type, x);
      this.#places.forEach((to, i) => {
        x[to] = K.data[2 * (j * K.stride + i)]!;
        x[to + 1] = -K.data[2 * (j * K.stride + i) + 1]!;
      });
      this.#engine.write(this.#y, this.#type, x);
      this.#pull.run([...this.#captured, this.#x, this.#y], this.#terms);
      sums.forEach((sum, k) => {
        const t = this.#captures[k]!;
        if (ownSites && t.kind !== "scalar") this.#engine.readOwn!(this.#terms[k]!, t, ownSites, term[k]!, 0, components(t));
        else this.#engine.read(this.#terms[k]!, t, term[k]!);
        for (let i = 0; i < sum.length; i++) sum[i]! += term[k]![i]!;
      });
    });
    into.forEach((to, k) => {
      const t = this.#captures[k]!;
      if (ownSites && t.kind !== "scalar") this.#engine.writeSites(to, t, ownSites, sums[k]!, 0, components(t));
      else this.#engine.write(to, t, sums[k]!);
    });
  }

  dispose(): void {
    for (const s of [this.#x, this.#y, ...this.#terms]) s.dispose();
  }
}
