/**
 * x_n = f(f(... f(x_0, 0) ..., n - 2), n - 1) with f recorded once. The reverse pass needs the states x_s from the last to the first:
 *
 *     x'_s = (df/dx)^T(x_s, s) x'_{s+1},   c' = sum_s (df/dc)^T(x_s, s) x'_{s+1}   for what f captures.
 *
 * It computes them again from a number of states that it keeps (binomial checkpoints, Griewank and Walther, ACM TOMS 26 (2000) 19: with k of them n <= (k + t)! / (k! t!)
 * steps cost at most t evaluations each), or, with the inverse of f, from the last one: (x, x', c') then are the state of a loop that runs backwards.
 * The derivative of the former is recorded step by step, that of the latter is a loop again.
 */
import { CovarianceError, RecordingError } from "../../errors.ts";
import { pullbackAll } from "../backward.ts";
import type { JointContext, LoopWork, Op, Samples } from "../op.ts";
import { openTape } from "../recording.ts";
import type { Attributes, Matrix, Program, Real, Scalar, Tape, Traced } from "../tape.ts";
import { leaves, leavesLike, rebuild } from "../tree.ts";
import { type ValueType, asQuaternion, fits, isShared, realType, scalarType, siteMatrixType, typeText, isQuaternion } from "../types.ts";
import { addAll } from "./accumulate.ts";
import { capturedBetween } from "./capture.ts";
import { add, scaleBy, sub } from "./combine.ts";
import { number } from "./constants.ts";
import { exp } from "./exp.ts";
import { alias } from "./flow.ts";
import { mul } from "./mul.ts";
import { asMatrix, storedAs } from "./quaternion.ts";
import { asScalarOf, spread } from "./samples.ts";
import { scale } from "./scale.ts";
import { ta } from "./ta.ts";
import { guard, is } from "../../util/index.ts";

/** Most steps of a loop. */
const MOST_STEPS = 1e7;
/** Most nodes of a reverse pass that is recorded step by step to be differentiated. */
const MOST_NODES = 200_000;

const work = (attributes: Attributes): LoopWork => ({
  count: attributes["count"] as number,
  body: attributes["body"] as Program,
  ...(attributes["back"] === undefined ? {} : { back: attributes["back"] as Program }),
  checkpoints: attributes["checkpoints"] as number,
  output: attributes["output"] as number,
});

const attributesOf = (count: number, body: Program, checkpoints: number, more: Attributes = {}): Attributes => ({ count, body, checkpoints, ...more, output: 0 });

/** All values of a loop. */
function values(op: Op, tape: Tape, inputs: readonly Traced[], attributes: Attributes, members: number): Traced[] {
  return Array.from({ length: members }, (_, output) => tape.apply(op, inputs, { ...attributes, output }));
}

/** Cotangents of a value are of its type, without the constraint that it may have. */
function cotangentType(t: ValueType): ValueType {
  if (t.kind === "matrix") return { ...t, algebra: false };
  return t.kind === "spin" ? { ...t, unit: false } : t;
}

/** (state..., captured..., s, w...) -> w for w = (cotangents of the state..., of the wanted captured values...), recorded from the body. */
function reversed(body: Program, members: number, wanted: readonly number[]): Program {
  const tape = openTape(body.lattice);
  const types = body.inputs.map((id) => body.nodes[id]!.type);
  const inputs = types.map((t) => tape.input(t));
  const state = types.slice(0, members);
  const seeds = state.map((t) => tape.input(cotangentType(t)));
  const sums = wanted.map((k) => tape.input(cotangentType(types[k]!)));
  const variables = [...inputs.slice(0, members), ...wanted.map((k) => inputs[k]!)];
  const raw = pullbackAll(tape.inline(body, inputs), seeds, variables);
  const zero = (k: number): Traced => scaleBy(0, variables[k]!);
  const made = raw.map((c, k) => (c ? addAll([c], variables[k]!.type) : undefined));
  return tape.finish([...seeds.map((s, k) => storedAs(made[k] ?? zero(k), s.type)), ...sums.map((s, k) => (made[members + k] ? add(s, made[members + k]!) : s))]);
}

