/** Loops: a step that is tame however often it is taken, on any value. */
import { type Matrix, type MatrixType, type Real, type Scalar, type SiteType, type Traced, type Vector, add, allOps, checkpoint, mul, repeat, scale, scaleBy, shift, solve, sub } from "../../../src/autograd/index.ts";
import type { Apply } from "../apply.ts";
import type { Builder, Value } from "../builder.ts";
import { type Kinds, isField } from "./kind.ts";

const unary = allOps.find((op) => op.name === "unary")!;

type Step = (x: Traced, step: Scalar, a: Traced, params: Readonly<Record<string, string>>) => Traced;

/** Steps of a state x with a captured value a. */
const steps: Readonly<Record<string, Step>> = {
  relax: (x, _s, a) => add(scaleBy(0.8, x), scaleBy(0.3, a)),
  drive: (x, s, a) => add(scaleBy(0.8, x), scale(scaleBy(0.1, s), a)),
  damp: (x, _s, a) => scaleBy(0.5, add(x, scale(x.tape.apply(unary, [a], { f: "sigmoid" }) as Real, x))),
  bend: (x, _s, a) => add(x.tape.apply(unary, [x], { f: "sin" }), scaleBy(0.3, a)),
  hop: (x, _s, a, { d }) => add(scaleBy(0.5, shift(x as Traced<SiteType>, d!.split(",").map(Number)) as Traced), scaleBy(0.3, a)),
  turn: (x, _s, a) => scaleBy(0.5, mul(a as Matrix, x as Matrix) as Traced),
  nest: (x, _s, a, { inner }) => add(scaleBy(0.6, repeat(Number(inner), (y, t) => add(scaleBy(0.7, y), scale(scaleBy(0.1, t), a)), x)), scaleBy(0.2, a)),
  invert: (x, _s, a) => add(solve((z) => add(scaleBy(1.5, z), scale(x.tape.apply(unary, [a], { f: "sigmoid" }) as Real, z)), x as Vector, { tolerance: 1e-14 }) as Traced, scaleBy(0.3, x)),
  region: (x, s, a) => checkpoint((y: Traced) => add(scaleBy(0.7, y), scale(scaleBy(0.1, s), a)))(x),
};

/** Steps back, of those that have one. */
const inverses: Readonly<Record<string, Step>> = {
  relax: (y, _s, a) => scaleBy(1.25, sub(y, scaleBy(0.3, a))),
  drive: (y, s, a) => scaleBy(1.25, sub(y, scale(scaleBy(0.1, s), a))),
};

const loop: Apply = ([x, a], params) => {
  const { n, step, checkpoints, back } = params as Readonly<Record<"n" | "step", string>> & Readonly<Record<string, string>>;
  const inverse = back === "yes" ? inverses[step]! : undefined;
  const kept = checkpoints !== undefined && { checkpoints: Number(checkpoints) };
  if (step === "pair") return add(...(repeat(Number(n), ([y, z]) => [add(scaleBy(0.6, y!), scaleBy(0.3, z!)), sub(scaleBy(0.7, z!), scaleBy(0.2, y!))], [x!, a!], { ...kept }) as [Traced, Traced]));
  return repeat(Number(n), (y, s) => steps[step]!(y, s, a!, params), x!, {
    ...kept,
    ...(inverse && { inverse: (y: Traced, s: Scalar) => inverse(y, s, a!, params) }),
  });
};

function grow(b: Builder): unknown {
  const x = b.choose(b.values);
  const step = b.choose([...Object.keys(steps), "pair"]);
  const invariant = ["real", "complex", "spin", "channels"].includes(x.type.kind);
  let a: Value | undefined;
  if (step === "damp" || step === "invert") a = step === "invert" && x.type.kind !== "vector" ? undefined : x.type.kind === "scalar" ? b.aligned(b.like(x.type), x.type) : b.kind("real", "scalar");
  else if (step === "turn") {
    const m = x.type.kind === "matrix" ? b.closed() : undefined;
    a = m && b.startingAt(m as Value<MatrixType>, (x.type as MatrixType).start);
  } else if ((step !== "bend" || ["real", "scalar", "channels", "tensor"].includes(x.type.kind)) && (step !== "hop" || (isField(x.type) && invariant))) a = b.aligned(b.like(x.type), x.type);
  if (!a) return undefined;
  const back = step in inverses && b.maybe(40);
  return b.emit("repeat", [x, a], { n: String(b.int(1, 6)), step, ...(step === "hop" && { d: b.displacement() }), ...(step === "nest" && { inner: String(b.int(1, 3)) }), ...(back ? { back: "yes" } : b.maybe(60) && { checkpoints: String(b.int(1, 3)) }) });
}

export const ofLoops: Kinds = {
  repeat: { covers: ["repeat", "repeat backwards"], weight: 3, grow, means: { repeat: loop } },
};
