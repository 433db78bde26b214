/** Linear combination with fixed numbers: C = sum_k c_k X_k. add, sub, neg and scale by a number are special cases. */
import { applyOp } from "../apply.ts";
import { CovarianceError } from "../../errors.ts";
import { displacementText } from "../lattice.ts";
import type { Op, Samples } from "../op.ts";
import type { Tape, Traced } from "../tape.ts";
import { type ValueType, components, realType, sameDisplacement, sameType, siteMatrixType, typeText, isQuaternion } from "../types.ts";
import { guard, is } from "../../util/index.ts";

const coefficients = (a: { readonly [k: string]: unknown }): readonly number[] => a["coefficients"] as readonly number[];

export const combine: Op = {
  name: "combine",
  quaternion: (types) => types.every(isQuaternion),
  role: { is: "combination", coefficients },
  linear: true,
  infer(inputs, _attributes, lattice) {
    const first = inputs[0]!;
    for (const t of inputs) {
      if (sameType(lattice, first, t)) continue;
      if (first.kind === "matrix" && t.kind === "matrix" && first.N === t.N) {
        const [a, b] = sameDisplacement(lattice, first.start, t.start) ? [first.end, t.end] : [first.start, t.start];
        throw new CovarianceError(
          `add: end points differ: got [${displacementText(lattice, first.start)} -> ${displacementText(lattice, first.end)}] and [${displacementText(lattice, t.start)} -> ${displacementText(lattice, t.end)}], expected equal ones: shift one of them, close both loops at the same site, or transport from ${displacementText(lattice, b)} to ${displacementText(lattice, a)} with links`,
        );
      }
      const scalars = [first, t].filter((x) => x.kind === "scalar").length === 1;
      throw new CovarianceError(
        `add: got ${typeText(lattice, first)} and ${typeText(lattice, t)}, expected two values of the same kind, N, end points, boundary signs and sites: ${scalars ? "broadcast the scalar" : "shift, transport or restrict one of them"}`,
      );
    }
    if (first.kind === "spin") return { ...first, unit: false };
    return first.kind === "matrix" ? { ...first, algebra: inputs.every((t) => t.kind === "matrix" && t.algebra) } : first;
  },
  simplify(tape, inputs, attributes) {
    const c = coefficients(attributes);
    const terms = new Map<number, number>();
    let changed = false;
    inputs.forEach((x, k) => {
      const node = tape.node(x.id);
      let id = x.id;
      let f = c[k]!;
      if (node.op === combine && node.inputs.length === 1) {
        id = node.inputs[0]!;
        f *= coefficients(node.attributes)[0]!;
        changed = true;
      }
      if (terms.has(id)) changed = true;
      terms.set(id, (terms.get(id) ?? 0) + f);
    });
    const kept = [...terms].filter(([, f]) => f !== 0);
    if (kept.length === 1 && kept[0]![1] === 1) return tape.traced(kept[0]![0]);
    const shared = commonScalar(tape, kept.map(([id]) => id));
    if (shared !== undefined) {
      // c x + c y + z = c (x + y) + z: one multiplication, and a sum that takes products one by one
      const [inside, outside] = [true, false].map((is) => kept.filter(([id]) => (scalarFactor(tape, id) === shared) === is));
      const inner = tape.rules.scale(tape.traced(shared), tape.apply(combine, inside!.map(([id]) => tape.traced(tape.node(id).inputs[1]!)), { coefficients: inside!.map(([, f]) => f) }));
      return outside!.length === 0 ? inner : tape.apply(combine, [...outside!.map(([id]) => tape.traced(id)), inner], { coefficients: [...outside!.map(([, f]) => f), 1] });
    }
    const size = Math.abs(kept[0]?.[1] ?? 0);
    // a common factor goes outside, where products and sums can pass it on
    if (kept.length > 1 && size !== 1 && kept.every(([, f]) => Math.abs(f) === size))
      return scaleBy(size, tape.apply(combine, kept.map(([id]) => tape.traced(id)), { coefficients: kept.map(([, f]) => Math.sign(f)) }));
    if (kept.length === 0 || (!changed && kept.length === inputs.length)) return undefined;
    return tape.apply(combine, kept.map(([id]) => tape.traced(id)), { coefficients: kept.map(([, f]) => f) });
  },
  vjp: ({ cotangent, attributes, needs }) => coefficients(attributes).map((c, k) => (needs[k] ? scaleBy(c, cotangent) : undefined)),
  site(b, inputs, attributes, types) {
    const c = coefficients(attributes);
    return Array.from({ length: components(types[0]!) }, (_, i) => {
      let s = c[0] === 1 ? inputs[0]!(i) : c[0] === -1 ? b.neg(inputs[0]!(i)) : b.mul(b.constant(c[0]!), inputs[0]!(i));
      for (let k = 1; k < inputs.length; k++) {
        const x = inputs[k]!(i);
        s = c[k] === 1 ? b.add(s, x) : c[k] === -1 ? b.sub(s, x) : b.fma(b.constant(c[k]!), x, s);
      }
      return s;
    });
  },
  cost: (types) => 2 * types.length * components(types[0]!),
};

export const combineSamples: Samples = (lattice, N) => {
  const m = siteMatrixType(lattice, N);
  return [
    { label: "add", inputs: [m, m], apply: ([a, b]) => add(a!, b!) },
    { label: "sub", inputs: [m, m], apply: ([a, b]) => sub(a!, b!) },
    { label: "three terms", inputs: [realType(), realType(), realType()], apply: ([a, b, c]) => sub(add(a!, scaleBy(0.7, b!)), scaleBy(-1.3, c!)) },
  ];
};

/** The scalar that multiplies a value, -1 for none. */
function scalarFactor(tape: Tape, id: number): number {
  const n = tape.node(id);
  return n.op.role?.is === "multiple" && n.type.kind !== "scalar" && tape.node(n.inputs[0]!).type.kind === "scalar" ? n.inputs[0]! : -1;
}

/** The first scalar that multiplies two or more of the values. */
function commonScalar(tape: Tape, ids: readonly number[]): number | undefined {
  const factors = ids.map((id) => scalarFactor(tape, id));
  const seen = new Set<number>();
  const twice = new Set<number>();
  for (const f of factors) (seen.has(f) ? twice : seen).add(f);
  return factors.find((f) => f >= 0 && twice.has(f));
}

/** c x for a fixed number c. */
export function scaleBy<T extends ValueType>(c: number, x: Traced<T>): Traced<T> {
  guard("scaleBy", { c: [c, is.finite] });
  return applyOp("scaleBy", combine, [x], { coefficients: [c] }) as Traced<T>;
}

/** Sum of values with equal kind and end points. @throws CovarianceError when end points differ. */
export function add<T extends ValueType>(first: Traced<T>, ...rest: Traced<NoInfer<T>>[]): Traced<T> {
  const all = [first, ...rest];
  return applyOp("add", combine, all, { coefficients: all.map(() => 1) }) as Traced<T>;
}

/** a - b for values with equal kind and end points. @throws CovarianceError when end points differ. */
export function sub<T extends ValueType>(a: Traced<T>, b: Traced<NoInfer<T>>): Traced<T> {
  return applyOp("sub", combine, [a, b], { coefficients: [1, -1] }) as Traced<T>;
}

/** -x. */
export function neg<T extends ValueType>(x: Traced<T>): Traced<T> {
  return scaleBy(-1, x);
}
