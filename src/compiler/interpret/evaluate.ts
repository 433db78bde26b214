/**
 * A recorded program evaluated as it is written: node after node, site after site, every value kept. No shift is pushed anywhere, no value
 * shares the memory of another, nothing is joined or reordered. This is what the compiled backends are compared with.
 */
import { type Displacement, type LoopWork, type Node, type Op, type Program, type ValueType, components, domainOf, inputOp, isShared, realsOf } from "../../autograd/index.ts";
import { BackendError } from "../../errors.ts";
import { dense } from "./dense.ts";
import { applyWeights, correlate } from "./weights.ts";
import { numbersOf } from "./numbers.ts";
import { siteRule } from "./site-rules.ts";
import { conjugateGradient, normalEquations } from "./solve.ts";

/** What finds the definition of an op: the name of a built-in one, never that of a user's op which is called like it. */
const keyOf = ({ identity, name }: Op): string => identity ?? name;

/** Looks at a value when it has been computed; may change it. */
export type Visitor = (node: Node, value: Float64Array, operands: readonly Float64Array[]) => void;

/** Number of reals of a value of one sample: every site has an entry, also of a field on one parity. */
const sampleLength = ({ lattice }: Pick<Program, "lattice">, t: ValueType): number => (t.kind === "scalar" ? 1 : t.kind === "tensor" ? realsOf(lattice, t) : lattice.volume * components(t));

/** Does a field of this type live at the site? */
export const livesAt = ({ lattice }: Pick<Program, "lattice">, t: ValueType, site: number): boolean => domainOf(t) === "all" || lattice.parity(site) === (domainOf(t) === "even" ? 0 : 1);

/**
 * The value of every node for these inputs, in canonical order (samples of a batch one after the other, sites lexicographic, components inside); zero where
 * a field does not live. With `batch` 1 the inputs are those of one sample, whatever the lattice has.
 */
export function evaluate(program: Program, inputs: readonly Float64Array[], visit?: Visitor, batch = program.lattice.batch): Float64Array[] {
  const values: Float64Array[] = [];
  program.nodes.forEach((node) => {
    const operands = node.inputs.map((i) => values[i]!);
    const value = node.op === inputOp ? inputs[node.attributes["index"] as number]!.slice() : allSamples(program, node, operands, batch);
    visit?.(node, value, operands);
    values.push(value);
  });
  return values;
}

/** A value on every sample of a batch, each by itself. */
function allSamples(program: Program, node: Node, operands: readonly Float64Array[], batch: number): Float64Array {
  if (node.op.role?.is === "loop") return loop(node.op.role.work(node.attributes), operands, batch);
  if (node.op.role?.is === "samples") return Float64Array.of(operands[0]!.reduce((s, x) => s + x, 0));
  const types = node.inputs.map((i) => program.nodes[i]!.type);
  const lives = (t: ValueType, site: number): boolean => livesAt(program, t, site);
  if (node.op.role?.is === "contraction") {
    if (node.type.kind === "tensor") return correlate(program.lattice, node, types, operands, lives);
    if (node.type.kind === "scalar") return Float64Array.of(operands[0]!.reduce((s, x) => s + x, 0));
  }
  if (batch === 1 || isShared(node.type) || node.type.kind === "tensor") return fieldOf(program, node, operands);
  const part = (x: Float64Array, id: number, b: number): Float64Array => (isShared(program.nodes[id]!.type) || program.nodes[id]!.type.kind === "tensor" ? x : x.subarray((b * x.length) / batch, ((b + 1) * x.length) / batch));
  const out = new Float64Array(realsOf(program.lattice, node.type));
  for (let b = 0; b < batch; b++) out.set(fieldOf(program, node, operands.map((x, k) => part(x, node.inputs[k]!, b))), (b * out.length) / batch);
  return out;
}

