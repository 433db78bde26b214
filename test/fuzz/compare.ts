/** Runs a random program on a backend and holds its values against the interpreter's. */
import { Directional, type Program, type Tape, type Traced, type ValueType, checkpoint, hvp, jvp, pairing, scaleBy, valueAndGrad, openTape } from "../../src/autograd/index.ts";
import type { Engine, Storage } from "../../src/autograd/engine.ts";
import { components, realsOf, sameType } from "../../src/autograd/types.ts";
import { leaves } from "../../src/autograd/tree.ts";
import { evaluate } from "../../src/compiler/interpret/evaluate.ts";
import { apply } from "./apply.ts";
import { valueOf } from "./builder.ts";
import { plainLattice } from "./generate.ts";
import { leafTypes, tangentType, traced, valuesOf } from "./inputs.ts";
import { type FuzzProgram, noise } from "./program.ts";

type Structure = readonly (Traced | Directional)[];

/** A program recorded, with values for its inputs. */
export interface Recorded {
  readonly program: Program;
  readonly inputs: readonly Float64Array[];
}

/** Runs the statements; those of one checkpoint region together. */
function outputsOf(p: FuzzProgram, tape: Tape, x: Structure): Traced[] {
  const env = new Map<string, Traced>();
  p.inputs.forEach((input, k) => {
    const v = x[k]!;
    if (v instanceof Directional) v.values().forEach((m, mu) => env.set(`${input.name}.${mu}`, m));
    else env.set(input.name, v);
  });
  const get = (name: string): Traced => {
    const v = env.get(name);
    if (!v) throw new Error(`the name ${name} is not defined before it is used`);
    return v;
  };
  for (let k = 0; k < p.statements.length; ) {
    const { region } = p.statements[k]!;
    let end = k + 1;
    while (region && end < p.statements.length && p.statements[end]!.region === region) end++;
    const group = p.statements.slice(k, end);
    const run = (): void => group.forEach((s) => env.set(s.name, apply(tape, s, s.args.map(get))));
    if (region) checkpoint(run)(x);
    else run();
    k = end;
  }
  return p.outputs.map(get);
}

/** Sum of <w, y> + <y, y>/2 with fixed weights w: its cotangents depend on the outputs. */
function scalarOf(p: FuzzProgram, ys: readonly Traced[]) {
  return pairing(ys.flatMap((y) => [y, y]), ys.flatMap((y, k) => [scaleBy(noise(1, p.seed, 100 + k)[0]! + 1.3, y), scaleBy(0.5, y)]));
}

/** Records the program's values or derivatives on the interpreter's lattice. */
export function recorded(p: FuzzProgram): Recorded {
  const lattice = plainLattice(p.extents, p.batch);
  const tape = openTape(lattice);
  const inputs: Float64Array[] = [];
  const types = p.inputs.map((i) => leafTypes(lattice, p.N, i));
  const x = p.inputs.map((input, k) => {
    types[k]!.forEach((t) => inputs.push(valuesOf(lattice, t, input.kind === "links", p.seed, inputs.length)));
    return traced(tape, input, types[k]!);
  });
  const tangents = (): Structure =>
    p.inputs.map((input, k) => {
      const ts = types[k]!.map((t) => tangentType(lattice, input, t));
      ts.forEach((t) => inputs.push(valuesOf(lattice, t, false, p.seed, 50 + inputs.length)));
      return traced(tape, input, ts, true);
    });
  const f = (y: Structure): Traced[] => outputsOf(p, tape, y);
  const S = (y: Structure) => scalarOf(p, f(y));
  let out: unknown;
  if (p.mode === "value") out = f(x);
  else if (p.mode === "grad") out = valueAndGrad(S)(x);
  else if (p.mode === "jvp") out = jvp(f as never)(x as never, tangents() as never);
  else out = hvp(S)(x, tangents() as never);
  return { program: tape.finish(leaves(out)), inputs };
}

