/**
 * Micro-kernels: the arithmetic of one op at one block of sites as a list of scalar statements in single-assignment form.
 * Zeros and ones known when recording fold away. Negations are not statements: they are folded into the operations that use them, so an adjoint operand costs nothing.
 */
import {
  type Attributes, type Op, type Operand, type Site, type SiteFunction, type V, type ValueType, components, isQuaternion, numberKey, spinOf,
} from "../autograd/index.ts";

export type BinaryName = "add" | "sub" | "mul" | "div" | "max";
export type UnaryName = "neg" | "sqrt" | "abs";

/** One statement; `id` is the value it defines. */
export type Statement =
  | { readonly kind: "load"; readonly id: number; readonly operand: number; readonly component: number }
  | { readonly kind: "constant"; readonly id: number; readonly value: number }
  | { readonly kind: "binary"; readonly id: number; readonly name: BinaryName; readonly a: number; readonly b: number }
  | { readonly kind: "unary"; readonly id: number; readonly name: UnaryName; readonly a: number }
  /** fma: a b + c; fnma: c - a b */
  | { readonly kind: "fma"; readonly id: number; readonly negated: boolean; readonly a: number; readonly b: number; readonly c: number }
  | { readonly kind: "positive"; readonly id: number; readonly c: number; readonly a: number; readonly b: number }
  | { readonly kind: "call"; readonly id: number; readonly name: SiteFunction; readonly args: readonly number[] }
  /** `uniform`: every site repeats as often as the others. */
  | { readonly kind: "loop"; readonly count: number; readonly uniform: boolean; readonly initial: readonly number[]; readonly variables: readonly number[]; readonly body: readonly Statement[]; readonly next: readonly number[] };

/** The arithmetic of one op at one block of sites. */
export interface MicroKernel {
  /** Op, N, operand forms and attributes, for people. */
  readonly name: string;
  /** Equal keys mean the same arithmetic; ops of one name are told apart. */
  readonly key: string;
  readonly operands: number;
  readonly statements: readonly Statement[];
  /** Values stored to the components of the result. */
  readonly results: readonly number[];
  readonly values: number;
  /** Arithmetic operations counted once a loop body. */
  readonly flops: number;
}

interface Val {
  readonly id: number;
  readonly negative: boolean;
}
const val = (v: V): Val => v as unknown as Val;
const asV = (v: Val): V => v as unknown as V;

class Recorder implements Site {
  statements: Statement[] = [];
  values = 0;
  flops = 0;
  readonly #constants = new Map<string, number>();
  #scope = 0;
  #negations = new Map<number, number>();
  readonly #known = new Map<number, number>();

