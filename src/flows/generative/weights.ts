/**
 * Trained numbers as arguments of plans: scalars, tensors, and matrices and vectors that are the same at every site. They have one place in a flat vector; the gradient of
 * one that is shared is the sum over the sites.
 */
import { Field, Tensor, type Lattice, type MatrixType, type ValueType, type VectorType, components } from "../../autograd/index.ts";
import { PURPOSE, leavesOf, mapLeaves, randomStream } from "../../util/index.ts";

/** One number, or a matrix or vector shared by all sites, with the size of its first values (uniform in +-width). */
export interface WeightSpec {
  readonly type: ValueType;
  readonly width: number;
}

/** A structure of weights: objects and lists of specifications. */
export type WeightTree = WeightSpec | readonly WeightTree[] | { readonly [name: string]: WeightTree };

const isSpec = (x: unknown): x is WeightSpec => typeof x === "object" && x !== null && "type" in x && "width" in x;

/** Complex N x N matrix from the site to its neighbour at d: one tap of a convolution. */
export function tap(lattice: Lattice, N: number, d: readonly number[], width: number): WeightSpec {
  const type: MatrixType = { kind: "matrix", N, start: lattice.wrap([]), end: lattice.wrap([...d]), domain: "all", algebra: false };
  return { type, width };
}

/** N complex numbers. */
export function bias(lattice: Lattice, N: number, width = 0): WeightSpec {
  const type: VectorType = { kind: "vector", N, at: lattice.wrap([]), boundary: lattice.extents.map(() => 1 as const), domain: "all" };
  return { type, width };
}

/** One real number. */
export const scalarWeight = (width = 0): WeightSpec => ({ type: { kind: "scalar" }, width });

/** Numbers of a weight. */
const sizeOf = ({ type }: WeightSpec): number => (type.kind === "tensor" ? type.shape.reduce((n, L) => n * L, 1) : components(type));

/** The weights of a model in memory. */
export class SharedWeights {
  readonly size: number;
  /** Arguments of plans: numbers and fields in the structure of the specification. */
  values: unknown;
  readonly #specs: readonly WeightSpec[];
  readonly #lattice: Lattice;
  readonly #fields: (Field | undefined)[];
  readonly #tree: WeightTree;

  constructor(lattice: Lattice, tree: WeightTree) {
    const specs: WeightSpec[] = [];
    mapLeaves(tree, (s: unknown) => specs.push(s as WeightSpec), isSpec as never);
    this.#lattice = lattice;
    this.#specs = specs;
    this.#tree = tree;
    this.#fields = specs.map((s) => (s.type.kind === "scalar" || s.type.kind === "tensor" ? undefined : new Field(lattice, s.type)));
    this.size = specs.reduce((n, s) => n + sizeOf(s), 0);
    this.values = undefined;
    this.set(new Float64Array(this.size));
  }

  /** First values of a seed. */
  start(seed: number): Float64Array {
    const random = randomStream(seed).sequence(PURPOSE.initialisation);
    return Float64Array.from(this.#specs.flatMap((s) => Array.from({ length: sizeOf(s) }, () => s.width * (2 * random.next() - 1))));
  }

  /** Puts numbers in their places. */
  set(theta: Float64Array): unknown {
    let at = 0;
    let k = 0;
    this.values = mapLeaves(this.#tree, (s: unknown) => {
      const { type } = s as WeightSpec;
      const n = sizeOf(s as WeightSpec);
      const own = theta.subarray(at, at + n);
      at += n;
      const field = this.#fields[k++];
      if (type.kind === "tensor") return new Tensor(type.shape, own);
      if (!field) return own[0]!;
      const all = new Float64Array(field.length);
      for (let site = 0; site < this.#lattice.volume; site++) all.set(own, site * n);
      return field.set(all);
    }, isSpec as never);
    return this.values;
  }

  /** Adds a gradient in the structure of the values to a flat one. */
  addGradient(gradient: unknown, into: Float64Array): void {
    let at = 0;
    for (const { value } of leavesOf(gradient)) {
      if (typeof value === "number") into[at++]! += value;
      else if (value instanceof Tensor) for (const g of value.data) into[at++]! += g;
      else {
        const x = (value as Field).toArray();
        const n = x.length / this.#lattice.volume;
        for (let i = 0; i < x.length; i++) into[at + (i % n)]! += x[i]!;
        at += n;
      }
    }
  }
}