/** The outputs' values, every statement recorded on a tape of its own: what the whole program must give, whatever recording simplifies. */
export function statementByStatement(p: FuzzProgram): Float64Array[] {
  const lattice = plainLattice(p.extents, p.batch);
  const env = new Map<string, { type: ValueType; data: Float64Array }>();
  let leaf = 0;
  for (const input of p.inputs) {
    const types = leafTypes(lattice, p.N, input);
    const several = input.kind === "links" || input.kind === "algebra";
    types.forEach((type, mu) => env.set(several ? `${input.name}.${mu}` : input.name, { type, data: valuesOf(lattice, type, input.kind === "links", p.seed, leaf++) }));
  }
  for (const s of p.statements) env.set(s.name, valueOf(lattice, s, s.args.map((a) => env.get(a)!)));
  return p.outputs.map((name) => env.get(name)!.data);
}

/** Values, and how far they move when every op rounds. */
export interface Reference {
  readonly values: readonly Float64Array[];
  /** Largest change of any component of each output. */
  readonly spread: readonly number[];
}

/** Ops that move or choose numbers and round nothing. */
const EXACT = new Set(["shift", "restrict", "merge", "extend", "alias", "spread", "detach", "after", "adj", "re", "im", "complex", "broadcast", "constant", "number", "unit", "matrix", "keep", "where", "max"]);

/**
 * The interpreter's values, and their sensitivity to rounding, measured: two more runs in which every op that rounds, and every input, adds noise of
 * `roundoff` times the largest component at the site, and a solve noise of its residual (A >= 1, so |dx| <= |db|). This follows
 * cancellations and badly conditioned ops through the program, whatever they are.
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
      const xi = noise(value.length, run, 1000 + salt++);
      const residual = node.op.name === "solve" ? Math.max(node.attributes["tolerance"] as number, 16 * roundoff) * Math.hypot(...operands[operands.length - 1]!) * Math.sqrt(3 / value.length) : 0;
      for (let at = 0; at < value.length; at += n) {
        let size = 0;
        for (let k = at; k < at + n; k++) size = Math.max(size, Math.abs(value[k]!));
        if (size > 0) for (let k = at; k < at + n; k++) value[k]! += (roundoff * size + residual) * xi[k]!;
      }
    });
    program.outputs.forEach((id, j) => values[id]!.forEach((x, k) => (spread[j] = Math.max(spread[j]!, Math.abs(x - moved[id]![k]!)) || spread[j]!)));
  }
  return { values: program.outputs.map((id) => values[id]!), spread };
}

/** Runs a program twice on an engine, so that the second run finds the memory as the first has left it, and returns the outputs. */
export function runOn(engine: Engine, { program, inputs }: Recorded, inPlace: boolean): Float64Array[] {
  const { nodes, lattice } = program;
  const inputTypes = program.inputs.map((id) => nodes[id]!.type);
  const outputTypes = program.outputs.map((id) => nodes[id]!.type);
  const from = inputTypes.map((t) => engine.allocate(t));
  const taken = new Set<number>();
  const own: Storage[] = [];
  const to = outputTypes.map((t) => {
    const k = inPlace ? inputTypes.findIndex((u, i) => !taken.has(i) && sameType(lattice, t, u)) : -1;
    if (k >= 0) taken.add(k);
    else own.push(engine.allocate(t));
    return k >= 0 ? from[k]! : own[own.length - 1]!;
  });
  const executable = engine.compile(program);
  try {
    for (let run = 0; run < 2; run++) {
      inputs.forEach((data, k) => engine.write(from[k]!, inputTypes[k]!, data));
      executable.run(from, to);
    }
    return outputTypes.map((t, j) => {
      const out = new Float64Array(realsOf(lattice, t));
      engine.read(to[j]!, t, out);
      return out;
    });
  } finally {
    executable.dispose();
    for (const s of [...from, ...own]) s.dispose();
  }
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

