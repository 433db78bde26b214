/** What solvers, refreshes and determinants take for granted of an operator, tried on random vectors. */
import { Field, type LinkField, type Scalar, type Vector, type VectorType, domainOf, dot, extend, kind, number, record, restrict, scaleBy, sub, sum } from "../autograd/index.ts";
import { PhysicsCheckError } from "../errors.ts";
import { guard, is, randomStream } from "../util/index.ts";
import { drawGaussian } from "./gaussian.ts";
import { type DiracMaps, type DiracOperator, anOperator, mapsOf, normalOf, typeOf } from "./operator.ts";

const leadsOff = (name: string): string => `${name} fermions: got an operator whose D^+D leads off the even sites, expected one that keeps them, as evenBlock says: leave evenBlock out`;

/** Relative errors that solves inside an operator may leave. */
const TOLERANCE = 1e-7;

/**
 * Checks on links U, best random ones, that `Ddag` is the adjoint of `D`, that `normal` is D^+D, that with `evenBlock` it keeps even sites even, that its
 * eigenvalues are within the declared `spectrum` (by two Rayleigh quotients) and that `normalShift` tells two operators apart. Five applications.
 * @throws PhysicsCheckError for what does not hold, CovarianceError for maps that leave the type of their vectors.
 */
export function checkOperator(operator: DiracOperator, U: LinkField, seed = 1): void {
  guard("checkOperator", { operator: [operator, anOperator], U: [U, kind.linkField], seed: [seed, is.integer] });
  const { name, parameters, evenBlock } = operator;
  const { lattice, N } = U;
  const type = typeOf(operator, lattice, N) as VectorType;
  using x = new Field(lattice, type);
  using y = new Field(lattice, type);
  [x, y].forEach((v, k) => drawGaussian(v, randomStream(seed), 0, k));
  const [first] = Object.keys(parameters);
  const other = first === undefined ? parameters : { ...parameters, [first]: 1.1 * parameters[first]! + 0.01 };
  const plan = record(
    (V, a: Vector, b: Vector) => {
      const maps = (of: typeof parameters): DiracMaps => mapsOf(operator, V, Object.fromEntries(Object.entries(of).map(([key, value]) => [key, number(a.tape, value)])));
      const M = maps(parameters);
      const [Ma, normal] = [M.D(a), normalOf(M, evenBlock)];
      const MMa = M.Ddag(Ma);
      const Na = normal(a);
      if (evenBlock && domainOf(normal(restrict(a, "even")).type) !== "even") throw new PhysicsCheckError(leadsOff(name));
      const off = evenBlock && restrict(M.Ddag(M.D(extend(restrict(a, "even")))), "odd");
      const norm2 = (v: Vector): Scalar => sum(dot(v, v));
      const shift = operator.normalShift && sub(sub(normalOf(maps(other))(a), Na), scaleBy(operator.normalShift(other) - operator.normalShift(parameters), a));
      return { forth: sum(dot(b, Ma)), back: sum(dot(M.Ddag(b), a)), D2: norm2(Ma), normal2: norm2(MMa), apart: norm2(sub(Na, MMa)), a2: norm2(a), b2: norm2(b), ...(off ? { off: norm2(off) } : {}), ...(shift ? { shift: norm2(shift) } : {}) };
    },
    U,
    x,
    y,
  );
  const r = plan.run(U, x, y) as unknown as Readonly<Record<string, number>>;
  const wrong = (what: string, got: string, expected: string): never => {
    throw new PhysicsCheckError(`${name} fermions: got ${got}, expected ${expected}: correct ${what}`);
  };
  if (!(Math.abs(r["forth"]! - r["back"]!) <= TOLERANCE * Math.sqrt(r["D2"]! * r["b2"]!))) wrong("Ddag", `<y, D x> = ${r["forth"]} and <Ddag y, x> = ${r["back"]} on random vectors`, "the same number, as Ddag is the adjoint of D");
  if (r["off"] !== undefined && !(r["off"] <= TOLERANCE ** 2 * r["normal2"]!)) throw new PhysicsCheckError(leadsOff(name));
  if (!(r["apart"]! <= TOLERANCE ** 2 * r["normal2"]!)) wrong("normal", `|normal x - Ddag D x| = ${Math.sqrt(r["apart"]! / r["normal2"]!).toExponential(2)} |Ddag D x|`, "0");
  if (r["shift"] !== undefined && !(r["shift"] <= TOLERANCE ** 2 * Math.max(r["normal2"]!, r["a2"]!))) wrong("normalShift", `operators with ${first} = ${parameters[first!]} and ${other[first!]} whose D^+D differ by no number, or another one`, "normalShift to be what D^+D differs by");
  const { low = 0, high = Infinity } = operator.spectrum?.(lattice, parameters) ?? {};
  const quotients = [r["D2"]! / r["a2"]!, r["normal2"]! / r["D2"]!];
  const outside = quotients.find((q) => !(q >= low * (1 - TOLERANCE) && q <= high * (1 + TOLERANCE)));
  if (outside !== undefined) wrong("spectrum", `<x, D^+D x> / <x, x> = ${outside}`, `a number between ${low} and ${high}, the bounds that it declares`);
}
