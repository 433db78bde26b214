/**
 * Linear operators as sums of paths: A x (n) = sum_t P_t(n) S_t x(n + d_t) with matrix fields P_t, fixed spin matrices S_t and displacements d_t. The
 * operator is run on a formal sum in place of a vector; boundary signs are site factors of the paths.
 */
import { openTape } from "./recording.ts";
import { addAll } from "./ops/accumulate.ts";
import { combine, scaleBy } from "./ops/combine.ts";
import { unitOp } from "./ops/constants.ts";
import { extendOp, mergeOp, restrictOp } from "./ops/domain.ts";
import { extend, restrict } from "./ops/domain.ts";
import { aliasOp, afterOp, detachOp } from "./ops/flow.ts";
import { mulVectorOp } from "./ops/mul.ts";
import { asMatrix } from "./ops/quaternion.ts";
import { scaleOp } from "./ops/scale.ts";
import { shiftOp } from "./ops/shift.ts";
import { spinOp } from "./ops/spin.ts";
import { pullbackAll } from "./backward.ts";
import type { Displacement } from "./lattice.ts";
import { type Op } from "./op.ts";
import { inputOp } from "./program.ts";
import type { Node, Program, Tape, Traced } from "./tape.ts";
import { type VectorType, domainOf, spinOf } from "./types.ts";
import { guard, is } from "../util/index.ts";

/** A term: where it takes the vector from, and its spin matrix row by row, (re, im). */
export interface Term {
  readonly displacement: Displacement;
  readonly spin: readonly number[];
}

/** An operator as a sum of paths: its terms, the program of the paths and that of their derivatives. */
export interface Stencil {
  readonly terms: readonly Term[];
  /** Captured values -> one matrix field a term, on the sites where it is known. */
  readonly paths: Program;
  /** (captured..., one cotangent a term) -> cotangents of the captured values. */
  readonly pull: Program;
}

interface FormalTerm extends Term {
  readonly rows: number;
  readonly path: Traced;
}
/** A vector as a sum of terms, by displacement and spin matrix. */
type Formal = ReadonlyMap<string, FormalTerm>;

const program = is.withFields("a program", "lattice", "nodes", "inputs", "outputs");

/** More terms than any operator that is worth it. */
const MOST_TERMS = 4096;

type Rule = (tape: Tape, node: Node, operands: readonly (Traced | Formal)[]) => Formal | undefined;

const isFormal = (x: Traced | Formal | undefined): x is Formal => x instanceof Map;
const keyOf = ({ displacement, spin }: Term): string => `${displacement.join(",")}|${spin.join(",")}`;
const each = (v: Formal, f: (t: FormalTerm) => FormalTerm): Formal => new Map([...v.values()].map((t) => f(t)).map((t) => [keyOf(t), t]));

/** The same op on every path. */
const onPaths: Rule = (tape, { op, attributes }, [v, ...rest]) => (isFormal(v) && !rest.some(isFormal) ? each(v, (t) => ({ ...t, path: tape.apply(op, [t.path, ...(rest as Traced[])], attributes) })) : undefined);

/** G S: rows of G with columns of S. */
function spinProduct(G: readonly number[], S: readonly number[], rows: number, inner: number): number[] {
  const columns = S.length / 2 / inner;
  const out = Array.from({ length: 2 * rows * columns }, () => 0);
  for (let r = 0; r < rows; r++)
    for (let k = 0; k < inner; k++) {
      const [gr, gi] = [G[2 * (r * inner + k)]!, G[2 * (r * inner + k) + 1]!];
      if (gr === 0 && gi === 0) continue;
      for (let c = 0; c < columns; c++) {
        const [sr, si, to] = [S[2 * (k * columns + c)]!, S[2 * (k * columns + c) + 1]!, 2 * (r * columns + c)];
        out[to]! += gr * sr - gi * si;
        out[to + 1]! += gr * si + gi * sr;
      }
    }
  // -0 and 0 are one spin matrix
  return out.map((x) => x + 0);
}

