/**
 * Products of matrices put together in the order in which kernels share most of them. Both staples above a site in a plane hold P = U_mu(n+nu) U_nu(n+mu)^+, their plaquette is P between
 * the links at the site, and the derivative of P serves both again: a program that multiplies from the left makes other products for each.
 *
 * Every sum of a kernel is written out as words, products of what cannot be written out, and every Re tr(A^+ B) as a word that may be turned. Then, counting adjoints as equal,
 *   1. a pair of neighbours that stands in most words is made once, as long as one stands in two;
 *   2. words of a sum that begin or end alike are x (w_1 + w_2 + ..), and sums inside, which are equal or opposite or adjoint, are made once.
 * A kernel whose products are not fewer then stays as it is. No other values go to memory than did. The choice depends on the program alone.
 */
import { type MatrixType, type Node, type Op, type Program, asQuaternion, domainOf, isQuaternion } from "../../autograd/index.ts";
import { adjOp } from "../../autograd/ops/adj.ts";
import { combine } from "../../autograd/ops/combine.ts";
import { dotOp } from "../../autograd/ops/dot.ts";
import { mulOp } from "../../autograd/ops/mul.ts";
import { shiftOp } from "../../autograd/ops/shift.ts";
import type { Analysis } from "../analysis/analysis.ts";
import type { Refinement } from "../emitter.ts";
import { usesOf } from "../analysis/schedule.ts";
import type { View } from "../analysis/views.ts";
import { type Term, Words, adjoint } from "./words.ts";

/** Longest sums and words that are written out: what repeated squaring makes would grow without end. */
const MOST_TERMS = 64;
const MOST_LETTERS = 8;
/** Terms of a sum that is written out in products, and where it is used more than once. */
const MOST_REPEATED = 3;

/** The terms of a sum; or a trace, whose word is turned. */
interface Expression {
  readonly terms: readonly Term[];
  readonly cyclic: boolean;
}

/** A value written out, and the products that it had. */
interface Expansion {
  readonly terms: readonly Term[];
  readonly made: readonly { readonly id: number; readonly shift: number }[];
}

/** What a kernel computes, in words. */
interface Written {
  readonly words: Words<View>;
  readonly expressions: ReadonlyMap<number, Expression>;
}

/** The program with the products of every kernel shared; undefined where nothing is gained. */
export const withSharedProducts: Refinement = (a) => {
  const uses = usesOf(a);
  const roots: number[][] = [];
  a.kernels.forEach((k, id) => {
    if (k >= 0 && !a.ownStep(id)) (roots[k] ??= []).push(id);
  });
  const where = computedIn(a, roots);
  const written = roots.map((list, kernel) => writtenOut(a, list, uses, (id) => where[id] === kernel)).filter((w) => w !== undefined);
  return written.length === 0 ? undefined : rebuilt(a, written);
};

/** The kernel that alone computes a value; -1 for others. */
function computedIn(a: Analysis, roots: readonly (readonly number[])[]): number[] {
  const where: number[] = a.program.nodes.map(() => -2);
  roots.forEach((list, kernel) => {
    const [seen, stack] = [new Set(list), [...list]];
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      where[id] = where[id] === -2 ? kernel : -1;
      for (const i of a.operands(id)) {
        const v = a.view(i).id;
        if (seen.has(v) || a.inMemory(v)) continue;
        seen.add(v);
        stack.push(v);
      }
    }
  });
  return where;
}

/** Values as sums of words. */
class Writer {
  readonly words = new Words<View>((v) => `${v.id}@${v.shift}`);
  readonly #a: Analysis;
  readonly #uses: readonly number[];
  readonly #known = new Map<number, Expansion>();

  constructor(a: Analysis, uses: readonly number[]) {
    this.#a = a;
    this.#uses = uses;
  }