function fieldOf(program: Program, node: Node, operands: readonly Float64Array[]): Float64Array {
  switch (keyOf(node.op)) {
    case "constant":
      return (node.attributes["data"] as Float64Array).slice();
    case "siteConv":
      return applyWeights(program.lattice, node, node.inputs.map((i) => program.nodes[i]!.type), operands, (t, site) => livesAt(program, t, site));
    case "solve":
      return solution(node, operands);
    case "logDet":
    case "traceGradient":
    case "overlapLogDet":
    case "overlapGradient":
      return dense(node, operands, (p, x) => evaluate(p, x, undefined, 1));
    case "sum": {
      let s = 0;
      const t = program.nodes[node.inputs[0]!]!.type;
      operands[0]!.forEach((x, n) => (s += livesAt(program, t, n) ? x : 0));
      return Float64Array.of(s);
    }
    default:
      return siteBySite(program, node, operands);
  }
}

function siteBySite(program: Program, node: Node, operands: readonly Float64Array[]): Float64Array {
  const { nodes, lattice } = program;
  const types = node.inputs.map((i) => nodes[i]!.type);
  const n = components(node.type);
  const out = new Float64Array(sampleLength(program, node.type));
  const context = { types, type: node.type, attributes: node.attributes };
  const at = (k: number, site: number): Float64Array => {
    const width = components(types[k]!);
    return types[k]!.kind === "scalar" ? operands[k]! : operands[k]!.subarray(site * width, (site + 1) * width);
  };
  const rule = siteRule(keyOf(node.op)) ?? numbersOf(node.op);
  for (let site = 0; site < out.length / n; site++) {
    if (!livesAt(program, node.type, site)) continue;
    switch (keyOf(node.op)) {
      case "shift": {
        const d = node.attributes["displacement"] as Displacement;
        out.set(at(0, lattice.site(lattice.coordinates(site).map((x, mu) => x + d[mu]!))), site * n);
        break;
      }
      case "merge":
        out.set(at(lattice.parity(site), site), site * n);
        break;
      case "extend":
        if (livesAt(program, types[0]!, site)) out.set(at(0, site), site * n);
        break;
      default:
        if (!rule) throw new BackendError(`interpret: op ${node.op.name} has no definition on this backend: run the program on js, wasm or native`);
        out.set(rule(operands.map((_, k) => at(k, site)), context), site * n);
    }
  }
  return out;
}

/** One value of a loop, whose states are all kept. */
function loop({ count, body, back, output }: LoopWork, operands: readonly Float64Array[], batch: number): Float64Array {
  const [members, at] = [body.outputs.length, body.inputs.length - 1];
  const captured = operands.slice(members, at);
  const run = (p: Program, x: readonly Float64Array[], s: number, w: readonly Float64Array[] = []): Float64Array[] => {
    const all = evaluate(p, [...x, ...captured, Float64Array.of(s), ...w], undefined, batch);
    return p.outputs.map((id) => all[id]!);
  };
  const states = [operands.slice(0, members)];
  for (let s = 0; s < (back ? count - 1 : count); s++) states.push(run(body, states[s]!, s));
  if (!back) return states[count]![output]!;
  let w: readonly Float64Array[] = operands.slice(at);
  for (let s = count - 1; s >= 0; s--) w = run(back, states[s]!, s, w);
  return w[output]!;
}

/** (A + shift)^-1 b with A interpreted too; of an A that is not hermitian by its normal equations. */
function solution({ attributes }: Node, operands: readonly Float64Array[]): Float64Array {
  const operator = attributes["operator"] as Program;
  const shift = (attributes["shift"] as number | undefined) ?? 0;
  const adjoint = attributes["adjoint"] as Program | undefined;
  // the solution does not depend on the space that is deflated
  const captured = operands.slice(0, operator.inputs.length - 1);
  const of = (A: Program) => (x: Float64Array): Float64Array => evaluate(A, [...captured, x], undefined, 1)[A.outputs[0]!]!;
  const b = operands[operands.length - 1]!;
  const settings = { tolerance: attributes["tolerance"] as number, maxIterations: attributes["maxIterations"] as number };
  const apply = of(operator);
  if (adjoint) return normalEquations(apply, of(adjoint), b, settings);
  return conjugateGradient((x) => apply(x).map((v, i) => v + shift * x[i]!), b, settings);
}