const rules: ReadonlyMap<Op, Rule> = new Map<Op, Rule>([
  [aliasOp, onPaths],
  [detachOp, onPaths],
  [afterOp, onPaths],
  [restrictOp, onPaths],
  [extendOp, onPaths],
  [shiftOp, (tape, node, operands) => {
    const v = onPaths(tape, node, operands);
    const d = node.attributes["displacement"] as Displacement;
    return v && each(v, (t) => ({ ...t, displacement: tape.lattice.wrap(t.displacement.map((x, mu) => x + d[mu]!)) }));
  }],
  [scaleOp, (tape, _node, [s, v]) => (isFormal(v) && !isFormal(s) ? each(v, (t) => ({ ...t, path: tape.apply(scaleOp, [s!, t.path]) })) : undefined)],
  [mulVectorOp, (tape, _node, [a, v]) => (isFormal(v) && !isFormal(a) ? each(v, (t) => ({ ...t, path: tape.rules.mul(a!, t.path) })) : undefined)],
  [spinOp, (_tape, { attributes }, [v]) => {
    if (!isFormal(v)) return undefined;
    const rows = attributes["rows"] as number;
    const turned = [...v.values()].map((t) => ({ ...t, rows, spin: spinProduct(attributes["entries"] as readonly number[], t.spin, rows, t.rows) }));
    return summed(turned.filter((t) => t.spin.some((x) => x !== 0)).map((term) => ({ term, coefficient: 1 })));
  }],
  [combine, (_tape, { attributes }, operands) => {
    if (!operands.every(isFormal)) return undefined;
    const coefficients = attributes["coefficients"] as readonly number[];
    return summed(operands.flatMap((v, k) => [...(v as Formal).values()].map((term) => ({ term, coefficient: coefficients[k]! }))));
  }],
  [mergeOp, (_tape, _node, [even, odd]) => {
    if (!isFormal(even) || !isFormal(odd)) return undefined;
    const halves = (v: Formal, domain: "even" | "odd") => [...v.values()].map((t) => ({ term: { ...t, path: extend(domainOf(t.path.type) === "all" ? restrict(t.path as never, domain) : t.path) }, coefficient: 1 }));
    return summed([...halves(even, "even"), ...halves(odd, "odd")]);
  }],
]);

function summed(list: readonly { readonly term: FormalTerm; readonly coefficient: number }[]): Formal {
  const out = new Map<string, { term: FormalTerm; paths: Traced[]; coefficients: number[] }>();
  for (const { term, coefficient } of list) {
    const key = keyOf(term);
    const known = out.get(key);
    if (known) {
      known.paths.push(term.path);
      known.coefficients.push(coefficient);
    } else out.set(key, { term, paths: [term.path], coefficients: [coefficient] });
  }
  return new Map([...out].map(([key, { term, paths, coefficients }]) => [key, { ...term, path: paths.length === 1 && coefficients[0] === 1 ? paths[0]! : term.path.tape.apply(combine, paths, { coefficients }) }]));
}

/** The paths of an operator (captured..., x) -> A x; undefined for one that does more than moving, multiplying and adding. */
export function stencilOf(operator: Program): Stencil | undefined {
  guard("stencilOf", { operator: [operator, program] });
  const tape = openTape(operator.lattice);
  const last = operator.inputs.length - 1;
  const captured = operator.inputs.slice(0, -1).map((id) => tape.input(operator.nodes[id]!.type));
  const type = operator.nodes[operator.inputs[last]!]!.type as VectorType;
  const spin = spinOf(type);
  const one = tape.apply(unitOp, [], { N: type.N, at: [...type.at] });
  const path = type.domain === "all" ? one : restrict(one as never, type.domain);
  const identity: FormalTerm = { displacement: type.at.map(() => 0), rows: spin, spin: Array.from({ length: 2 * spin * spin }, (_, k) => (k % 2 === 0 && (k / 2) % (spin + 1) === 0 ? 1 : 0)), path };
  const values: (Traced | Formal)[] = [];
  for (const node of operator.nodes) {
    if (node.op === inputOp) {
      const k = node.attributes["index"] as number;
      values.push(k === last ? new Map([[keyOf(identity), identity]]) : captured[k]!);
      continue;
    }
    const operands = node.inputs.map((i) => values[i]!);
    const value = operands.some(isFormal) ? rules.get(node.op)?.(tape, node, operands) : tape.apply(node.op, operands as Traced[], node.attributes);
    if (value === undefined || (isFormal(value) && value.size > MOST_TERMS)) return undefined;
    values.push(value);
  }
  const result = values[operator.outputs[0]!];
  if (!isFormal(result) || result.size === 0) return undefined;
  // blocks of a dense matrix and their cotangents leave the quaternions where paths do not
  const terms = [...result.values()].map((t) => ({ ...t, path: asMatrix(t.path) }));
  const paths = tape.extract(captured.map((c) => c.id), terms.map((t) => t.path.id));
  return { terms: terms.map(({ displacement, spin: S }) => ({ displacement, spin: S })), paths, pull: pullOf(paths, paths.outputs.map((id) => paths.nodes[id]!.type as never)) };
}

/** (captured..., one cotangent an output) -> cotangents of the captured values, zero where there is no dependence. */
export function pullOf(of: Program, seeds: readonly VectorType[], more = 0): Program {
  guard("pullOf", { of: [of, program], seeds: [seeds, is.listOf(is.present)], more: [more, is.natural] });
  const tape = openTape(of.lattice);
  const inputs = of.inputs.map((id) => tape.input(of.nodes[id]!.type));
  const cotangents = seeds.map((t) => tape.input(t));
  const outputs = tape.inline(of, inputs);
  const wrt = inputs.slice(0, inputs.length - more);
  const found = wrt.length === 0 ? [] : pullbackAll(outputs, cotangents, wrt);
  return tape.finish(wrt.map((x, k) => (found[k] ? addAll([found[k]!], x.type) : scaleBy(0, x))));
}
