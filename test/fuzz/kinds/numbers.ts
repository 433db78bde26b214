/** Functions of numbers: where they are smooth. */
import { type ComplexType, type RealType } from "../../../src/autograd/index.ts";
import { sampleInputs } from "../../../src/autograd/ops/sample-inputs.ts";
import type { Builder, Value } from "../builder.ts";
import { type Kinds, complexValue, field, on, real, realOrScalar } from "./kind.ts";

/** Functions of one number, from the op's own samples, and where they are smooth. */
const functionNames = [...new Set(sampleInputs["unary"]!(undefined as never, 1).flatMap((s) => /^(\w+) of a (?:real|scalar)$/.exec(s.label)?.[1] ?? []))];
const smooth: Readonly<Record<string, (x: number) => boolean>> = {
  logarithm: (x) => x > 0.2,
  sqrt: (x) => x > 0.2,
  reciprocal: (x) => Math.abs(x) > 0.3,
  tan: (x) => Math.abs(x) < 1.1,
  exponential: (x) => x < 3,
  log1p: (x) => x > -0.7,
  relu: (x) => Math.abs(x) > 1e-3,
  abs: (x) => Math.abs(x) > 1e-3,
  sign: (x) => Math.abs(x) > 1e-3,
  step: (x) => Math.abs(x) > 1e-3,
};

/** A number to add to x so that f is smooth there, as a parameter. */
function offset(b: Builder, x: Value, good: (x: number) => boolean): { plus?: string } | undefined {
  const at = b.living(x).map((v) => v[0]!);
  const [low, high] = [Math.min(...at), Math.max(...at)];
  const tries = [undefined, b.real(-1, 1), b.real(-1, 1), (0.37 - low + 0.4 * b.int(0, 9) / 10).toPrecision(4), (-high - 0.41).toPrecision(4)];
  for (const plus of tries) if (at.every((v) => good(v + Number(plus ?? 0)))) return plus === undefined ? {} : { plus };
  return undefined;
}

function unary(b: Builder): unknown {
  const x = realOrScalar(b);
  if (!x) return undefined;
  const f = b.choose(functionNames);
  const params = offset(b, x, smooth[f] ?? (() => true));
  return params && b.emit("unary", [x], { f, ...params });
}

/** Two numbers of one kind at every site. */
function pair(b: Builder, good: (x: number, y: number) => boolean): [Value, Value] | undefined {
  const x = realOrScalar(b);
  const y = x && b.aligned(b.like(x.type), x.type);
  if (!x || !y) return undefined;
  const both = x.type.kind === "scalar" || (x.type as RealType).domain === "all" || (y.type as RealType).domain === (x.type as RealType).domain;
  return both && b.living(x).every((v, k) => good(v[0]!, b.living(y)[k]![0]!)) ? [x, y] : undefined;
}

const extreme = (op: "max" | "min") => (b: Builder): unknown => {
  const xy = pair(b, (x, y) => Math.abs(x - y) > 1e-3);
  return xy && b.emit(op, xy);
};

/** Is a point away from the origin and from the cut of its angle? */
const angle = (y: number, x: number): boolean => Math.hypot(x, y) > 0.3 && (x > 0 || Math.abs(y) > 0.05);

function power(b: Builder): unknown {
  const x = realOrScalar(b);
  const p = b.choose(["0", "1", "2", "3", "5", "-1", "-3", "0.5", "1.5", "-0.3"]);
  const params = x && offset(b, x, (v) => (/^\d+$/.test(p) || (Math.abs(v) > 0.4 && (v > 0 || /^-\d+$/.test(p)))));
  return params && b.emit("pow", [x!], { p, ...params });
}

function ofComplex(b: Builder): unknown {
  const z = b.kind<ComplexType>("complex");
  const f = b.choose(["log", "exponential", "reciprocal"]);
  return z && b.living(z).every((v) => (f === "exponential" ? v[0]! < 3 : angle(v[1]!, v[0]!))) && b.emit("ofComplex", [z], { f });
}


export const ofNumbers: Kinds = {
  unary: { covers: ["unary"], weight: 4, batched: 4, grow: unary },
  max: { covers: ["max"], weight: 1, grow: extreme("max") },
  min: { covers: ["max"], weight: 1, grow: extreme("min") },
  sumLogs: {
    covers: ["sumLogs"],
    weight: 1,
    grow: (b) => {
      const xy = pair(b, () => true);
      return xy?.every((v) => v.type.kind === "real") && b.emit("sumLogs", xy);
    },
  },
  atan2: {
    covers: ["atan2"],
    weight: 1,
    grow: (b) => {
      const yx = pair(b, angle);
      return yx && b.emit("atan2", yx);
    },
  },
  pow: { covers: ["unary", "scale"], weight: 1, grow: power },
  ofComplex: { covers: ["atan2", "unary"], weight: 1, grow: ofComplex },
  divide: {
    covers: ["unary", "scale"],
    weight: 1,
    grow: (b) => {
      const y = real(b);
      const params = y && offset(b, y, smooth["reciprocal"]!);
      const x = params && b.aligned(b.like(y!.type), y!.type);
      return x && b.emit("divide", [x, y!], params);
    },
  },
  complex: {
    covers: ["complex"],
    weight: 2,
    grow: (b) => {
      const x = real(b);
      const y = x && b.aligned(b.like(x.type), x.type);
      return y && b.emit("complex", [x, y]);
    },
  },
  re: { covers: ["re"], weight: 1, grow: on("re", complexValue) },
  im: { covers: ["im"], weight: 1, grow: on("im", complexValue) },
  abs2: { covers: ["dot"], weight: 1, grow: on("abs2", complexValue) },
  sum: { covers: ["sum"], weight: 3, batched: 5, grow: on("sum", real) },
  mean: { covers: ["sum"], weight: 2, batched: 3, grow: on("mean", real) },
  channelFunction: { covers: ["unary"], weight: 2, grow: on("unary", (b) => b.kind("channels"), (b) => ({ f: b.choose(["tanh", "sin", "sigmoid", "softplus"]) })) },
  where: {
    covers: ["where", "keep"],
    weight: 2,
    grow: (b) => {
      const [c, x] = [real(b), field(b)];
      const params = c && offset(b, c, smooth["step"]!);
      const y = params && x && b.aligned(b.like(x.type), x.type);
      return y && b.emit("where", [c!, x, y], params);
    },
  },
  custom: {
    covers: [],
    weight: 1,
    grow: (b) => {
      const x = real(b);
      const y = x && b.aligned(b.like(x.type), x.type);
      return y && b.emit("custom", [x, y]);
    },
  },
};