  /** Is it a product or a sum that can be written out? */
  open(id: number): boolean {
    const { type, inputs } = this.#a.node(id);
    return (this.#a.is(id, "product") || this.#a.is(id, "combination")) && type.kind === "matrix" && [id, ...inputs].every((i) => plain(this.#a, i, type));
  }

  expansion(id: number): Expansion {
    let e = this.#known.get(id);
    if (!e) this.#known.set(id, (e = this.#expanded(id, true) ?? this.#expanded(id, false)!));
    return e;
  }

  /** Re tr(x^+ y) as one word, where it is more than a trace of two values. */
  trace(id: number): Expansion | undefined {
    const { op, inputs } = this.#a.node(id);
    const type = this.#a.node(inputs[0] ?? id).type;
    if (op !== dotOp || type.kind !== "matrix" || !inputs.every((i) => plain(this.#a, i, type))) return undefined;
    const [x, y] = inputs.map((i) => this.#operand(i, true));
    const [s, t] = [x!.terms[0]!, y!.terms[0]!];
    const letters = [...adjoint(s.letters), ...t.letters];
    if (x!.terms.length > 1 || y!.terms.length > 1 || s.coefficient * t.coefficient !== 1 || letters.length === 2) return undefined;
    return { terms: [{ coefficient: 1, letters }], made: [...x!.made, ...y!.made] };
  }

  /** With what stands behind the operands, or with these as letters; undefined where that is too long. */
  #expanded(id: number, inside: boolean): Expansion | undefined {
    const { op: { role }, inputs, attributes } = this.#a.node(id);
    const isProduct = role?.is === "product";
    const parts = inputs.map((i) => (inside ? this.#operand(i, isProduct) : this.#letter(this.#a.view(i))));
    const made = [...(isProduct ? [{ id, shift: 0 }] : []), ...parts.flatMap((p) => p.made)];
    const [x, y] = parts.map((p) => p.terms);
    const coefficients = role?.is === "combination" ? role.coefficients(attributes) : [];
    const terms = isProduct
      ? x!.flatMap((s) => y!.map((t): Term => ({ coefficient: s.coefficient * t.coefficient, letters: [...s.letters, ...t.letters] })))
      : parts.flatMap((p, k) => p.terms.map((t): Term => ({ coefficient: coefficients[k]! * t.coefficient, letters: t.letters })));
    const small = terms.length <= MOST_TERMS && terms.every((t) => t.letters.length <= MOST_LETTERS) && !(isProduct && x!.length > 1 && y!.length > 1);
    return small || !inside ? { terms, made } : undefined;
  }

  #letter(v: View): Expansion {
    return { terms: [{ coefficient: 1, letters: [this.words.letter(v, v.dagger)] }], made: [] };
  }

  #operand(i: number, isFactor: boolean): Expansion {
    const { displacements } = this.#a;
    const v = this.#a.view(i);
    if (this.#a.inMemory(v.id) || !this.open(v.id)) return this.#letter(v);
    const { terms, made } = this.expansion(v.id);
    if ((isFactor || this.#uses[v.id] !== 1) && terms.length > MOST_REPEATED) return this.#letter(v);
    const moved = (l: number): number => {
      const x = this.words.source(l);
      const shift = displacements.add(x.shift, v.shift);
      return this.words.letter({ ...x, shift, displacement: displacements.list[shift]! }, l % 2 === 1);
    };
    return {
      terms: terms.map(({ coefficient, letters }) => ({ coefficient, letters: (v.dagger ? adjoint(letters) : letters).map(moved) })),
      made: made.map((p) => ({ id: p.id, shift: displacements.add(p.shift, v.shift) })),
    };
  }
}

/** The sums and traces of a kernel with their products shared; undefined where that makes them no fewer. `here`: is a value computed in this kernel alone? */
function writtenOut(a: Analysis, roots: readonly number[], uses: readonly number[], here: (id: number) => boolean): Written | undefined {
  const writer = new Writer(a, uses);
  const { words } = writer;
  const products = new Set<string>();
  const expressions = new Map<number, Expression>();
  const [seen, stack] = [new Set(roots), [...roots].reverse()];
  const need = (v: View): void => {
    if (v.shift !== 0 || a.inMemory(v.id) || !here(v.id) || a.demands[v.id]!.size > 1 || seen.has(v.id)) return;
    seen.add(v.id);
    stack.push(v.id);
  };
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    const trace = writer.trace(id);
    const e = trace ?? (writer.open(id) ? writer.expansion(id) : undefined);
    if (!e) {
      for (const i of a.operands(id)) need(a.view(i));
      continue;
    }
    for (const p of e.made) products.add(`${p.id}@${p.shift}`);
    expressions.set(id, { terms: e.terms, cyclic: trace !== undefined });
    for (const t of e.terms) for (const l of t.letters) need(words.source(l));
  }
  // in the order of the program
  const sorted = [...expressions].sort(([x], [y]) => x - y);
  const shared = words.share(sorted.map(([, e]) => e));
  if (shared.products >= products.size) return undefined;
  return { words, expressions: new Map(sorted.map(([id, { cyclic }], k) => [id, { cyclic, terms: shared.terms[k]! }])) };
}

/** Is an operand a matrix on all sites that is stored as one of this type and waits for nothing? */
function plain(a: Analysis, i: number, type: MatrixType): boolean {
  const t = a.node(i).type;
  return t.kind === "matrix" && t.domain === "all" && domainOf(a.node(a.view(i).id).type) === "all" && !a.gated(i) && isQuaternion(t) === isQuaternion(type);
}

/** The program with these expressions in place of theirs. */
function rebuilt(a: Analysis, written: readonly Written[]): { readonly program: Program; readonly kept: readonly number[] } {
  const { program } = a;
  const { lattice } = program;
  const nodes: Node[] = [];
  const number: number[] = [];
  const make = (like: Node, op: Op, inputs: number[], attributes: Node["attributes"] = {}): number => {
    const types = inputs.map((i) => nodes[i]!.type);
    const type = op.infer(types, attributes, lattice);
    const marked = lattice.quaternions && type.kind === "matrix" ? asQuaternion(type, type.N === 2 && (type.algebra || op.quaternion?.(types, type) === true)) : type;
    return nodes.push({ ...like, op, inputs, attributes, type: marked }) - 1;
  };
  const whole = new Map(written.flatMap((w) => [...w.expressions].map(([id, e]) => [id, { e, words: w.words }] as const)));
  const made = new Map<Words<View>, Map<number, number>>(written.map((w) => [w.words, new Map()]));

  const letter = (words: Words<View>, l: number, like: Node): number => {
    const numbers = made.get(words)!;
    let n = numbers.get(l);
    if (n !== undefined) return n;
    if (l % 2 === 1) n = make(like, adjOp, [letter(words, l - 1, like)]);
    else {
      const s = words.symbol(l);
      if (s.is === "pair") n = product(words, s.letters, like);
      else if (s.is === "sum") n = sum(words, s.terms, like);
      else {
        const base = number[s.source.id]!;
        n = s.source.shift === 0 ? base : make(like, shiftOp, [base], { displacement: s.source.displacement });
      }
    }
    numbers.set(l, n);
    return n;
  };
  const product = (words: Words<View>, letters: readonly number[], like: Node): number =>
    letters.slice(1).reduce((x, l) => make(like, mulOp, [x, letter(words, l, like)]), letter(words, letters[0]!, like));
  /** Products are added one by one where their coefficients are of one size, which is a factor of their sum. */
  const sum = (words: Words<View>, terms: readonly Term[], like: Node): number => {
    const sizes = new Map<number, Term[]>();
    for (const t of terms) sizes.set(Math.abs(t.coefficient), [...(sizes.get(Math.abs(t.coefficient)) ?? []), t]);
    const [inputs, coefficients]: [number[], number[]] = [[], []];
    for (const [size, list] of sizes) {
      const numbers = list.map((t) => product(words, t.letters, like));
      const whole = sizes.size === 1 || size === 1 || list.length === 1;
      inputs.push(...(whole ? numbers : [make(like, combine, numbers, { coefficients: list.map((t) => Math.sign(t.coefficient)) })]));
      coefficients.push(...(whole ? list.map((t) => t.coefficient) : [size]));
    }
    // a letter may be a view
    return inputs.length === 1 && coefficients[0] === 1 && terms[0]!.letters.length > 1 ? inputs[0]! : make(like, combine, inputs, { coefficients });
  };

  program.nodes.forEach((n, id) => {
    const at = whole.get(id);
    if (!at) number.push(nodes.push({ ...n, inputs: n.inputs.map((i) => number[i]!) }) - 1);
    else if (at.e.cyclic) {
      const { letters } = at.e.terms[0]!;
      const half = letters.length >> 1;
      const left = product(at.words, adjoint(letters.slice(0, half)), n);
      number.push(make(n, dotOp, [left, product(at.words, letters.slice(half), n)]));
    } else number.push(sum(at.words, at.e.terms, n));
  });
  const numbered = (ids: readonly number[]): number[] => ids.map((i) => number[i]!);
  const kept = [...a.stored].filter((id) => !a.isLeaf(id));
  return { program: { lattice, nodes, inputs: numbered(program.inputs), outputs: numbered(program.outputs), key: program.key }, kept: numbered(kept) };
}
