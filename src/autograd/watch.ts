/**
 * Results that are not numbers, traced to where they arise. A program with ops that are not defined everywhere (the polar part of a
 * singular matrix) sums the squares of its results besides: one number says whether a NaN has reached them. Under `debugNaN` every result of
 * every program is looked at. Only then the program's values are evaluated one after another on the same inputs, and followed from the
 * result back to the first that is not finite: what a selection has left out is no error.
 */
import { NaNError } from "../errors.ts";
import type { CompileOptions, Executable, Storage } from "./engine.ts";
import { Field } from "./field.ts";
import { dotOp } from "./ops/dot.ts";
import { sumOp } from "./ops/sum.ts";
import { extract } from "./program.ts";
import { outside } from "./scope.ts";
import type { Node, Program } from "./tape.ts";
import { type ValueType, components, domainOf, isShared, realType, realsOf, scalarType } from "./types.ts";
import { closure } from "../util/index.ts";

/** Values evaluated at a time. */
const BATCH = 32;

/** Compiles a program, watched where it has to be. */
export function compileWatched(program: Program, options: CompileOptions = {}): Executable {
  const { engine, debugNaN } = program.lattice;
  if (options.debugNaN ?? debugNaN) return new Watched(program, engine.compile(program, options), 0, true);
  if (!program.nodes.some(partialIn)) return engine.compile(program, options);
  const [watched, sums] = withSums(program);
  return new Watched(program, engine.compile(watched, options), sums, false);
}

/** Why a node, or one in the body of its loop, may have no value. */
function partialIn({ op: { partial, role }, attributes }: Node): string | undefined {
  if (partial || role?.is !== "loop") return partial;
  const { body, back } = role.work(attributes);
  for (const n of [...body.nodes, ...(back?.nodes ?? [])]) {
    const why = partialIn(n);
    if (why) return `a step with ${why}`;
  }
  return undefined;
}

/** The program with the sum of squares of every field among its outputs as a further output; how many there are. */
function withSums(program: Program): [Program, number] {
  const nodes: Node[] = [...program.nodes];
  const push = (node: Omit<Node, "attributes" | "region">): number => nodes.push({ ...node, attributes: {}, region: 0 }) - 1;
  const sums = program.outputs.flatMap((id) => {
    const { type } = nodes[id]!;
    if (type.kind === "scalar") return [];
    const squares = push({ op: dotOp, inputs: [id, id], type: realType(domainOf(type)) });
    return [push({ op: sumOp, inputs: [squares], type: scalarType })];
  });
  return [extract(program.lattice, nodes, program.inputs, [...program.outputs, ...sums]), sums.length];
}

class Watched implements Executable {
  readonly #program: Program;
  readonly #inner: Executable;
  readonly #sums: readonly Field[];
  /** Copies of the inputs, which a run may overwrite. */
  readonly #copies: readonly Field[] | undefined;
  #outputs: readonly Storage[] | undefined;
  #all: readonly Storage[] = [];
  #inputs: readonly Storage[] = [];
  readonly runAsync?: (inputs: readonly Storage[], outputs: readonly Storage[]) => Promise<void>;

