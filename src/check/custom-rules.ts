/**
 * Which custom rule is wrong: the rule of every `customOp` in the program against the tape's own derivative of its forward map, at the
 * values that occur. Run when a gradient failed, so that the item names the op with a clean ratio.
 */
import { Directional, Field, type Links, Plan, type Program, type Real, type Scalar, type Tape, type Traced, dot, number, pullback, scale, sum } from "../autograd/index.ts";
import { EPS } from "./differences.ts";
import { type CheckItem, hint, judge, ratioOf } from "./report.ts";
import type { Probe, TracedPoint } from "./subject.ts";
import { type Directions, norm } from "./tangent.ts";
import { closure } from "../util/index.ts";

const PREFIX = "custom:";
const ROUNDINGS = 64;

interface Compared {
  readonly rule: number;
  readonly tape: number;
  readonly ruleNorm2: number;
  readonly tapeNorm2: number;
}

export function customRuleItems(probe: Probe, directions: Directions): CheckItem[] {
  const { map } = probe.subject;
  if (!map) return [];
  const { nodes }: Program = new Plan(map as never, [probe.at]).program;
  const customs = nodes.filter((n) => n.op.name.startsWith(PREFIX));
  if (customs.length === 0) return [];
  const { lattice, N } = probe.at.links;
  const random = (id: number): unknown => (nodes[id]!.type.kind === "scalar" ? directions.normals(1, 1)[0]! : directions.tangent(new Field(lattice, nodes[id]!.type)));
  const cotangents = customs.map((n) => random(n.inputs[n.inputs.length - 1]!));
  const tangents = customs.map((n) => n.inputs.slice(0, -1).map(random));
  const plan = new Plan(((x: TracedPoint, cs: Traced[], vs: Traced[][]) => compareRules(map(x), x.links[0]!.tape, cs, vs)) as never, [probe.at, cotangents, tangents]);
  const results = plan.run(probe.at, cotangents, tangents) as unknown as Compared[][];
  const compared = customs.flatMap(({ op }, i) =>
    results[i]!.map((r, k) => {
      const tolerance = ROUNDINGS * EPS * (Math.sqrt(r.ruleNorm2) + Math.sqrt(r.tapeNorm2)) * norm(tangents[i]![k]);
      return { ...r, name: op.name.slice(PREFIX.length), where: `input ${k}`, tolerance, deviation: Math.abs(r.rule - r.tape) };
    }),
  );
  return [...new Set(compared.map((c) => c.name))].map((name): CheckItem => {
    const uses = compared.filter((c) => c.name === name);
    const worst = uses.reduce((a, b) => (b.deviation * a.tolerance > a.deviation * b.tolerance ? b : a));
    const status = judge(worst.deviation, worst.tolerance);
    const ratio = ratioOf(worst.rule, worst.tape, worst.tolerance);
    const note = status === "fail" ? hint(ratio.ratio, N as number) : undefined;
    return {
      name: `rule of ${name}`, status, value: worst.rule, reference: worst.tape, ...ratio, deviation: worst.deviation, tolerance: worst.tolerance,
      toleranceFrom: `${ROUNDINGS} eps x (|rule| + |derivative|) |v|`, where: worst.where, ...(note === undefined ? {} : { note }),
    };
  });
}

/** For every custom op and input: <rule, v> and <derivative of the forward map, v> for the cotangent c of its output. */
function compareRules(result: Scalar | Links, tape: Tape, cotangents: readonly Traced[], tangents: readonly (readonly Traced[])[]): unknown {
  const outputs = result instanceof Directional ? result.values() : [result];
  const customs = dependencies(tape, outputs.map((y) => y.id)).filter((id) => tape.node(id).op.name.startsWith(PREFIX));
  return customs.map((id, i) => {
    const { op, inputs, attributes } = tape.node(id);
    const [xs, forward] = [inputs.slice(0, -1), inputs[inputs.length - 1]!];
    const c = cotangents[i]!;
    const rule = op.vjp({ inputs: inputs.map((x) => tape.traced(x)), output: tape.traced(id), cotangent: c, needs: inputs.map((_, k) => k < xs.length), attributes });
    // the forward map runs on aliases of the inputs, in their order
    const aliases = dependencies(tape, [forward]).filter((a) => tape.node(a).op.name === "alias");
    const own = xs.map((x) => {
      const k = aliases.findIndex((a) => tape.node(a).inputs[0] === x);
      return k < 0 ? undefined : aliases.splice(k, 1)[0]!;
    });
    const used = own.filter((a) => a !== undefined);
    const derivative = pullback(tape.traced(forward), c, used.map((a) => tape.traced(a)));
    return xs.map((_, k) => {
      const [r, d, v] = [rule[k], own[k] === undefined ? undefined : derivative[used.indexOf(own[k])], tangents[i]![k]!];
      return { rule: product(tape, r, v), tape: product(tape, d, v), ruleNorm2: product(tape, r, r), tapeNorm2: product(tape, d, d) };
    });
  });
}

function product(tape: Tape, a: Traced | undefined, b: Traced | undefined): Scalar {
  if (!a || !b) return number(tape, 0);
  return a.type.kind === "scalar" ? scale(a as Scalar, b as Scalar) : sum(dot(a as Real, b as Real));
}

/** Nodes on which the given ones depend, themselves included, in recording order. */
function dependencies(tape: Tape, ids: readonly number[]): number[] {
  return closure(ids, (id) => tape.node(id).inputs);
}
