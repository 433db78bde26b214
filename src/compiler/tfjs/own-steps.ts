/** What a program on this engine does by programs of its own, or on the host: solves, loops, dense algebra. Results come in storages, which the caller reads. */
import { type LoopWork, type Node, type Program, type Role, type Storage, inputOp } from "../../autograd/index.ts";
import { SolverError } from "../../errors.ts";
import { denseStep } from "../dense/step.ts";
import { Loop } from "../loop.ts";
import { solverOf } from "../solve/solvers.ts";
import type { TfjsMachine, TfjsStorage } from "./machine.ts";

/** One step for several values: operands are written to `fields`, then it is run, and `results` has the value of every id. */
export interface OwnStep {
  readonly ids: readonly number[];
  readonly fields: readonly TfjsStorage[];
  readonly results: readonly TfjsStorage[];
  run(): void;
  dispose(): void;
}

/** The step of a node, and of those that are made with it. */
export function ownStepOf(engine: TfjsMachine, { nodes }: Program, id: number): OwnStep {
  const node = nodes[id]!;
  const { role } = node.op;
  const fields = node.inputs.map((i) => engine.allocate(nodes[i]!.type));
  if (role?.is === "solve") return solve(engine, nodes, id, fields);
  if (role?.is === "loop") return loop(engine, nodes, id, fields);
  const to = engine.allocate(node.type);
  const { factors, gradient, positive, overlap } = (role as Role & { readonly is: "dense" }).work(node.attributes);
  let first = 0;
  const captured = factors.map((f) => ({ ...f, captured: fields.slice(first, (first += f.operator.inputs.length - 1)) as Storage[] }));
  const step = denseStep(engine, { factors: captured, outputs: [{ to, ...(gradient ? { gradient } : {}) }], positive, ...(overlap ? { overlap: { ...overlap, mass: fields[first]! } } : {}) });
  return made([id], fields, [to], () => step.run(), () => step.dispose());
}

function made(ids: readonly number[], fields: readonly TfjsStorage[], results: readonly TfjsStorage[], run: () => void, dispose: () => void): OwnStep {
  return {
    ids,
    fields,
    results,
    run,
    dispose: () => {
      dispose();
      for (const s of [...fields, ...results]) s.dispose();
    },
  };
}

/**
 * A solve with coefficients on the host in float64, by conjugate gradients for all shifts of one system. These engines have one precision, that of their numbers. The tolerance is no smaller than 16 roundoffs, and a residual,
 * computed from its definition, is accepted up to the square root of the roundoff.
 */
function solve(engine: TfjsMachine, nodes: readonly Node[], id: number, fields: readonly TfjsStorage[]): OwnStep {
  const first = nodes[id]!;
  const { roundoff } = engine.arrays;
  const systemOf = (n: Node): ReturnType<(Role & { readonly is: "solve" })["system"]> => (n.op.role as Role & { readonly is: "solve" }).system(n.attributes);
  const { operator, tolerance, maxIterations, method, modes } = systemOf(first);
  const alike = (n: Node): boolean => {
    if (n.op !== first.op || n.inputs.join() !== first.inputs.join()) return false;
    const s = systemOf(n);
    return s.operator.key === operator.key && s.tolerance === tolerance && s.maxIterations === maxIterations && s.method === method && s.modes === modes;
  };
  const ids = method === "bicgstab" || modes > 0 ? [id] : nodes.flatMap((n, k) => (alike(n) ? [k] : []));
  const b = fields[fields.length - 1]!;
  const solutions = ids.map(() => engine.allocate(b.type));
  const system = { operator, shifts: ids.map((k) => systemOf(nodes[k]!).shift), tolerance: Math.max(tolerance, 16 * roundoff), maxIterations, method, modes };
  const solver = solverOf(engine, system, { captured: fields.slice(0, -1), b, solutions });
  const limit = Math.max(tolerance, Math.sqrt(roundoff));
  const run = (): void => {
    const { converged, iterations, residual } = solver.solve();
    if (!converged && !(residual <= limit))
      throw new SolverError(`solve: relative residual ${residual.toExponential(2)} after ${iterations} iterations, expected ${limit.toExponential(1)} in ${engine.loaded.precision}: raise maxIterations or the mass, or solve on a float64 backend`);
  };
  return made(ids, fields, solutions, run, () => solver.dispose());
}

/** The values of a loop, by the programs of its steps. */
function loop(engine: TfjsMachine, nodes: readonly Node[], id: number, fields: readonly TfjsStorage[]): OwnStep {
  const workOf = (n: Node): LoopWork => (n.op.role as Role & { readonly is: "loop" }).work(n.attributes);
  const keyOf = (n: Node): string => [n.inputs.join(), workOf(n).count, workOf(n).checkpoints, workOf(n).body.key, workOf(n).back?.key].join(" ");
  const work = workOf(nodes[id]!);
  const key = keyOf(nodes[id]!);
  const ids = nodes.flatMap((n, k) => (n.op !== inputOp && n.op === nodes[id]!.op && keyOf(n) === key ? [k] : []));
  const results = ids.map((k) => engine.allocate(nodes[k]!.type));
  const steps = new Loop(engine, work, fields, ids.map((k, j) => ({ output: workOf(nodes[k]!).output, to: results[j]! })));
  return made(ids, fields, results, () => steps.run(), () => steps.dispose());
}
