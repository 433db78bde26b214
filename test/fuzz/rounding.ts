/** How far rounding may move the values of a random program, and whether a difference is more than that. */
import { type Node, type VectorType, components } from "../../src/autograd/index.ts";
import type { DenseWork } from "../../src/autograd/op.ts";
import { dense } from "../../src/compiler/interpret/dense.ts";
import { evaluate } from "../../src/compiler/interpret/evaluate.ts";
import type { Recorded } from "./record.ts";
import { noise } from "./program.ts";

/** Values, and how far they move when every op rounds. */
export interface Reference {
  readonly values: readonly Float64Array[];
  /** Largest change of any component of each output. */
  readonly spread: readonly number[];
}

/** Ops that move or choose numbers and round nothing. */
const EXACT = new Set(["shift", "restrict", "merge", "extend", "alias", "spread", "detach", "after", "adj", "re", "im", "complex", "broadcast", "fill", "stack", "slice", "pad", "repeatChannels", "constant", "number", "unit", "matrix", "keep", "where", "max"]);

const largest = (x: Float64Array): number => x.reduce((m, v) => Math.max(m, Math.abs(v)), 0);

/** Rows of the matrices of an op on dense ones. */
function rowsOf({ op, attributes }: Node): number {
  const { operator } = (op.role as { work: (a: Node["attributes"]) => DenseWork }).work(attributes).factors[0]!;
  const vector = operator.nodes[operator.inputs.at(-1)!]!.type as VectorType;
  return (components(vector) / 2) * operator.lattice.volume;
}

/**
 * What an op adds to its value beyond the roundoff of each number. A sum rounds as many times as it has terms, a loop as it has steps, and terms of a form may cancel. A solve leaves its residual (A >= 1, so |dx| <= |db|). Elimination of n rows gives the
 * result of a matrix that is wrong by n roundoffs, and takes logarithms of n pivots near 1, which cancel: the first is measured, by a node with operands
 * that are wrong by as much. The determinant of a link update is that of N^2 - 1 rows at each site; its derivatives are linear in their cotangents.
 */
function residual(node: Node, value: Float64Array, operands: readonly Float64Array[], roundoff: number, xi: (length: number) => Float64Array): (at: number) => number {
  const { op, attributes, type } = node;
  if (op.name === "solve") {
    const r = Math.max(attributes["tolerance"] as number, 16 * roundoff) * Math.hypot(...operands[operands.length - 1]!) * Math.sqrt(3 / value.length);
    return () => r;
  }
  if (op.name === "sum" || op.name === "tensorSum") {
    const r = (roundoff * operands[0]!.reduce((s, x) => s + Math.abs(x), 0)) / value.length;
    return () => r;
  }
  if (op.role?.is === "loop") {
    // every step rounds what it was given
    const r = (attributes["count"] as number) * roundoff * operands.reduce((m, x) => Math.max(m, largest(x)), largest(value));
    return () => r;
  }
  if (op.role?.is === "dense") {
    const r = rowsOf(node) * roundoff;
    const moved = dense(node, operands.map((x) => { const e = xi(x.length); return x.map((v, k) => v * (1 + r * e[k]!)); }), (p, x) => evaluate(p, x, undefined, 1));
    const change = r * (1 + largest(value)) + moved.reduce((m, v, k) => Math.max(m, Math.abs(v - value[k]!)), 0);
    return () => change;
  }
  if (op.name.startsWith("adjointForm")) {
    // three forms of B, of at most N^2 products of two of its components each, which may cancel
    const [B, ...rest] = operands;
    const cotangents = op.name.split("'").length - 1;
    const factors = rest.slice(0, rest.length - cotangents).reduce((s, x) => s + largest(x), 0);
    const r = roundoff * Math.max(1, largest(B!)) ** 2 * factors * rest.slice(rest.length - cotangents).reduce((s, x) => s * largest(x), 1);
    return () => r;
  }
  if (op.name.startsWith("updateLogDet")) {
    const n = components(type);
    const M = operands[0]!;
    const cotangents = operands.slice(operands.length - (op.name.split("'").length - 1));
    return (at) => {
      const sites = value.length / n;
      const here = (x: Float64Array): Float64Array => (x.length < sites ? x : x.subarray((at / n) * (x.length / sites), (at / n + 1) * (x.length / sites)));
      return roundoff * (here(M).length / 2) * cotangents.reduce((s, x) => s * largest(here(x)), 1);
    };
  }
  return () => 0;
}

/** Noise of a roundoff alone is lost where it is added to a number as often as not: so many of them are not, and values move in proportion. */
const AMPLIFIED = 16;

/**
 * The interpreter's values, and their sensitivity to rounding, measured: two more runs in which every op that rounds, and every input, adds noise of
 * `roundoff` times the largest component at the site, and its residual. This follows cancellations and badly conditioned ops through the program,
 * whatever they are.
 */
export function reference({ program, inputs }: Recorded, roundoff: number): Reference {
  const values = evaluate(program, inputs);
  const spread = program.outputs.map(() => 0);
  for (const run of [1, 2]) {
    let salt = 0;
    const moved = evaluate(program, inputs, (node, value, operands) => {
      // steps and signs are whole numbers, and may be conditions
      if (EXACT.has(node.op.name) || node.attributes["f"] === "step" || node.attributes["f"] === "sign") return;
      const n = components(node.type);
      const xi = (length: number): Float64Array => noise(length, run, 1000 + salt++);
      const [own, more] = [xi(value.length), residual(node, value, operands, roundoff, xi)];
      for (let at = 0; at < value.length; at += n) {
        let size = 0;
        for (let k = at; k < at + n; k++) size = Math.max(size, Math.abs(value[k]!));
        if (size > 0) for (let k = at, e = AMPLIFIED * (roundoff * size + more(at)); k < at + n; k++) value[k]! += e * own[k]!;
      }
    });
    program.outputs.forEach((id, j) => values[id]!.forEach((x, k) => (spread[j] = Math.max(spread[j]!, Math.abs(x - moved[id]![k]!) / AMPLIFIED) || spread[j]!)));
  }
  return { values: program.outputs.map((id) => values[id]!), spread };
}

/**
 * Differences are measured in the spread of the reference plus a roundoff of the largest component. An op rounds some tens of times for each of
 * its results (exp of a 4 x 4 matrix: 26 products of 4 terms each), the reference once; noise of all of them adds like a random walk. So a
 * difference of HEADROOM spreads is no rounding.
 */
const HEADROOM = 60;

/** The worst difference in units of what rounding explains, or the reason why there is none: 1 and more is a fault. */
export function worst(got: readonly Float64Array[], want: Reference, roundoff: number): { readonly output: number; readonly excess: number; readonly text: string } {
  let found = { output: -1, excess: 0, text: "" };
  want.values.forEach((w, j) => {
    const size = w.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
    const allowed = HEADROOM * (want.spread[j]! + roundoff * size) + Number.MIN_VALUE;
    w.forEach((x, k) => {
      const y = got[j]![k]!;
      const excess = Number.isNaN(y) ? Infinity : Math.abs(x - y) / allowed;
      if (excess > found.excess) found = { output: j, excess, text: `output ${j}, number ${k}: got ${y}, expected ${x} within ${allowed.toExponential(1)}` };
    });
  });
  return found;
}

/** Is the program so badly conditioned, or so large, that its values say nothing? */
export function hopeless({ values, spread }: Reference, roundoff: number): boolean {
  return values.some((w, j) => {
    const size = w.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
    return !w.every(Number.isFinite) || !Number.isFinite(spread[j]!) || spread[j]! > Math.sqrt(roundoff) * (1 + size);
  });
}
