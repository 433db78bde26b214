/** Grows a random program statement by statement, with the value of each known: what would leave the tame range is not taken. */
import { type Lattice, type MatrixType, type SpinType, type ValueType, type VectorType, openTape } from "../../src/autograd/index.ts";
import { sameDisplacement, sameType } from "../../src/autograd/types.ts";
import { evaluate } from "../../src/compiler/interpret/evaluate.ts";
import { CovarianceError, GeometryError, RecordingError } from "../../src/errors.ts";
import { apply } from "./apply.ts";
import { leafTypes, linkValues, valuesOf } from "./inputs.ts";
import type { Input, Statement } from "./program.ts";

/** Source of chance; fast-check's own, so that a seed gives the program. */
export interface Chance {
  /** An integer in [from, to]. */
  int(from: number, to: number): number;
}

export interface Value<T extends ValueType = ValueType> {
  readonly name: string;
  readonly type: T;
  readonly data: Float64Array;
}

/** Values beyond this are scaled down. */
const LARGE = 8;

/** Value of one statement, recorded on a tape of its own: nothing that other statements do can change it. */
export function valueOf(lattice: Lattice, s: Statement, args: readonly Pick<Value, "type" | "data">[]): { readonly type: ValueType; readonly data: Float64Array } {
  const tape = openTape(lattice);
  const traced = args.map((a) => tape.input(a.type));
  const program = tape.finish([apply(tape, s, traced)]);
  const out = program.outputs[0]!;
  return { type: program.nodes[out]!.type, data: evaluate(program, args.map((a) => a.data))[out]! };
}

export class Builder {
  readonly lattice: Lattice;
  readonly N: number;
  readonly inputs: Input[] = [];
  readonly statements: Statement[] = [];
  readonly values: Value[] = [];
  /** The checkpoint region of the next statements; 0 for none. */
  region = 0;
  #regions = 0;
  readonly #chance: Chance;
  readonly #seed: number;
  readonly #quaternions: boolean;
  #leaves = 0;


