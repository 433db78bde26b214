/** Functions of matrices: where they are well conditioned. */
import type { MatrixType } from "../../../src/autograd/index.ts";
import { divide as quotient, identity, norm } from "../../../src/compiler/interpret/matrix.ts";
import { argumentOfDeterminant, polarPart } from "../../../src/compiler/interpret/functions.ts";
import type { Builder, Value } from "../builder.ts";
import { type Kinds, on } from "./kind.ts";

/** The matrix at every site where it lives. */
const sites = (b: Builder, m: Value<MatrixType>) => b.living(m).map((z) => ({ rows: m.type.N, columns: m.type.N, z }));

/** Largest |M| |M^-1| over the sites. */
function condition(b: Builder, m: Value<MatrixType>): number {
  return Math.max(...sites(b, m).map((x) => norm(x) * norm(quotient(x, identity(x.rows)).quotient)));
}

function exponential(b: Builder): unknown {
  const m = b.closed();
  const a = m && (b.maybe(70) && !m.type.algebra ? b.emit<MatrixType>("ta", [m]) : m);
  if (!a || sites(b, a).some((x) => norm(x) > 4)) return undefined;
  const directions: Value[] = [];
  for (let k = b.choose(b.N < 3 ? [0, 0, 0, 1, 2] : [0, 0, 0, 1]); k > 0; k--) {
    const x = b.aligned(b.like(a.type), a.type);
    if (x) directions.push(x);
  }
  return b.emit("exp", [a, ...directions]);
}

const polar = (op: string) => (b: Builder): unknown => {
  const m = b.kind<MatrixType>("matrix");
  if (!m || !(condition(b, m) < 40)) return undefined;
  // the argument of the determinant jumps at pi
  if (op !== "polar" && sites(b, m).some((x) => Math.abs(argumentOfDeterminant(polarPart(x))) > 2.9)) return undefined;
  return b.emit(op, [m]);
};

const invertible = (op: string) => (b: Builder): unknown => {
  const m = b.kind<MatrixType>("matrix");
  return m && condition(b, m) < 40 && b.emit(op, [m]);
};

function lyap(b: Builder): unknown {
  const h = b.closed();
  const c = h && b.aligned(b.like(h.type), h.type);
  return c && b.emit("lyap", [h, c]);
}
/** ln det of an update exp(ta(C W U^+)) U, |M| < 1. N = 4 differs by nothing but its size, and takes seconds to compile. */
function update(b: Builder): unknown {
  const m = b.N < 3 || (b.N === 3 && b.maybe(25)) ? b.closed() : undefined;
  const size = m && Math.max(...sites(b, m).map(norm));
  if (size === undefined || size === 0) return undefined;
  const form = b.maybe(30) && b.emit("adjointForm", [m!], { f: (0.02 / Math.max(1, size * size)).toPrecision(3), names: "twist,square,modulus" });
  return b.emit("updateLogDet", form ? [m!, form] : [m!], { f: (0.6 / Math.max(1, size)).toPrecision(3) });
}

/** Re tr of the way round a square. */
function plaquette(b: Builder): unknown {
  const links = b.values.filter((v): v is Value<MatrixType> => /^i\d+\.\d+$/.test(v.name) && !(v.type as MatrixType).algebra);
  if (links.length < 2) return undefined;
  const [u, v] = [b.choose(links), b.choose(links)];
  const [right, up] = [b.startingAt(v, u.type.end), b.startingAt(u, v.type.end)];
  const there = right && b.emit<MatrixType>("mul", [u, right]);
  const other = up && b.emit<MatrixType>("mul", [v, up]);
  const back = there && other && b.emit("adj", [other]);
  const round = back && b.emit("mul", [there, back]);
  return round && b.emit(b.choose(["reTrace", "trace", "ta"]), [round]);
}

export const ofMatrices: Kinds = {
  trace: { covers: ["trace"], weight: 2, grow: on("trace", (b) => b.closed()) },
  reTrace: { covers: ["reTrace"], weight: 2, grow: on("reTrace", (b) => b.closed()) },
  plaquette: { covers: ["mul", "adj", "shift"], weight: 2, grow: plaquette },
  ta: { covers: ["ta"], weight: 2, grow: on("ta", (b) => b.closed()) },
  quaternionPart: { covers: ["quaternionPart"], weight: 1, grow: on("quaternionPart", (b) => (b.N === 2 ? b.kind("matrix") : undefined)) },
  exp: { covers: ["exp"], weight: 3, grow: exponential },
  polar: { covers: ["polar"], weight: 1, grow: polar("polar") },
  projectSU: { covers: ["polar", "argDet"], weight: 1, grow: polar("projectSU") },
  argDet: { covers: ["argDet"], weight: 1, grow: polar("argDet") },
  lyap: { covers: ["lyap"], weight: 1, grow: lyap },
  inverse: { covers: ["inverse"], weight: 1, grow: invertible("inverse") },
  det: { covers: ["det"], weight: 1, grow: invertible("det") },
  matrix: { covers: ["matrix"], weight: 1, grow: (b) => b.emit("matrix", [b.values[0]!], { N: String(b.N), at: b.displacement(), salt: String(b.int(1, 99)) }) },
  adjointForm: { covers: ["adjointForm"], weight: 1, grow: on("adjointForm", (b) => b.closed(), (b) => ({ f: b.real(-1, 1), names: b.choose(["twist", "square", "modulus", "twist,square,modulus"]) })) },
  updateLogDet: { covers: ["updateLogDet"], weight: 2, grow: update },
  unit: { covers: ["unit"], weight: 1, grow: (b) => b.emit("unit", [b.values[0]!], { N: String(b.N), at: b.displacement() }) },
};
