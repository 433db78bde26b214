/** Derivatives inside of a program, as force matching and learned optimisers have them: those of the program itself are then second and third ones. */
import { Directional, type Channels, type Matrix, type MatrixType, type Real, type SiteType, type Traced, type TracedTensor, type Vector, add, adj, allOps, checkpoint, grad, mul, pairing, reTrace, repeat, scale, scaleBy, shift, siteConv, siteLinear, solve, square, sub, sum } from "../../../src/autograd/index.ts";
import type { Apply } from "../apply.ts";
import type { Builder, Value } from "../builder.ts";
import { type Kinds, isField } from "./kind.ts";

const unary = allOps.find((op) => op.name === "unary")!;
const numbers = (text: string): number[] => text.split(",").map(Number);

/** A map of x, with a second operand. */
const maps: Readonly<Record<string, (x: Traced, a: Traced, d: string) => Traced>> = {
  bend: (x) => x.tape.apply(unary, [x], { f: "sin" }),
  gate: (x, a) => scale(a.tape.apply(unary, [a], { f: "sigmoid" }) as Real, x),
  hop: (x, a, d) => add(x, scaleBy(0.5, shift(shift(x as Traced<SiteType>, numbers(d)) as Traced<SiteType>, numbers(d).map((s) => -s)) as Traced), scaleBy(0.2, a)),
  turn: (x, a) => mul(a as Matrix, x as Matrix),
  mix: (x, a) => siteLinear(x as Channels, a as TracedTensor),
  region: (x, a) => checkpoint((y: Traced) => scale(a.tape.apply(unary, [a], { f: "tanh" }) as Real, y))(x),
  invert: (x, a) => solve((z) => add(scaleBy(1.5, z), scale(square(a as Real), z)), x as Vector, { tolerance: 1e-14 }) as Traced,
};

/** Gradient of |f(x)|^2 / 2. */
const gradient: Apply = ([x, a], { f, d }) => grad((z: Traced) => scaleBy(0.5, pairing([maps[f!]!(z, a!, d!)], [maps[f!]!(z, a!, d!)])))(x!) as Traced;

/** Descent with momentum along the gradient of <a, sin x>, whose states are x and the momentum. */
const descent: Apply = ([x, a], { n, checkpoints }) => {
  const slope = grad((z: Traced) => pairing([a!], [maps["bend"]!(z, a!, "")])) as (z: Traced) => Traced;
  const [y] = repeat(Number(n), ([z, m]) => {
    const next = add(scaleBy(0.6, m!), slope(z!));
    return [sub(z!, scaleBy(0.2, next)), next];
  }, [x!, a!], checkpoints === undefined ? {} : { checkpoints: Number(checkpoints) });
  return y!;
};

/** A network of one layer, applied again and again: its weights are captured by the loop. */
const layers: Apply = ([x, w], { n, dilation }) => repeat(Number(n), (y) => add(scaleBy(0.6, y), scaleBy(0.3, y.tape.apply(unary, [siteConv(y as Channels, w as TracedTensor, undefined, { dilation: Number(dilation) })], { f: "tanh" }))), x!);

/** Force of the sum of squared plaquettes on the links of direction 0. */
const force: Apply = (U) => {
  const [one, other] = U[0]!.lattice.extents.map((_, mu, all) => all.map((_L, nu) => (nu === mu ? 1 : 0)));
  const energy = (V: Directional<number, "links">) => sum(square(reTrace(mul(mul(V[0]!, shift(V[1]!, one!)), adj(mul(V[1]!, shift(V[0]!, other!)))))));
  return (grad(energy as never)(new Directional("links", U as Matrix[]) as never) as Directional<number, "algebra">)[0]!;
};

const bends = (v: Value): boolean => ["real", "scalar", "channels", "tensor"].includes(v.type.kind);

function growGradient(b: Builder): unknown {
  const f = b.choose(Object.keys(maps));
  const x = f === "bend" ? b.pick(bends) : f === "mix" ? b.kind("channels") : f === "turn" ? b.kind("matrix") : f === "invert" ? b.pick(({ type, data }) => type.kind === "vector" && data.length <= 200) : b.pick(({ type }) => f !== "hop" || isField(type));
  if (!x) return undefined;
  let a: Value | undefined = x;
  if (f === "gate" || f === "region" || f === "invert") a = b.kind("real");
  else if (f === "mix") a = b.tensor([b.int(1, 3), (x.type as { readonly count: number }).count]);
  else if (f === "turn") {
    const m = b.closed();
    a = m && b.startingAt(m as Value<MatrixType>, (x.type as MatrixType).start);
  }
  return a && b.emit("gradient", [x, a], { f, d: f === "hop" ? b.displacement() : "0" });
}

export const ofDerivatives: Kinds = {
  gradient: { covers: [], weight: 3, grow: growGradient, means: { gradient } },
  descent: {
    covers: [],
    weight: 2,
    grow: (b) => {
      const x = b.pick(bends);
      const a = x && b.aligned(b.like(x.type), x.type);
      return a && b.emit("descent", [x, a], { n: String(b.int(1, 5)), ...(b.maybe(60) && { checkpoints: String(b.int(1, 3)) }) });
    },
    means: { descent },
  },
  layers: {
    covers: [],
    weight: 1,
    grow: (b) => {
      const x = b.kind<Channels["type"]>("channels");
      if (!x) return undefined;
      const w = b.tensor([x.type.count, x.type.count, ...b.lattice.extents.map((L) => b.int(1, Math.min(3, L + 1)))]);
      return b.emit("layers", [x, w], { n: String(b.int(1, 4)), dilation: String(b.int(1, 3)) });
    },
    means: { layers },
  },
  force: {
    covers: [],
    weight: 2,
    grow: (b) => {
      const links = b.inputs.find(({ kind }) => kind === "links");
      return links && b.lattice.dim > 1 ? b.emit("force", b.lattice.extents.map((_, mu) => b.values.find((v) => v.name === `${links.name}.${mu}`)!)) : undefined;
    },
    means: { force },
  },
};