/** (y..., w..., captured..., t) -> (x..., w...) for t = 0, 1, ..: the way back, on which the state is found from the one behind it. */
function backwards(count: number, inverse: Program, back: Program, members: number): Program {
  const tape = openTape(back.lattice);
  const types = back.inputs.map((id) => back.nodes[id]!.type);
  const at = inverse.inputs.length;
  const y = types.slice(0, members).map((t) => tape.input(t));
  const w = types.slice(at).map((t) => tape.input(t));
  const c = types.slice(members, at - 1).map((t) => tape.input(t));
  const s = sub(number(tape, count - 1), tape.input(types[at - 1]!) as Scalar);
  const x = tape.inline(inverse, [...y, ...c, s]);
  return tape.finish([...x, ...tape.inline(back, [...x, ...c, s, ...w])]);
}

/** Type of a loop's value: that of the member of the state for which it stands. */
const member = (program: Program, output: number, first = 0): ValueType => program.nodes[program.inputs[first + output]!]!.type;

function expectFit(inputs: readonly ValueType[], program: Program, skip: (k: number) => number): void {
  inputs.forEach((t, k) => {
    const { type } = program.nodes[program.inputs[skip(k)]!]!;
    if (!fits(program.lattice, t, type)) throw new RecordingError(`repeat: internal: got ${typeText(program.lattice, t)} for ${typeText(program.lattice, type)}`);
  });
}

export const loopOp: Op = {
  name: "repeat",
  quaternion: (_types, result) => isQuaternion(result),
  role: { is: "loop", work },
  infer(types, attributes) {
    const { body, output } = work(attributes);
    expectFit(types, body, (k) => k);
    return member(body, output);
  },
  joint({ inputs, cotangents, needs, attributes }: JointContext) {
    const { count, body, checkpoints } = work(attributes);
    const { tape } = inputs[0]!;
    const members = body.outputs.length;
    const wanted = inputs.flatMap((_, k) => (k >= members && needs[k] ? [k] : []));
    const back = reversed(body, members, wanted);
    const zero = (k: number): Traced => scaleBy(0, inputs[k]!);
    // the number of the step stands between the operands and w
    const w = [...Array.from({ length: members }, (_, k) => cotangents[k] ?? zero(k)), ...wanted.map(zero)].map((x, k) => storedAs(x, member(back, k, inputs.length + 1)));
    const inverse = attributes["inverse"] as Program | undefined;
    let found: Traced[];
    if (inverse) {
      const y = values(loopOp, tape, inputs, attributes, members);
      found = values(loopOp, tape, [...y, ...w, ...inputs.slice(members)], attributesOf(count, backwards(count, inverse, back, members), checkpoints), members + w.length).slice(members);
    } else found = values(reverseOp, tape, [...inputs, ...w], attributesOf(count, body, checkpoints, { back }), w.length);
    return inputs.map((_, k) => (!needs[k] ? undefined : k < members ? found[k] : found[members + wanted.indexOf(k)]));
  },
  vjp: () => {
    throw new RecordingError("repeat: internal: the values of a loop go back together");
  },
};

export const loopSamples: Samples = (lattice, N) => {
  const t = siteMatrixType(lattice, N);
  const turn = ([a, c, r]: readonly Traced[], options: RepeatOptions<Traced> = {}): Traced =>
    repeat(5, (x, s) => mul(exp(ta(scale(add(scaleBy(0.01, s), number(s.tape, 0.02)), mul(c as Matrix, x as Matrix)))), scaleBy(0.9, x as Matrix)), scale(r as Real, a as Matrix) as Traced, options);
  return [
    { label: "a matrix and what it captures", inputs: [t, t, realType()], apply: (x) => turn(x) },
    { label: "two checkpoints", inputs: [t, t, realType()], apply: (x) => turn(x, { checkpoints: 2 }) },
    {
      label: "two fields and a number",
      inputs: [t, realType(), scalarType],
      apply: ([a, r, p]) => {
        const y = repeat(4, ({ m, q, z }, s) => ({ m: add(m, scale(q, a as Matrix)), q: add(scale(z, q), scale(scaleBy(0.1, s), q)), z: add(scaleBy(0.5, z), p as Scalar) }), { m: a as Matrix, q: r as Real, z: scaleBy(0.3, p as Scalar) });
        return scale(y.z, scale(y.q, y.m));
      },
    },
    {
      label: "run backwards",
      inputs: [t, t],
      apply: ([a, c]) => repeat(3, (x, s) => add(scaleBy(1.25, x), scale(scaleBy(0.1, s), c as Matrix)), a as Matrix, { inverse: (y, s) => scaleBy(0.8, sub(y, scale(scaleBy(0.1, s), c as Matrix))) }),
    },
  ];
};

