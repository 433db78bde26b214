/** Records a random program, and runs it: on a backend, or statement by statement. */
import { Directional, type Lattice, type Program, type Tape, type Traced, type ValueType, checkpoint, isQuaternion, hvp, isShared, jvp, openTape, pairing, scaleBy, valueAndGrad, vjp } from "../../src/autograd/index.ts";
import type { Engine, Storage } from "../../src/autograd/engine.ts";
import { realsOf, sameType } from "../../src/autograd/types.ts";
import { leaves } from "../../src/autograd/tree.ts";
import { apply } from "./apply.ts";
import { valueOf } from "./builder.ts";
import { plainLattice } from "./generate.ts";
import { leafTypes, linkValues, tangentType, traced, valuesOf } from "./inputs.ts";
import { type FuzzProgram, noise } from "./program.ts";

type Structure = readonly (Traced | Directional)[];

/** A program recorded, with values for its inputs. */
export interface Recorded {
  readonly program: Program;
  readonly inputs: readonly Float64Array[];
  /** Is each of the outputs that were named the same for all samples? Derivatives are those of all these together. */
  readonly shared: readonly boolean[];
}

/** Is a value the same for all samples of a batch? */
export const common = (t: ValueType): boolean => t.kind === "tensor" || isShared(t);

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

/** Records the program's values or derivatives, on the interpreter's lattice if on no other. */
export function recorded(p: FuzzProgram, lattice: Lattice = plainLattice(p.extents, p.batch)): Recorded {
  const tape = openTape(lattice);
  const inputs: Float64Array[] = [];
  const types = p.inputs.map((i) => leafTypes(lattice, p.N, i));
  const x = p.inputs.map((input, k) => {
    types[k]!.forEach((t) => inputs.push(valuesOf(lattice, t, linkValues(input, p.quaternions), p.seed, inputs.length)));
    return traced(tape, input, types[k]!);
  });
  const tangents = (): Structure =>
    p.inputs.map((input, k) => {
      const ts = types[k]!.map((t) => tangentType(lattice, input, t));
      ts.forEach((t) => inputs.push(valuesOf(lattice, t, undefined, p.seed, 50 + inputs.length)));
      return traced(tape, input, ts, true);
    });
  let shared: boolean[] = [];
  const f = (y: Structure): Traced[] => {
    const ys = outputsOf(p, tape, y);
    shared = ys.map((v) => common(v.type));
    return ys;
  };
  const cotangents = (): Traced[] =>
    f(x).map(({ type }) => {
      inputs.push(valuesOf(lattice, type, undefined, p.seed, 50 + inputs.length));
      return tape.input(type);
    });
  const S = (y: Structure) => scalarOf(p, f(y));
  let out: unknown;
  if (p.mode === "value") out = f(x);
  else if (p.mode === "grad") out = valueAndGrad(S)(x);
  else if (p.mode === "vjp") out = vjp(f)(x, cotangents());
  else if (p.mode === "jvp") out = jvp(f as never)(x as never, tangents() as never);
  else out = hvp(S)(x, tangents() as never);
  return { program: tape.finish(leaves(out)), inputs, shared };
}

/** The outputs' values, every statement recorded on a tape of its own: what the whole program must give, whatever recording simplifies. */
export function statementByStatement(p: FuzzProgram): Float64Array[] {
  const lattice = plainLattice(p.extents, p.batch);
  const env = new Map<string, { type: ValueType; data: Float64Array }>();
  let leaf = 0;
  for (const input of p.inputs) {
    const types = leafTypes(lattice, p.N, input);
    const several = input.kind === "links" || input.kind === "algebra";
    types.forEach((type, mu) => env.set(several ? `${input.name}.${mu}` : input.name, { type, data: valuesOf(lattice, type, linkValues(input, p.quaternions), p.seed, leaf++) }));
  }
  for (const s of p.statements) env.set(s.name, valueOf(lattice, s, s.args.map((a) => env.get(a)!)));
  return p.outputs.map((name) => env.get(name)!.data);
}

/** Runs a program on one set of inputs after the other, so that each run finds the memory as the last has left it, and returns the outputs of every one. */
export function runOn(engine: Engine, program: Program, sets: readonly (readonly Float64Array[])[], inPlace: boolean): Float64Array[][] {
  const { nodes, lattice } = program;
  const inputTypes = program.inputs.map((id) => nodes[id]!.type);
  const outputTypes = program.outputs.map((id) => nodes[id]!.type);
  const from = inputTypes.map((t) => engine.allocate(t));
  const taken = new Set<number>();
  const own: Storage[] = [];
  const to = outputTypes.map((t) => {
    const k = inPlace ? inputTypes.findIndex((u, i) => !taken.has(i) && sameType(lattice, t, u) && isQuaternion(t) === isQuaternion(u)) : -1;
    if (k >= 0) taken.add(k);
    else own.push(engine.allocate(t));
    return k >= 0 ? from[k]! : own[own.length - 1]!;
  });
  const executable = engine.compile(program);
  try {
    return sets.map((inputs) => {
      inputs.forEach((data, k) => engine.write(from[k]!, inputTypes[k]!, data));
      executable.run(from, to);
      return outputTypes.map((t, j) => {
        const out = new Float64Array(realsOf(lattice, t));
        engine.read(to[j]!, t, out);
        return out;
      });
    });
  } finally {
    executable.dispose();
    for (const s of [...from, ...own]) s.dispose();
  }
}
