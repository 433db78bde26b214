/**
 * Products in sums that are added where their factors are made. A sum of a late kernel, such as the cotangent of a link, may have products of what an earlier kernel
 * makes and reads at the same site: E^+ G' and C^+ L of a stout step beside its displaced staples. Added there they are one field in memory, where their factors were
 * several that nothing else reads. Sums inside of sums, seen through adjoints and multiples by a number of the whole lattice, give up their products likewise.
 */
import { type Node, type Program, domainOf } from "../../autograd/index.ts";
import { adjOp } from "../../autograd/ops/adj.ts";
import { combine } from "../../autograd/ops/combine.ts";
import { scaleOp } from "../../autograd/ops/scale.ts";
import type { Refinement } from "../emitter.ts";
import { usesOf } from "../analysis/schedule.ts";

/** A product x in a sum, as c s_1 .. s_k x or its adjoint. */
interface Term {
  readonly node: number;
  readonly coefficient: number;
  readonly dagger: boolean;
  readonly scalars: readonly number[];
}

/** What is taken out of a sum or a multiple of one, and the operands that stay, each with what is taken out of it. */
interface Split {
  readonly early: readonly Term[];
  readonly kept: ReadonlyMap<number, Split>;
}

const NOTHING: Split = { early: [], kept: new Map() };
/** A field is written, fetched before that, and read. */
const STORED = 2;
const READ = 1;

/** The program with such products added early, and the values to be stored for that; undefined where nothing is gained. */
export const withHomeTerms: Refinement = (a) => {
  const uses = usesOf(a);
  const roots: number[][] = [];
  a.kernels.forEach((k, id) => {
    if (k >= 0) (roots[k] ??= []).push(id);
  });
  const stageOf = (kernel: number): number => a.stages[roots[kernel]![0]!]!;
  const found: { readonly sum: number; readonly split: Split; readonly kernel: number }[] = [];
  const moved = new Set<number>();
  const inner = new Set<number>();
  const factors = (id: number): number[] => a.operands(id).map((i) => a.view(i).id);

  /** Is a value a product of fields at home that are in memory before a stage? */
  const early = (id: number, stage: number): boolean =>
    a.is(id, "product") && uses[id] === 1 && a.operands(id).every((i) => {
      const v = a.view(i);
      return v.shift === 0 && !a.gated(i) && a.inMemory(v.id) && !a.ownStep(v.id) && domainOf(a.node(v.id).type) === "all" && a.stages[v.id]! < stage;
    });

  const splitOf = (id: number, stage: number): Split => {
    const { op: { role }, inputs, attributes } = a.node(id);
    const taken: Term[] = [];
    const kept = new Map<number, Split>();
    const number = role?.is === "combination" ? undefined : inputs[0]!;
    inputs.forEach((i, k) => {
      if (i === number) return;
      const v = a.view(i);
      const open = v.shift === 0 && !a.gated(i) && !a.inMemory(v.id) && uses[v.id] === 1;
      const whole = open && number === undefined && early(v.id, stage);
      const part = whole ? { early: [{ node: v.id, coefficient: 1, dagger: false, scalars: [] }], kept: NOTHING.kept } : open && isSum(v.id) ? splitOf(v.id, stage) : NOTHING;
      (whole ? moved : part.early.length > 0 ? inner : new Set()).add(v.id);
      const coefficient = role?.is === "combination" ? role.coefficients(attributes)[k]! : 1;
      taken.push(...part.early.map((t) => ({ node: t.node, coefficient: coefficient * t.coefficient, dagger: t.dagger !== v.dagger, scalars: number === undefined ? t.scalars : [number, ...t.scalars] })));
      if (part.early.length === 0 || part.kept.size > 0) kept.set(i, part);
    });
    return { early: taken, kept };
  };
  const isSum = (id: number): boolean => a.is(id, "combination") || (a.is(id, "multiple") && a.node(id).type.kind === "matrix" && a.node(a.node(id).inputs[0]!).type.kind === "scalar");

  // sums are met before the sums in them, whose only use they are
  const loads = roots.map((list, kernel) => {
    const [seen, loaded, stack] = [new Set(list), new Set<number>(), [...list]];
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      const home = a.stored.has(id) || (a.demands[id]!.size === 1 && a.demands[id]!.has(0));
      if (home && a.is(id, "combination") && !inner.has(id) && a.node(id).type.kind === "matrix" && domainOf(a.node(id).type) === "all") {
        const split = splitOf(id, stageOf(kernel));
        if (split.early.length > 0 && split.kept.size > 0) found.push({ sum: id, split, kernel });
      }
      for (const v of factors(id)) {
        if (seen.has(v) || moved.has(v)) continue;
        seen.add(v);
        if (a.inMemory(v)) loaded.add(v);
        else stack.push(v);
      }
    }
    return loaded;
  });
  const paying = found.filter(({ split, kernel }) => {
    const fields = new Set(split.early.flatMap((t) => factors(t.node)));
    const at = Math.max(...[...fields].map((f) => a.kernels[f]!));
    if (at < 0) return false;
    let gain = -STORED - READ;
    for (const f of fields) {
      if (!loads[kernel]!.has(f)) gain += READ;
      if (a.kernels[f] !== at) gain -= loads[at]!.has(f) ? 0 : READ;
      else if (!a.isRequired(f) && !loads.some((ids, k) => k !== at && ids.has(f))) gain += STORED;
    }
    return gain > 0;
  });
  return paying.length === 0 ? undefined : rebuilt(a.program, new Map(paying.map((c) => [c.sum, c.split])));
};