export const reverseOp: Op = {
  name: "repeat backwards",
  quaternion: (_types, result) => isQuaternion(result),
  role: { is: "loop", work },
  infer(types, attributes) {
    const { back, body, output } = work(attributes);
    // the number of the step, which no input gives, stands behind what is captured
    expectFit(types, back!, (k) => (k < body.inputs.length - 1 ? k : k + 1));
    return member(back!, output, body.inputs.length);
  },
  joint({ inputs, cotangents, needs, attributes }: JointContext) {
    const { count, body, back } = work(attributes);
    if (count * (body.nodes.length + back!.nodes.length) > MOST_NODES)
      throw new RecordingError(`repeat: got a second derivative of a loop of ${count} steps, which is recorded step by step, expected at most ${Math.floor(MOST_NODES / (body.nodes.length + back!.nodes.length))} of them: give an inverse, whose loops are differentiated as loops, or take fewer steps`);
    const { tape } = inputs[0]!;
    const at = body.inputs.length - 1;
    const names = inputs.map((x) => alias(x));
    const [given, held] = [names.slice(0, body.outputs.length), names.slice(body.outputs.length, at)];
    const states = [given];
    for (let s = 0; s < count - 1; s++) states.push(tape.inline(body, [...states[s]!, ...held, number(tape, s)]));
    let w: readonly Traced[] = names.slice(at);
    for (let s = count - 1; s >= 0; s--) w = tape.inline(back!, [...states[s]!, ...held, number(tape, s), ...w]);
    const some = w.flatMap((_, k) => (cotangents[k] ? [k] : []));
    const raw = pullbackAll(some.map((k) => w[k]!), some.map((k) => cotangents[k]!), names);
    return inputs.map((_, k) => (needs[k] ? raw[k] : undefined));
  },
  vjp: () => {
    throw new RecordingError("repeat: internal: the values of a loop go back together");
  },
};

export const reverseSamples: Samples = () => [
  {
    label: "of a square",
    inputs: [realType(), realType()],
    apply: ([a, c]) => {
      const y = repeat(3, (x, s) => scale(add(x, scaleBy(0.1, scale(s, c as Real))), x), scaleBy(0.5, a as Real));
      return pullbackAll([y], [c!], [a!])[0]!;
    },
  },
];

/** A member of the state of a loop while its body is recorded: without what holds for the first state alone. */
export const slotOp: Op = {
  name: "state",
  role: { is: "slot" },
  unique: true,
  quaternion: ([t]) => isQuaternion(t!),
  infer: ([t], attributes) => (attributes["weak"] === true ? cotangentType(t!) : t!),
  vjp: () => [undefined],
};

/** How a loop is differentiated. */
export interface RepeatOptions<X> {
  /**
   * States that the reverse pass keeps. "sqrt" (default): ceil(sqrt(2 n)), with which every step is computed at most twice more. A number k: that many, each
   * step up to t times more for n <= (k + t)! / (k! t!).
   */
  readonly checkpoints?: "sqrt" | number;
  /** The state before a step from the one behind it: the reverse pass runs backwards and keeps one state. Its accuracy is that with which this undoes the step. */
  readonly inverse?: (y: X, step: Scalar) => X;
}

/**
 * f applied `count` times, x -> f(x, 0) -> f(f(x, 0), 1) -> ..., recorded once whatever the count: as a program of one step, that runs in memory of two states. The state x is a
 * traced value, links, or a structure of them; f may use other traced values and gets the number of the step, from 0 on, as a scalar that samples share. Values and gradients are those of the
 * steps one after the other, up to rounding: what a step and the next one have in common is not joined, and contributions to captured values are added step by step.
 * @throws CovarianceError when f returns another type of state than it is given; RecordingError for a count that is no integer from 0 to 10^7, and for second derivatives of long loops without
 * `inverse`.
 */
