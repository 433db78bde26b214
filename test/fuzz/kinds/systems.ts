/** Linear operators on vectors: their solutions and determinants. */
import type { MatrixType, ScalarType, VectorType } from "../../../src/autograd/index.ts";
import type { Builder, Value } from "../builder.ts";
import { type Kinds, parity } from "./kind.ts";

/** A chain of linear steps that starts at v's site; the operator of a solve is c + w B^+ B. */
function chain(b: Builder, at: readonly number[], v: VectorType, args: Value[], depth: number): string {
  const steps: string[] = [];
  let here = at;
  let matrices = 0;
  for (let k = b.int(1, 3); k > 0; k--) {
    const kind = b.choose(["mul", "mul", "shift", "scale", "spin", "half", "solve"]);
    if (kind === "mul" && matrices < 2) {
      const m = b.kind<MatrixType>("matrix");
      const back = b.maybe(30);
      const placed = m && m.type.domain === "all" ? moved(b, m, here, back) : undefined;
      if (!placed) continue;
      matrices++;
      steps.push(`${back ? "adj" : "mul"}:${args.push(placed)}`);
      here = back ? placed.type.end : placed.type.start;
    } else if (kind === "shift") {
      const d = b.displacement();
      steps.push(`shift:${d}`);
      here = b.lattice.wrap(here.map((x, mu) => x + Number(d.split(",")[mu])));
    } else if (kind === "scale") {
      const s = b.pick((x) => x.type.kind === "scalar" || ((x.type.kind === "real" || x.type.kind === "complex") && x.type.domain === "all"));
      if (s && s.data.every((x) => Math.abs(x) < 3)) steps.push(`scale:${args.push(s)}`);
    } else if (kind === "spin") steps.push(`spin:${b.int(1, 9)}`);
    else if (kind === "half" && v.domain === "all" && b.lattice.bipartite) steps.push(`half:${parity(b)}`);
    else if (kind === "solve" && depth > 0 && b.lattice.volume * b.N <= 24) steps.push(`solve:${b.real(1, 2)}[${chain(b, here, v, args, depth - 1)}]`);
  }
  return steps.length > 0 ? steps.join("/") : `shift:${b.displacement()}`;
}

/** A matrix moved so that it, or its adjoint, ends where a vector sits. */
function moved(b: Builder, m: Value<MatrixType>, at: readonly number[], back: boolean): Value<MatrixType> | undefined {
  const end = back ? m.type.start : m.type.end;
  const d = b.lattice.wrap(at.map((x, mu) => x - end[mu]!));
  return d.every((s) => s === 0) ? m : b.emit<MatrixType>("shift", [m], { d: d.join(",") });
}

function solve(b: Builder): unknown {
  const v = b.pick<VectorType>((x) => x.type.kind === "vector" && x.data.length <= 400);
  if (!v) return undefined;
  const args: Value[] = [];
  const steps = chain(b, v.type.at, v.type, args, 1);
  const shifts = b.choose([["0"], ["0"], ["0.4"], ["0.3", "0"], ["2", "0.7", "1.1"]]);
  const method = b.maybe(25) ? b.choose(["bicgstab", "deflated", ...(b.lattice.batch === 1 ? ["mixed"] : [])]) : undefined;
  return b.emit("solve", [v, ...args], { steps, c: b.real(1, 2), w: "0.3", shift: (method ? ["0"] : shifts).join(","), ...(method && { method }) });
}

/** ln of the determinant of an operator of the kind that solves have, or of the overlap operator that has it as its kernel. */
const determinant = (op: "logDet" | "overlapLogDet") => (b: Builder): unknown => {
  const v = b.pick<VectorType>((x) => x.type.kind === "vector" && x.data.length <= 48);
  if (!v || b.lattice.batch > 1) return undefined;
  const small = ({ type, data }: Value): boolean => type.kind === "scalar" && Math.abs(data[0]!) < 0.8;
  const m = op === "logDet" ? undefined : (b.pick<ScalarType>(small) ?? b.emit<ScalarType>("number", [v], { value: b.real(-0.8, 0.8) }));
  const args: Value[] = [];
  const steps = chain(b, v.type.at, v.type, args, 0);
  return b.emit(op, [v, ...args, ...(m ? [m] : [])], { steps, c: b.real(1, 2), w: "0.3", ...(m && { Ls: String(b.int(2, 4)), minus: b.choose(["no", "yes"]) }) });
};

export const ofSystems: Kinds = {
  solve: { covers: ["solve"], weight: 3, grow: solve },
  logDet: { covers: ["logDet", "traceGradient"], weight: 4, grow: determinant("logDet") },
  overlapLogDet: { covers: ["overlapLogDet", "overlapGradient"], weight: 5, grow: determinant("overlapLogDet") },
};