/** The program with what is taken out of sums added up behind the last of it. */
function rebuilt(program: Program, splits: ReadonlyMap<number, Split>): { readonly program: Program; readonly kept: readonly number[] } {
  const nodes: Node[] = [];
  const number: number[] = [];
  const append = (like: Node, change: Partial<Node>): number => nodes.push({ ...like, ...change }) - 1;
  const adjoint = (x: number, like: Node): number => append(like, { op: adjOp, inputs: [x], attributes: {} });
  const totals = new Map<number, number>();
  const due = new Map<number, number[]>();
  for (const [sum, { early }] of splits) {
    const last = Math.max(...early.flatMap((t) => [t.node, ...t.scalars]));
    due.set(last, [...(due.get(last) ?? []), sum]);
  }
  const total = (terms: readonly Term[], like: Node): number => {
    const inputs = terms.map((t) => t.scalars.reduceRight((x, s) => append(like, { op: scaleOp, inputs: [number[s]!, x], attributes: {} }), t.dagger ? adjoint(number[t.node]!, like) : number[t.node]!));
    return append(like, { op: combine, inputs, attributes: { coefficients: terms.map((t) => t.coefficient) } });
  };
  /** A value without what is taken out of it, and with a first term in place of that. */
  const rest = (id: number, { kept }: Split, first: readonly number[]): number => {
    const n = program.nodes[id]!;
    const operand = (i: number): number => {
      const part = kept.get(i);
      if (!part || part.early.length === 0) return number[i]!;
      let [x, dagger] = [i, false];
      for (let view = program.nodes[x]!; view.op.role?.is === "view"; view = program.nodes[(x = view.inputs[0]!)]!) dagger = dagger !== (view.op.role.adjoint === true);
      const inside = rest(x, part, []);
      return dagger ? adjoint(inside, program.nodes[i]!) : inside;
    };
    if (n.op.role?.is !== "combination") return append(n, { inputs: n.inputs.map(operand) });
    const coefficients = n.op.role.coefficients(n.attributes).filter((_, k) => kept.has(n.inputs[k]!));
    return append(n, { inputs: [...first, ...n.inputs.filter((i) => kept.has(i)).map(operand)], attributes: { coefficients: [...first.map(() => 1), ...coefficients] } });
  };
  program.nodes.forEach((n, id) => {
    const split = splits.get(id);
    number.push(split ? rest(id, split, [totals.get(id)!]) : append(n, { inputs: n.inputs.map((i) => number[i]!) }));
    for (const sum of due.get(id) ?? []) totals.set(sum, total(splits.get(sum)!.early, program.nodes[sum]!));
  });
  const numbered = (ids: readonly number[]): number[] => ids.map((i) => number[i]!);
  return { program: { lattice: program.lattice, nodes, inputs: numbered(program.inputs), outputs: numbered(program.outputs), key: program.key }, kept: [...totals.values()] };
}