export function repeat<X>(count: number, f: (x: X, step: Scalar) => X, x: X, options: RepeatOptions<X> = {}): X {
  guard("repeat", { count: [count, { text: `an integer from 0 to ${MOST_STEPS}`, holds: (n) => Number.isInteger(n) && (n as number) >= 0 && (n as number) <= MOST_STEPS }], f: [f, is.callable], x: [x, is.present], options: [options, is.keysOf("checkpoints", "inverse")] });
  const { checkpoints = "sqrt", inverse } = options;
  guard("repeat", { checkpoints: [checkpoints, { text: '"sqrt" or a positive integer', holds: (k) => k === "sqrt" || (Number.isInteger(k) && (k as number) > 0) }], inverse: [inverse, is.optional(is.callable)] });
  const given = leaves(x, "repeat");
  if (given.length === 0) throw new RecordingError("repeat: got a state without traced values, expected at least one");
  if (count === 0) return x;
  const loop = recordBody(f, inverse, x, given);
  const { tape } = given[0]!;
  const kept = checkpoints === "sqrt" ? Math.ceil(Math.sqrt(2 * count)) : checkpoints;
  const attributes = attributesOf(count, loop.body, Math.min(kept, count), loop.inverse ? { inverse: loop.inverse } : {});
  const list = values(loopOp, tape, loop.inputs, attributes, given.length);
  let k = 0;
  return rebuild(x, () => list[k++]!) as X;
}

interface Body {
  readonly body: Program;
  readonly inverse?: Program;
  readonly inputs: readonly Traced[];
}

/** Records f, and its inverse, on slots whose types hold for all states. */
function recordBody<X>(f: (x: X, step: Scalar) => X, inverse: ((y: X, step: Scalar) => X) | undefined, x: X, given: readonly Traced[]): Body {
  const { tape } = given[0]!;
  const { lattice } = tape;
  let first = [...given];
  let weak = first.map(() => false);
  for (;;) {
    const slots = first.map((v, k) => tape.apply(slotOp, [v], weak[k] ? { weak: true } : {}));
    const step = tape.apply(slotOp, [number(tape, 0)]) as Scalar;
    const run = (g: (x: X, step: Scalar) => X): Traced[] => {
      let k = 0;
      return leavesLike("repeat", x, g(rebuild(x, () => slots[k++]!) as X, step)).map((y, j) => (isShared(slots[j]!.type) ? y : isQuaternion(slots[j]!.type) ? y : storedAs(asScalarOf(y, slots[j]!.type), slots[j]!.type)));
    };
    const results = run(f);
    // what the first state is and later ones are not
    const own = results.map((y, k) => isShared(slots[k]!.type) && y.type.kind === "scalar" && !isShared(y.type));
    const loose = results.map((y, k) => !own[k] && !fits(lattice, y.type, slots[k]!.type) && fits(lattice, asQuaternion(y.type, false), asQuaternion(cotangentType(slots[k]!.type), false)));
    if (own.some(Boolean) || loose.some(Boolean)) {
      first = first.map((v, k) => (own[k] ? spread(v as Scalar) : loose[k] && !isQuaternion(results[k]!.type) ? asMatrix(v) : v));
      weak = weak.map((was, k) => was || loose[k]!);
      continue;
    }
    results.forEach((y, k) => expectState("the function", y, slots[k]!));
    const before = inverse && run(inverse);
    before?.forEach((y, k) => expectState("the inverse", y, slots[k]!));
    const variables = [...slots, step].map((v) => v.id);
    const held = capturedBetween(tape, variables, [...results, ...(before ?? [])].map((y) => y.id));
    const program = (outputs: readonly Traced[]): Program => tape.extract([...slots.map((v) => v.id), ...held, step.id], outputs.map((y) => y.id));
    return { body: program(results), ...(before ? { inverse: program(before) } : {}), inputs: [...first, ...held.map((id) => tape.traced(id))] };
  }
}

function expectState(what: string, y: Traced, slot: Traced): void {
  const { lattice } = y;
  if (!fits(lattice, y.type, slot.type)) throw new CovarianceError(`repeat: ${what} returned ${typeText(lattice, y.type)} for the state ${typeText(lattice, slot.type)}, expected the same type: shift, transport or restrict it`);
}