  constructor(lattice: Lattice, N: number, seed: number, chance: Chance, quaternions: boolean) {
    [this.lattice, this.N, this.#seed, this.#chance, this.#quaternions] = [lattice, N, seed, chance, quaternions];
  }

  int(from: number, to: number): number {
    return this.#chance.int(from, to);
  }
  maybe(percent: number): boolean {
    return this.int(0, 99) < percent;
  }
  choose<X>(list: readonly X[]): X {
    return list[this.int(0, list.length - 1)]!;
  }
  /** A number with few digits and no relation to others. */
  real(from: number, to: number): string {
    return (from + ((to - from) * this.int(1, 9999)) / 10000).toPrecision(4);
  }

  input(kind: string): void {
    const input = { name: `i${this.inputs.length}`, kind };
    this.inputs.push(input);
    const types = leafTypes(this.lattice, this.N, input);
    types.forEach((type, k) => this.values.push({ name: types.length > 1 || kind === "links" || kind === "algebra" ? `${input.name}.${k}` : input.name, type, data: valuesOf(this.lattice, type, linkValues(input, this.#quaternions), this.#seed, this.#leaves++) }));
  }

  newRegion(): number {
    return ++this.#regions;
  }

  /** New weights. */
  tensor(shape: readonly number[]): Value {
    this.input(`tensor shape=${shape.join("x")}`);
    return this.values[this.values.length - 1]!;
  }

  /** A value with a property, recent ones first. */
  pick<T extends ValueType = ValueType>(fits: (v: Value) => boolean): Value<T> | undefined {
    const list = this.values.filter(fits);
    if (list.length === 0) return undefined;
    const r = this.int(0, 999) / 1000;
    return list[list.length - 1 - Math.floor(list.length * r * r)] as Value<T>;
  }
  kind<T extends ValueType = ValueType>(...kinds: ValueType["kind"][]): Value<T> | undefined {
    return this.pick<T>((v) => kinds.includes(v.type.kind));
  }

  /** Adds a statement; undefined when its value is not tame or its operands do not go together. */
  emit<T extends ValueType = ValueType>(op: string, args: readonly Value[], params: Readonly<Record<string, string>> = {}): Value<T> | undefined {
    const statement: Statement = { name: `x${this.statements.length + 1}`, op, args: args.map((a) => a.name), params, ...(this.region > 0 && { region: this.region }) };
    let made: { type: ValueType; data: Float64Array };
    try {
      made = valueOf(this.lattice, statement, args);
    } catch (error) {
      if (error instanceof CovarianceError || error instanceof GeometryError || error instanceof RecordingError) return undefined;
      throw error;
    }
    if (!made.data.every(Number.isFinite)) return undefined;
    const value = { name: statement.name, ...made } as Value<T>;
    this.statements.push(statement);
    this.values.push(value);
    const size = made.data.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
    return size > LARGE ? this.emit(`scaleBy`, [value], { c: (4 / size).toPrecision(2) }) : value;
  }

  /** A value moved, restricted or extended until it can be added to one of the given type. */
  aligned(v: Value | undefined, to: ValueType): Value | undefined {
    if (!v || v.type.kind !== to.kind) return undefined;
    let x: Value | undefined = v;
    const d = this.#distance(v.type, to);
    if (d?.some((s) => s !== 0)) x = this.emit("shift", [x], { d: d.join(",") });
    return x && this.onDomain(x, to);
  }

  /** A value on the sites of a type: restricted, extended, or moved by one step. */
  onDomain(v: Value, to: ValueType): Value | undefined {
    if (v.type.kind === "scalar" || to.kind === "scalar" || v.type.domain === to.domain) return v;
    if (v.type.domain === "all") return this.emit("restrict", [v], { domain: to.domain });
    return to.domain === "all" ? this.emit("extend", [v]) : undefined;
  }

  /** One that `aligned` can bring to a type. */
  like(to: ValueType): Value | undefined {
    const plain = (t: ValueType): ValueType => (t.kind === "scalar" ? t : ({ ...t, domain: "all", ...(t.kind === "spin" && { unit: false }) } as ValueType));
    return this.pick(({ type }) => {
      if (type.kind !== to.kind) return false;
      const d = this.#distance(type, to);
      if (d === undefined) return false;
      const there = type.kind === "matrix" ? { ...type, start: (to as MatrixType).start, end: (to as MatrixType).end } : type.kind === "vector" ? { ...type, at: (to as VectorType).at } : type;
      const fits = sameType(this.lattice, plain(there), plain(to));
      const apart = type.kind !== "scalar" && to.kind !== "scalar" && type.domain !== "all" && to.domain !== "all" && (type.domain === to.domain) !== (d.reduce((s, x) => s + x, 0) % 2 === 0);
      return fits && !apart;
    });
  }

  /** Displacement that takes the end points of a type to those of another; undefined when there is none. */
  #distance(from: ValueType, to: ValueType): readonly number[] | undefined {
    const between = (a: readonly number[], b: readonly number[]): readonly number[] => this.lattice.wrap(b.map((x, mu) => x - a[mu]!));
    if (from.kind === "vector" && to.kind === "vector") return between(from.at, to.at);
    if (from.kind !== "matrix" || to.kind !== "matrix") return this.lattice.wrap([]);
    return sameDisplacement(this.lattice, between(from.start, from.end), between(to.start, to.end)) ? between(from.start, to.start) : undefined;
  }

  /** Moves a path so that it starts at a point. */
  startingAt(v: Value<MatrixType>, at: readonly number[]): Value<MatrixType> | undefined {
    const d = this.lattice.wrap(at.map((x, mu) => x - v.type.start[mu]!));
    return d.every((s) => s === 0) ? v : this.emit<MatrixType>("shift", [v], { d: d.join(",") });
  }

  isClosed(v: Value): boolean {
    return v.type.kind === "matrix" && sameDisplacement(this.lattice, v.type.start, v.type.end);
  }

  /** A closed matrix field: one there is, or a path and its way back. */
  closed(): Value<MatrixType> | undefined {
    const m = this.kind<MatrixType>("matrix");
    if (!m || this.isClosed(m)) return m;
    const other = this.aligned(this.like(m.type), m.type);
    const back = other && this.emit("adj", [other]);
    return back && this.emit<MatrixType>("mul", [m, back]);
  }

  /** Values at the sites where the field lives. */
  living({ type, data }: Value): Float64Array[] {
    if (type.kind === "scalar") return Array.from(data, (_, b) => data.subarray(b, b + 1));
    const { batch, volume } = this.lattice;
    const n = data.length / (batch * volume);
    return Array.from({ length: batch * volume }, (_, site) => site)
      .filter((site) => (type as SpinType).domain === "all" || this.lattice.parity(site % volume) === ((type as SpinType).domain === "even" ? 0 : 1))
      .map((site) => data.subarray(n * site, n * (site + 1)));
  }

  /** A displacement of any size: none, a step, once round and more. */
  displacement(): string {
    return this.lattice.extents.map((L) => this.choose([0, 0, 1, -1, 1, 2, -3, L, L + 1, -L])).join(",");
  }
}