  /** Value of a constant, or undefined. */
  #constantOf(v: Val): number | undefined {
    const x = this.#known.get(v.id);
    return x === undefined ? undefined : v.negative ? -x : x;
  }
  #new(): number {
    return this.values++;
  }
  #push(make: (id: number) => Statement): Val {
    const id = this.#new();
    this.statements.push(make(id));
    return { id, negative: false };
  }
  /** A plain value: spends a negation if it has to. */
  plain(v: Val): number {
    if (!v.negative) return v.id;
    let n = this.#negations.get(v.id);
    if (n === undefined) {
      n = this.#push((id) => ({ kind: "unary", id, name: "neg", a: v.id })).id;
      this.#negations.set(v.id, n);
    }
    return n;
  }
  load(operand: number, component: number): V {
    return asV(this.#push((id) => ({ kind: "load", id, operand, component })));
  }
  constant(x: number): V {
    const key = `${this.#scope}:${numberKey(x)}`;
    let id = this.#constants.get(key) ?? this.#constants.get(`0:${numberKey(x)}`);
    if (id === undefined) {
      id = this.#push((n) => ({ kind: "constant", id: n, value: x })).id;
      this.#constants.set(key, id);
      this.#known.set(id, x);
    }
    return asV({ id, negative: false });
  }
  #binary(name: BinaryName, a: number, b: number): Val {
    this.flops++;
    return this.#push((id) => ({ kind: "binary", id, name, a, b }));
  }
  add(a: V, b: V): V {
    const [x, y] = [val(a), val(b)];
    if (this.#constantOf(x) === 0) return b;
    if (this.#constantOf(y) === 0) return a;
    if (x.id === y.id && x.negative !== y.negative) return this.constant(0);
    if (x.negative && y.negative) return asV({ ...this.#binary("add", x.id, y.id), negative: true });
    if (y.negative) return asV(this.#binary("sub", x.id, y.id));
    if (x.negative) return asV(this.#binary("sub", y.id, x.id));
    return asV(this.#binary("add", x.id, y.id));
  }
  sub(a: V, b: V): V {
    return this.add(a, this.neg(b));
  }
  mul(a: V, b: V): V {
    const [x, y] = [val(a), val(b)];
    const [p, q] = [this.#constantOf(x), this.#constantOf(y)];
    if (p === 0 || q === 0) return this.constant(0);
    if (p === 1) return b;
    if (q === 1) return a;
    return asV({ ...this.#binary("mul", x.id, y.id), negative: x.negative !== y.negative });
  }
  div(a: V, b: V): V {
    const [x, y] = [val(a), val(b)];
    return asV({ ...this.#binary("div", x.id, y.id), negative: x.negative !== y.negative });
  }
  fma(a: V, b: V, c: V): V {
    const [x, y, z] = [val(a), val(b), val(c)];
    const [p, q] = [this.#constantOf(x), this.#constantOf(y)];
    if (p === 0 || q === 0) return c;
    if (p === 1 || q === 1 || this.#constantOf(z) === 0) return this.add(this.mul(a, b), c);
    const product = x.negative !== y.negative;
    this.flops += 2;
    const last = this.statements.at(-1);
    if (z.negative && !product && last?.kind === "binary" && last.name === "mul" && last.id === z.id) {
      // a b - p q begins with the positive product: the sum needs no negation; p q itself stays for whoever else reads it
      const begin = this.#push((id) => ({ kind: "binary", id, name: "mul", a: x.id, b: y.id })).id;
      return asV(this.#push((id) => ({ kind: "fma", id, negated: true, a: last.a, b: last.b, c: begin })));
    }
    // -(ab) - c = -(ab + c)
    const s = this.#push((id) => ({ kind: "fma", id, negated: product !== z.negative, a: x.id, b: y.id, c: z.id }));
    return asV({ id: s.id, negative: z.negative });
  }
  fnma(a: V, b: V, c: V): V {
    return this.fma(this.neg(a), b, c);
  }
  neg(a: V): V {
    const x = val(a);
    return asV({ id: x.id, negative: !x.negative });
  }
  #unary(name: UnaryName, a: V): V {
    this.flops++;
    const x = this.plain(val(a));
    return asV(this.#push((id) => ({ kind: "unary", id, name, a: x })));
  }
  sqrt(a: V): V {
    return this.#unary("sqrt", a);
  }
  abs(a: V): V {
    return this.#unary("abs", asV({ id: val(a).id, negative: false }));
  }
  max(a: V, b: V): V {
    return asV(this.#binary("max", this.plain(val(a)), this.plain(val(b))));
  }
  positive(c: V, a: V, b: V): V {
    const [x, y, z] = [this.plain(val(c)), this.plain(val(a)), this.plain(val(b))];
    return asV(this.#push((id) => ({ kind: "positive", id, c: x, a: y, b: z })));
  }
  call(name: SiteFunction, ...args: V[]): V {
    const xs = args.map((a) => this.plain(val(a)));
    this.flops += 10;
    return asV(this.#push((id) => ({ kind: "call", id, name, args: xs })));
  }
  loop(count: V, carried: readonly V[], body: (values: readonly V[]) => V[]): V[] {
    const n = this.plain(val(count));
    const uniform = this.#known.has(n);
    const initial = carried.map((v) => this.plain(val(v)));
    const variables = carried.map(() => this.#new());
    const outer = { statements: this.statements, scope: this.#scope, negations: this.#negations };
    this.statements = [];
    this.#scope = this.values;
    this.#negations = new Map();
    const next = body(variables.map((id) => asV({ id, negative: false }))).map((v) => this.plain(val(v)));
    const statements = this.statements;
    this.statements = outer.statements;
    this.#scope = outer.scope;
    this.#negations = outer.negations;
    this.statements.push({ kind: "loop", count: n, uniform, initial, variables, body: statements, next });
    return variables.map((id) => asV({ id, negative: false }));
  }
}

/**
 * Components that may be stored right after each statement, as soon as their value is known: fewer values stay alive. Only for
 * results that share no memory with an operand.
 */
export function earlyStores(m: MicroKernel): number[][] {
  const made = new Map<number, number>();
  m.statements.forEach((s, i) => {
    if (s.kind === "loop") for (const v of s.variables) made.set(v, i);
    else made.set(s.id, i);
  });
  const after: number[][] = m.statements.map(() => []);
  m.results.forEach((v, k) => after[made.get(v)!]!.push(k));
  return after;
}

/** Values that a statement reads. */
export function operandsOf(s: Statement): readonly number[] {
  switch (s.kind) {
    case "load":
    case "constant":
      return [];
    case "binary":
      return [s.a, s.b];
    case "unary":
      return [s.a];
    case "fma":
    case "positive":
      return [s.a, s.b, s.c];
    case "call":
      return s.args;
    case "loop":
      return [s.count, ...s.initial, ...s.next, ...s.body.flatMap(operandsOf)];
  }
}

/** Statements that a result depends on. */
function alive(statements: readonly Statement[], results: readonly number[]): Statement[] {
  const read = new Set(results);
  const out: Statement[] = [];
  for (let i = statements.length - 1; i >= 0; i--) {
    const all = statements[i]!;
    if (all.kind !== "loop" && !read.has(all.id)) continue;
    const s = all.kind === "loop" ? { ...all, body: alive(all.body, all.next) } : all;
    for (const id of operandsOf(s)) read.add(id);
    out.push(s);
  }
  return out.reverse();
}

/** Every load directly before its first use (before the loop that holds it): values that wait for their use would fill the registers. */
function sinkLoads(statements: readonly Statement[], results: readonly number[]): Statement[] {
  const waiting = new Map<number, Statement>();
  const out: Statement[] = [];
  const fetch = (ids: readonly number[]): void => {
    for (const id of ids) {
      const load = waiting.get(id);
      if (load) out.push(load);
      waiting.delete(id);
    }
  };
  for (const s of statements) {
    if (s.kind === "load") waiting.set(s.id, s);
    else {
      fetch(operandsOf(s));
      out.push(s);
    }
  }
  fetch(results);
  return out;
}

/** How an operand is read: straight, or as its conjugate transpose. */
export interface OperandForm {
  readonly type: ValueType;
  readonly dagger: boolean;
}

/** Component i of the operand, with the conjugate transpose folded into the indices. */
function operandReader(r: Recorder, operand: number, { type, dagger }: OperandForm): Operand {
  const cache = new Map<number, V>();
  const stored: Operand = (i) => {
    let v = cache.get(i);
    if (v === undefined) cache.set(i, (v = r.load(operand, i)));
    return v;
  };
  // the second row of a quaternion is (-conj q_01, conj q_00)
  const base: Operand = isQuaternion(type) ? (i) => (i < 4 ? stored(i) : i === 4 || i === 7 ? r.neg(stored(i === 4 ? 2 : 1)) : stored(i === 5 ? 3 : 0)) : stored;
  if (!dagger) return base;
  if (type.kind === "complex") return (i) => (i === 0 ? base(0) : r.neg(base(1)));
  const N = type.kind === "matrix" ? type.N : 1;
  return (i) => {
    const [row, col, part] = [Math.floor(i / 2 / N), Math.floor(i / 2) % N, i % 2];
    const v = base(2 * (col * N + row) + part);
    return part === 0 ? v : r.neg(v);
  };
}

const shapeText = (t: ValueType): string => (t.kind === "matrix" ? `${t.quaternion ? "Q" : "M"}${t.N}${t.algebra ? "a" : ""}` : t.kind === "vector" ? `V${t.N}x${spinOf(t)}` : t.kind === "spin" ? "O3" : t.kind === "real" ? "R" : t.kind === "complex" ? "C" : t.kind === "channels" ? `K${t.count}` : t.kind === "tensor" ? "T" : "S");

/** Text of a micro-kernel: under the name of its op for people, under the op's identity to share equal ones. */
export function microKernelText(op: string, forms: readonly OperandForm[], attributes: Attributes, result: ValueType): string {
  const parts = Object.entries(attributes).map(([k, v]) => `${k}=${Array.isArray(v) ? v.map(numberKey).join(",") : typeof v === "number" ? numberKey(v) : String(v)}`);
  return `${op}(${forms.map((f) => shapeText(f.type) + (f.dagger ? "^+" : "")).join(",")})${parts.length > 0 ? `[${parts.join(";")}]` : ""}${isQuaternion(result) ? "Q" : ""}`;
}

/** Records an op's site arithmetic for the given operand forms. */
export function microKernel(op: Op, forms: readonly OperandForm[], attributes: Attributes, result: ValueType): MicroKernel {
  const r = new Recorder();
  const types = forms.map((f) => (f.dagger && f.type.kind === "matrix" ? { ...f.type, start: f.type.end, end: f.type.start } : f.type));
  const readers = forms.map((f, k) => operandReader(r, k, f));
  const out = op.site!(r, readers, attributes, types);
  if (out.length !== components(result)) throw new Error(`internal: ${op.name} made ${out.length} components, expected ${components(result)}`);
  const results = (isQuaternion(result) ? out.slice(0, 4) : out).map((v) => r.plain(val(v)));
  return { name: microKernelText(op.name, forms, attributes, result), key: microKernelText(op.identity ?? op.name, forms, attributes, result), operands: forms.length, statements: sinkLoads(alive(r.statements, results), results), results, values: r.values, flops: r.flops };
}

/** Records a formula of numbers, operand k read as `read[k]`: the same arithmetic at every place of flat arrays. */
export function microFormula(name: string, operands: number, formula: (b: Site, read: readonly V[]) => readonly V[]): MicroKernel {
  const r = new Recorder();
  const results = formula(r, Array.from({ length: operands }, (_, k) => r.load(k, 0))).map((v) => r.plain(val(v)));
  return { name, key: name, operands, statements: sinkLoads(alive(r.statements, results), results), results, values: r.values, flops: r.flops };
}
