/** Derivatives of exponentials of su(3) that nothing but a projection on the algebra reads, made as one function with that. */
import { type MatrixType, type Node, type Op, type Program, domainOf } from "../../autograd/index.ts";
import { expOp } from "../../autograd/ops/exp.ts";
import { projectedDerivativeOfSu3 } from "../../autograd/ops/exp-projected.ts";
import { taOp } from "../../autograd/ops/ta.ts";
import type { Refinement } from "../emitter.ts";
import { usesOf } from "../analysis/schedule.ts";

const projectedDerivative: Op = {
  name: "dexpTa",
  infer: ([t]) => ({ ...(t as MatrixType), algebra: true }),
  vjp: () => [],
  site: (b, [A, X], _attributes, types) => projectedDerivativeOfSu3(b, A!, X!, types[0] as MatrixType),
  cost: (types, attributes) => expOp.cost!(types, attributes),
};

/** The program with TA(E(A; X)) made at once where nothing else reads E; undefined where there is none. */
export const withProjectedDerivatives: Refinement = (a) => {
  const { program } = a;
  const uses = usesOf(a);
  let found = false;
  const nodes = program.nodes.map((n): Node => {
    if (n.op !== taOp) return n;
    const v = a.view(n.inputs[0]!);
    const e = a.node(v.id);
    const [A, X] = e.inputs.map((i) => a.node(i).type);
    if (e.op !== expOp || e.inputs.length !== 2 || v.dagger || v.shift !== 0 || a.gated(n.inputs[0]!) || a.inMemory(v.id) || uses[v.id] !== 1) return n;
    if (A!.kind !== "matrix" || A!.N !== 3 || !A!.algebra || [e.type, A!, X!].some((t) => domainOf(t) !== domainOf(n.type))) return n;
    found = true;
    return { ...n, op: projectedDerivative, inputs: e.inputs };
  });
  const changed: Program = { lattice: program.lattice, nodes, inputs: program.inputs, outputs: program.outputs, key: program.key };
  return found ? { program: changed, kept: [...a.stored].filter((id) => !a.isLeaf(id)) } : undefined;
};
