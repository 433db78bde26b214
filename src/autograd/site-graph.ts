/**
 * The arithmetic of a site function as a graph of scalars, equal ones once, with its reverse derivative as further nodes of the same graph: a
 * function that is written once in terms of `Site` has derivatives of every order.
 */
import { RecordingError } from "../errors.ts";
import { closure } from "../util/index.ts";
import { numberKey } from "./program.ts";
import type { Operand, Site, SiteFunction, V } from "./site.ts";

type Kind = "input" | "constant" | "add" | "mul" | "div" | "neg" | "fma" | "sqrt" | "abs" | "max" | "positive" | SiteFunction;

interface Scalar {
  readonly kind: Kind;
  readonly args: readonly number[];
  /** Of a constant; for an input its operand and component. */
  readonly value: number;
  readonly component: number;
}

const idOf = (v: V): number => v as unknown as number;
const asV = (id: number): V => id as unknown as V;

export class SiteGraph implements Site {
  readonly #nodes: Scalar[] = [];
  readonly #seen = new Map<string, number>();

  #node(kind: Kind, args: readonly number[], value = 0, component = 0): V {
    const key = `${kind}:${args.join(",")}:${numberKey(value)}:${component}`;
    let id = this.#seen.get(key);
    if (id === undefined) {
      id = this.#nodes.push({ kind, args, value, component }) - 1;
      this.#seen.set(key, id);
    }
    return asV(id);
  }

  /** The components of an operand as inputs of the graph. */
  operand(k: number): Operand {
    return (i) => this.#node("input", [], k, i);
  }

  #constantOf(v: V): number | undefined {
    const n = this.#nodes[idOf(v)]!;
    return n.kind === "constant" ? n.value : undefined;
  }

  constant(x: number): V {
    return this.#node("constant", [], x);
  }
  add(a: V, b: V): V {
    const [p, q] = [this.#constantOf(a), this.#constantOf(b)];
    if (p === 0) return b;
    if (q === 0) return a;
    if (p !== undefined && q !== undefined) return this.constant(p + q);
    return this.#node("add", idOf(a) < idOf(b) ? [idOf(a), idOf(b)] : [idOf(b), idOf(a)]);
  }
  sub(a: V, b: V): V {
    return this.add(a, this.neg(b));
  }
  mul(a: V, b: V): V {
    const [p, q] = [this.#constantOf(a), this.#constantOf(b)];
    if (p !== undefined && q !== undefined) return this.constant(p * q);
    if (p === 0 || q === 0) return this.constant(0);
    if (p === 1) return b;
    if (q === 1) return a;
    if (p === -1) return this.neg(b);
    if (q === -1) return this.neg(a);
    return this.#node("mul", idOf(a) < idOf(b) ? [idOf(a), idOf(b)] : [idOf(b), idOf(a)]);
  }
  fma(a: V, b: V, c: V): V {
    const product = [this.#constantOf(a), this.#constantOf(b)];
    if (product.some((x) => x === 0 || x === 1 || x === -1) || product.every((x) => x !== undefined) || this.#constantOf(c) === 0) return this.add(this.mul(a, b), c);
    return this.#node("fma", [idOf(a), idOf(b), idOf(c)]);
  }
  fnma(a: V, b: V, c: V): V {
    return this.fma(this.neg(a), b, c);
  }
  div(a: V, b: V): V {
    if (this.#constantOf(a) === 0) return a;
    return this.#node("div", [idOf(a), idOf(b)]);
  }
  neg(a: V): V {
    const n = this.#nodes[idOf(a)]!;
    if (n.kind === "constant") return this.constant(-n.value);
    return n.kind === "neg" ? asV(n.args[0]!) : this.#node("neg", [idOf(a)]);
  }
  sqrt(a: V): V {
    return this.#node("sqrt", [idOf(a)]);
  }
  abs(a: V): V {
    return this.#node("abs", [idOf(a)]);
  }
  max(a: V, b: V): V {
    return this.#node("max", [idOf(a), idOf(b)]);
  }
  positive(c: V, a: V, b: V): V {
    if (idOf(a) === idOf(b)) return a;
    return this.#node("positive", [idOf(c), idOf(a), idOf(b)]);
  }
  call(name: SiteFunction, ...args: V[]): V {
    return this.#node(name, args.map(idOf));
  }
  loop(): V[] {
    throw new RecordingError("site function: got a loop, expected straight arithmetic: its derivative is taken operation by operation");
  }

  /** For every x: sum_i cotangents_i d outputs_i / d x, as nodes of this graph. */
  gradient(outputs: readonly V[], cotangents: readonly V[], xs: readonly V[]): V[] {
    const adjoint = new Map<number, V>();
    const give = (id: number, f: (before: V | undefined) => V): void => void adjoint.set(id, f(adjoint.get(id)));
    const plus = (id: number, c: V): void => give(id, (b) => (b === undefined ? c : this.add(b, c)));
    const plusProduct = (id: number, c: V, x: V): void => give(id, (b) => (b === undefined ? this.mul(c, x) : this.fma(c, x, b)));
    outputs.forEach((y, i) => plus(idOf(y), cotangents[i]!));
    const needed = this.#below(outputs.map(idOf));
    for (let k = needed.length - 1; k >= 0; k--) {
      const id = needed[k]!;
      const c = adjoint.get(id);
      if (c !== undefined && this.#constantOf(c) !== 0) this.#back(this.#nodes[id]!, asV(id), c, plus, plusProduct);
    }
    return xs.map((x) => adjoint.get(idOf(x)) ?? this.constant(0));
  }

  /** The rule of one operation: y = kind(args) with cotangent c. */
  #back({ kind, args }: Scalar, y: V, c: V, plus: (id: number, c: V) => void, plusProduct: (id: number, c: V, x: V) => void): void {
    const [p, q, r] = args as [number, number, number];
    const [a, b] = [asV(p), asV(q)];
    const zero = this.constant(0);
    switch (kind) {
      case "input":
      case "constant":
        return;
      case "add":
        plus(p, c);
        return plus(q, c);
      case "neg":
        return plus(p, this.neg(c));
      case "mul":
        plusProduct(p, c, b);
        return plusProduct(q, c, a);
      case "fma":
        plusProduct(p, c, b);
        plusProduct(q, c, a);
        return plus(r, c);
      case "div": {
        const d = this.div(c, b);
        plus(p, d);
        return plusProduct(q, this.neg(d), y);
      }
      case "sqrt":
        return plus(p, this.div(this.mul(this.constant(0.5), c), y));
      case "abs":
        return plus(p, this.positive(a, c, this.neg(c)));
      case "max":
        plus(p, this.positive(this.sub(a, b), c, zero));
        return plus(q, this.positive(this.sub(a, b), zero, c));
      case "positive":
        plus(q, this.positive(a, c, zero));
        return plus(r, this.positive(a, zero, c));
      case "sin":
        return plusProduct(p, c, this.call("cos", a));
      case "cos":
        return plusProduct(p, this.neg(c), this.call("sin", a));
      case "tan":
        return plusProduct(p, c, this.fma(y, y, this.constant(1)));
      case "tanh":
        return plusProduct(p, c, this.fnma(y, y, this.constant(1)));
      case "exp":
        return plusProduct(p, c, y);
      case "log":
        return plus(p, this.div(c, a));
      case "atan2": {
        const d = this.div(c, this.fma(a, a, this.mul(b, b)));
        plusProduct(p, d, b);
        return plusProduct(q, this.neg(d), a);
      }
    }
  }

  /** Nodes on which the given ones depend, themselves included, in the order of their computation. */
  #below(ids: readonly number[]): number[] {
    return closure(ids, (id) => this.#nodes[id]!.args);
  }

  /** Number of operations behind the outputs. */
  size(outputs: readonly V[]): number {
    return this.#below(outputs.map(idOf)).length;
  }

  /** The outputs computed on another site. */
  emit(b: Site, inputs: readonly Operand[], outputs: readonly V[]): V[] {
    const made = new Map<number, V>();
    for (const id of this.#below(outputs.map(idOf))) {
      const { kind, args, value, component } = this.#nodes[id]!;
      const x = args.map((k) => made.get(k)!) as [V, V, V];
      made.set(id, kind === "input" ? inputs[value]!(component) : kind === "constant" ? b.constant(value) : arithmetic(b, kind, x));
    }
    return outputs.map((y) => made.get(idOf(y))!);
  }
}

function arithmetic(b: Site, kind: Exclude<Kind, "input" | "constant">, x: [V, V, V]): V {
  switch (kind) {
    case "add":
    case "mul":
    case "div":
    case "max":
      return b[kind](x[0], x[1]);
    case "neg":
    case "sqrt":
    case "abs":
      return b[kind](x[0]);
    case "fma":
    case "positive":
      return b[kind](...x);
    default:
      return b.call(kind, ...x);
  }
}
