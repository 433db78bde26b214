/** Trained numbers as arguments of plans: scalars and tensors, that all sites and samples share. They have one place in a flat vector. */
import { Tensor, type ScalarType, type TensorType, tensorType } from "../../autograd/index.ts";
import { PURPOSE, leavesOf, mapLeaves, randomStream } from "../../util/index.ts";

/** One number or a tensor, with the size of its first values (uniform in +-width). */
export interface WeightSpec {
  readonly type: ScalarType | TensorType;
  readonly width: number;
}

/** A structure of weights: objects and lists of specifications. */
export type WeightTree = WeightSpec | readonly WeightTree[] | { readonly [name: string]: WeightTree };

const isSpec = (x: unknown): x is WeightSpec => typeof x === "object" && x !== null && "type" in x && "width" in x;

/** One real number. */
export const scalarWeight = (width = 0): WeightSpec => ({ type: { kind: "scalar" }, width });

/** Numbers of a shape. */
export const tensorWeight = (shape: readonly number[], width: number): WeightSpec => ({ type: tensorType(shape), width });

/** Numbers of a weight. */
const sizeOf = ({ type }: WeightSpec): number => (type.kind === "tensor" ? type.shape.reduce((n, L) => n * L, 1) : 1);

/** Where the weights of a model stand in a flat vector. */
export class SharedWeights {
  readonly size: number;
  readonly #specs: readonly WeightSpec[];
  readonly #tree: WeightTree;

  constructor(tree: WeightTree) {
    const specs: WeightSpec[] = [];
    mapLeaves(tree, (s: unknown) => specs.push(s as WeightSpec), isSpec as never);
    this.#specs = specs;
    this.#tree = tree;
    this.size = specs.reduce((n, s) => n + sizeOf(s), 0);
  }

  /** First values of a seed. */
  start(seed: number): Float64Array {
    const random = randomStream(seed).sequence(PURPOSE.initialisation);
    return Float64Array.from(this.#specs.flatMap((s) => Array.from({ length: sizeOf(s) }, () => s.width * (2 * random.next() - 1))));
  }

  /** Arguments of plans in the structure of the specification: numbers, and tensors that are views of theta. */
  values(theta: Float64Array): unknown {
    let at = 0;
    return mapLeaves(this.#tree, (s: unknown) => {
      const spec = s as WeightSpec;
      const own = theta.subarray(at, (at += sizeOf(spec)));
      return spec.type.kind === "tensor" ? new Tensor(spec.type.shape, own) : own[0]!;
    }, isSpec as never);
  }

  /** Adds a gradient in the structure of the values to a flat one. */
  addGradient(gradient: unknown, into: Float64Array): void {
    let at = 0;
    for (const { value } of leavesOf(gradient)) {
      if (typeof value === "number") into[at++]! += value;
      else for (const g of (value as Tensor).data) into[at++]! += g;
    }
  }
}
