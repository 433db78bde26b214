/** What the generator knows of a kind of statement. A new one is an entry in a table of this folder. */
import type { ComplexType, RealType, ScalarType, ValueType } from "../../../src/autograd/index.ts";
import type { Apply } from "../apply.ts";
import type { Builder, Value } from "../builder.ts";

export interface Kind {
  /** Ops of the list that it puts into a program. */
  readonly covers: readonly string[];
  /** How often it is wanted, beside the others. */
  readonly weight: number;
  /** The same on lattices with a batch of samples, for those that make numbers which samples share, or have one of each. */
  readonly batched?: number;
  /** Adds statements; nothing where no operands fit. */
  readonly grow: (b: Builder) => unknown;
  /** Statements that only this kind makes, by name: what they mean. The others are in `apply.ts`. */
  readonly means?: Readonly<Record<string, Apply>>;
}

export type Kinds = Readonly<Record<string, Kind>>;

/** A statement of one operand. */
export const on = (op: string, operand: (b: Builder) => Value | undefined, params: (b: Builder) => Record<string, string> = () => ({})) => (b: Builder): unknown => {
  const x = operand(b);
  return x && b.emit(op, [x], params(b));
};

export const real = (b: Builder): Value<RealType> | undefined => b.kind<RealType>("real");
export const realOrScalar = (b: Builder): Value<RealType | ScalarType> | undefined => b.kind<RealType | ScalarType>("real", "scalar", "real");
export const complexValue = (b: Builder): Value<ComplexType> | undefined => b.kind<ComplexType>("complex");
export const parity = (b: Builder): "even" | "odd" => b.choose(["even", "odd"] as const);

/** Does it have a number at every site? */
export const isField = ({ kind }: ValueType): boolean => kind !== "scalar" && kind !== "tensor";
export const field = (b: Builder): Value | undefined => b.pick((v) => isField(v.type));