  constructor(program: Program, inner: Executable, sums: number, debug: boolean) {
    this.#program = program;
    this.#inner = inner;
    const { lattice, nodes, inputs } = program;
    this.#sums = outside(() => Array.from({ length: sums }, () => new Field(lattice, scalarType as ValueType)));
    this.#copies = debug ? outside(() => inputs.map((id) => new Field(lattice, nodes[id]!.type))) : undefined;
    if (inner.runAsync)
      this.runAsync = async (given, outputs) => {
        this.#begin(given, outputs);
        await inner.runAsync!(given, this.#all);
        this.#look();
      };
  }

  get arenaBytes(): number {
    return this.#inner.arenaBytes;
  }

  run(inputs: readonly Storage[], outputs: readonly Storage[]): void {
    this.#begin(inputs, outputs);
    try {
      this.#inner.run(inputs, this.#all);
    } catch (error) {
      // a solver that does not converge because of a NaN is no answer
      if (this.#copies) this.#trace();
      throw error;
    }
    this.#look();
  }

  repeat(): void {
    this.#remember();
    this.#inner.repeat();
    this.#look();
  }

  describe(): string {
    return this.#inner.describe();
  }

  dispose(): void {
    this.#inner.dispose();
    for (const f of [...this.#sums, ...(this.#copies ?? [])]) f.dispose();
  }

  #begin(inputs: readonly Storage[], outputs: readonly Storage[]): void {
    this.#inputs = inputs;
    if (outputs !== this.#outputs) this.#all = [...outputs, ...this.#sums.map((s) => s.storage)];
    this.#outputs = outputs;
    this.#remember();
  }

  #remember(): void {
    const { lattice, nodes, inputs } = this.#program;
    this.#copies?.forEach((copy, k) => {
      const { type } = nodes[inputs[k]!]!;
      if (type.kind === "scalar") lattice.engine.write(copy.storage, type, this.#read(this.#inputs[k]!, type));
      else lattice.engine.copy([this.#inputs[k]!], [copy.storage], [type]);
    });
  }

  #holdsNaN(scalar: Storage, type: ValueType): boolean {
    const { lattice } = this.#program;
    if (lattice.batch === 1 || isShared(type)) return Number.isNaN(lattice.engine.readScalar(scalar));
    return this.#read(scalar, type).some(Number.isNaN);
  }

  #look(): void {
    if (!this.#copies) {
      for (let k = 0; k < this.#sums.length; k++) if (this.#holdsNaN(this.#sums[k]!.storage, scalarType)) return this.#singular();
      for (let j = 0; j < this.#program.outputs.length; j++) {
        const { type } = this.#program.nodes[this.#program.outputs[j]!]!;
        if (type.kind === "scalar" && this.#holdsNaN(this.#all[j]!, type)) return this.#singular();
      }
      return;
    }
    const bad = this.#program.outputs.some((id, j) => firstBad(this.#read(this.#all[j]!, this.#program.nodes[id]!.type)) >= 0);
    if (bad) this.#trace();
  }

  #read(from: Storage, type: ValueType): Float64Array {
    const { lattice } = this.#program;
    const data = new Float64Array(realsOf(lattice, type));
    lattice.engine.read(from, type, data);
    return data;
  }

  /** Values of some nodes on the inputs of the run. */
  #values(ids: readonly number[]): Float64Array[] {
    const { lattice, nodes, inputs } = this.#program;
    const program = extract(lattice, nodes, inputs, ids);
    const executable = lattice.engine.compile(program);
    const fields = outside(() => ids.map((id) => new Field(lattice, nodes[id]!.type)));
    try {
      executable.run(this.#copies?.map((c) => c.storage) ?? this.#inputs, fields.map((f) => f.storage));
      return fields.map((f, k) => this.#read(f.storage, nodes[ids[k]!]!.type));
    } finally {
      executable.dispose();
      for (const f of fields) f.dispose();
    }
  }

  /** Throws where a partial op has made NaN of finite numbers; returns when none has: the NaN came with the inputs, or from elsewhere. */
  #singular(): void {
    const { nodes } = this.#program;
    nodes.forEach((n, id) => {
      const why = partialIn(n);
      if (!why) return;
      const [value, ...from] = this.#values([id, ...n.inputs]) as [Float64Array, ...Float64Array[]];
      const size = components(n.type);
      for (let at = 0; at < value.length; at += size) {
        if (firstBad(value.subarray(at, at + size)) < 0) continue;
        const finite = from.every((x, k) => firstBad(x.subarray((at / size) * components(nodes[n.inputs[k]!]!.type), (at / size + 1) * components(nodes[n.inputs[k]!]!.type))) < 0);
        if (finite) throw new NaNError(`${n.op.name}: ${why} at ${this.#place(n, at / size)}, expected one that has a value: keep it away with where, or change the inputs there`);
      }
    });
  }

  /** Throws for the first value, in recording order, from which the results have what is not finite. */
  #trace(): void {
    const { nodes, outputs } = this.#program;
    const bad = new Map<number, { readonly at: number; readonly value: number }>();
    let known = nodes.length;
    for (let begin = 0; begin < known; begin += BATCH) {
      const ids = nodes.slice(begin, begin + BATCH).map((_, k) => begin + k);
      try {
        this.#values(ids).forEach((data, k) => {
          const at = firstBad(data);
          if (at >= 0) bad.set(begin + k, { at, value: data[at]! });
        });
      } catch {
        // a solver did not converge: its cause comes before
        known = begin;
      }
    }
    const from = (id: number): readonly number[] => nodes[id]!.inputs.filter((i) => bad.has(i));
    const first = Math.min(...closure(known < nodes.length ? bad.keys() : outputs.filter((id) => bad.has(id)), from).filter((id) => from(id).length === 0));
    const found = bad.get(first);
    if (!found) return;
    const n = nodes[first]!;
    const size = components(n.type);
    const what = n.inputs.length === 0 ? `input ${String(n.attributes["index"] ?? n.op.name)} holds` : `op ${nameOf(n)} made`;
    throw new NaNError(`${what} ${found.value} at ${this.#place(n, Math.floor(found.at / size))}, component ${found.at % size}: expected finite numbers: check ${n.inputs.length === 0 ? "what it is made of" : "its inputs there"}`);
  }

  #place(n: Node, site: number): string {
    const { lattice } = this.#program;
    const sample = lattice.batch > 1 && !isShared(n.type) ? ` of sample ${Math.floor(n.type.kind === "scalar" ? site : site / lattice.volume)}` : "";
    const where = `${n.type.kind === "scalar" ? "the scalar" : `site [${lattice.coordinates(site % lattice.volume).join(",")}]`}${sample}`;
    return n.layer === undefined ? where : `${where} in ${n.layer}`;
  }
}

/** `unary logarithm` */
const nameOf = (n: Node): string => (typeof n.attributes["f"] === "string" ? `${n.op.name} ${n.attributes["f"]}` : n.op.name);

const firstBad = (data: Float64Array): number => data.findIndex((x) => !Number.isFinite(x));
