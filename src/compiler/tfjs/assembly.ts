/**
 * How the operands of a step come to stand one after the other: as they do already, or by joining what different steps have made, and one gather for all of them with
 * their displacements in it.
 */
import type { ValueType } from "../../autograd/index.ts";
import type { Arrays, DeviceArray, Numbers } from "../../backend/index.ts";
import type { Seen } from "./items.ts";
import { extent, isReal } from "./layout.ts";
import type { FieldStore } from "./store.ts";
import type { Plan } from "./schedule.ts";

/** What stands where a step, the caller or a constant has put it: `count` fields. */
export interface Stand {
  readonly source: number;
  readonly at: number;
  readonly count: number;
}

/** Sources joined, then some fields taken: by a table, or a part that hangs together, or all of them. */
interface Piece {
  readonly sources: readonly number[];
  readonly table?: DeviceArray;
  readonly from?: number;
  readonly length: number;
}

/** Pieces joined. */
export interface Assembly {
  readonly pieces: readonly Piece[];
  /** Calls that it takes. */
  readonly cost: number;
}

/** One step of a plan for one way in which the inputs stand: operands in the order of the op's inputs, undefined for numbers; or all terms of a sum in one. */
export interface Recipe {
  readonly operands: readonly (number | undefined)[];
  readonly terms?: number;
}

/** Recipes of all steps. Assemblies that several steps use are made once. */
export interface Recipes {
  readonly assemblies: readonly Assembly[];
  readonly steps: readonly Recipe[];
  /** Number of the assembly and member in it, or of the source, for every result that is a field. */
  readonly outputs: readonly ({ readonly assembly: number; readonly at: number } | { readonly source: number; readonly at: number } | undefined)[];
  /** For every step the assemblies that are used last there. */
  readonly last: readonly (readonly number[])[];
}

/** Joining whole sources of which few fields are used costs more than to take these from each. */
const MUCH = 3;

export function recipesFor(plan: Plan, store: FieldStore, standOf: (item: number) => Stand): Recipes {
  return new Cook(plan, store, standOf).recipes();
}

class Cook {
  readonly #plan: Plan;
  readonly #store: FieldStore;
  readonly #standOf: (item: number) => Stand;
  readonly #assemblies: Assembly[] = [];
  readonly #last: number[] = [];
  readonly #byKey = new Map<string, number>();

  constructor(plan: Plan, store: FieldStore, standOf: (item: number) => Stand) {
    this.#plan = plan;
    this.#store = store;
    this.#standOf = standOf;
  }

  recipes(): Recipes {
    const { steps } = this.#plan;
    const made = steps.map((_, s) => this.#step(s));
    const outputs = this.#outputs(steps.length);
    const last: number[][] = steps.map(() => []);
    this.#last.forEach((s, k) => last[s]?.push(k));
    return { assemblies: this.#assemblies, steps: made, outputs, last };
  }

  #step(s: number): Recipe {
    const { steps, items } = this.#plan;
    const ids = steps[s]!.items;
    const { op, node, operands, type } = items[ids[0]!]!;
    if (steps[s]!.kind === "scalar") return { operands: operands.map(() => undefined) };
    const lists = operands.map((o, j) => (o.type.kind === "scalar" ? undefined : ids.map((id) => items[id]!.operands[j]!)));
    const { role } = op;
    if (role?.is === "combination" && operands.length > 1 && type.kind !== "scalar" && this.#store.formulation.packed) {
      const coefficients = role.coefficients(node.attributes);
      const apart = lists.reduce((n, l) => n + this.#assembly(l!).cost, operands.length - 1) + coefficients.filter((c, k) => c !== 1 && (k === 0 || c !== -1)).length;
      const alike = coefficients.every((c) => c === coefficients[0]);
      const all = lists.flatMap((l) => l!);
      const together = this.#assembly(all).cost + 2 + (alike ? Number(coefficients[0] !== 1) : 1);
      if (together < apart) return { operands: [this.#use(all, s)], terms: operands.length };
    }
    return { operands: lists.map((l) => l && this.#use(l, s)) };
  }

  /** Number of the assembly of these operands for a step. */
  #use(list: readonly Seen[], step: number): number {
    const key = list.map((o) => `${o.item}@${o.shift}`).join();
    let k = this.#byKey.get(key);
    if (k === undefined) {
      this.#byKey.set(key, (k = this.#assemblies.push(this.#assembly(list)) - 1));
      this.#last.push(step);
    }
    this.#last[k] = step;
    return k;
  }

  #assembly(list: readonly Seen[]): Assembly {
    const stands = list.map((o) => this.#standOf(o.item));
    const whole = this.#piece(list, stands);
    const joined = [...new Map(stands.map((s) => [s.source, s.count])).values()].reduce((n, c) => n + c, 0);
    const together = { pieces: [whole], cost: Number(whole.sources.length > 1) + Number(whole.table !== undefined || whole.from !== undefined) };
    if (whole.sources.length === 1) return together;
    const pieces: Piece[] = [];
    for (let k = 0; k < list.length; ) {
      let end = k + 1;
      while (end < list.length && stands[end]!.source === stands[k]!.source) end++;
      pieces.push(this.#piece(list.slice(k, end), stands.slice(k, end)));
      k = end;
    }
    const cost = 1 + pieces.filter((p) => p.table !== undefined || p.from !== undefined).length;
    return cost <= together.cost || joined > MUCH * list.length ? { pieces, cost } : together;
  }

  /** The fields from their sources, joined. */
  #piece(list: readonly Seen[], stands: readonly Stand[]): Piece {
    const starts = new Map<number, number>();
    let total = 0;
    for (const { source, count } of stands) {
      if (starts.has(source)) continue;
      starts.set(source, total);
      total += count;
    }
    const sources = [...starts.keys()];
    const at = stands.map((s) => starts.get(s.source)! + s.at);
    const length = list.length;
    if (list.every((o, k) => o.shift === 0 && at[k] === at[0]! + k)) return { sources, length, ...(length === total ? {} : { from: at[0]! }) };
    const { displacements } = this.#plan;
    return { sources, length, table: this.#store.table(list.map((o, k) => ({ at: at[k]!, displacement: displacements.list[o.shift]! }))) };
  }

  /** Results are what a step has made, where all of it is a result, and copies otherwise. */
  #outputs(end: number): Recipes["outputs"] {
    const { outputs } = this.#plan;
    const stands = outputs.map((o) => (o.type.kind === "scalar" ? undefined : this.#standOf(o.item)));
    const wanted = new Map<number, Set<number>>();
    outputs.forEach((o, j) => {
      const s = stands[j];
      if (!s || o.shift !== 0) return;
      if (!wanted.has(s.source)) wanted.set(s.source, new Set());
      wanted.get(s.source)!.add(s.at);
    });
    const byClass = new Map<string, number[]>();
    const plain = outputs.map((o, j) => {
      const s = stands[j];
      if (!s) return undefined;
      if (o.shift === 0 && wanted.get(s.source)!.size === s.count) return { source: s.source, at: s.at };
      const key = classOf(o.type);
      byClass.set(key, [...(byClass.get(key) ?? []), j]);
      return undefined;
    });
    const copied = new Map<number, { assembly: number; at: number }>();
    for (const list of byClass.values()) {
      const assembly = this.#use(list.map((j) => outputs[j]!), end);
      list.forEach((j, at) => copied.set(j, { assembly, at }));
    }
    return outputs.map((_, j) => plain[j] ?? copied.get(j));
  }
}

/** Fields of one class have arrays of equal shape. */
const classOf = (t: ValueType): string => `${extent(t).join("x")} ${isReal(t)}`;

/** The fields that an assembly brings together. */
export function assemble(b: Arrays, store: FieldStore, { pieces }: Assembly, source: (k: number) => Numbers): Numbers {
  const { layout } = store;
  const V = layout.lattice.volume;
  const join = (list: readonly Numbers[]): Numbers => {
    const first = store.hold(list[0]!);
    if (list.length === 1) return first;
    const bound = list.reduce((s, x) => Math.max(s, x.bound), 0);
    return first.with(first.parts.map((_, p) => b.concat(list.map((x) => store.hold(x).parts[p]!), layout.site)), bound);
  };
  return join(
    pieces.map(({ sources, table, from, length }) => {
      const whole = join(sources.map(source));
      if (table) return whole.with(whole.parts.map((p) => b.gather(p, table, layout.site)));
      if (from === undefined) return whole;
      const [rows, columns] = [whole.shape[layout.row]!, whole.shape[layout.column]!];
      return whole.with(whole.parts.map((p) => b.slice(p, layout.shape(0, 0, from * V), layout.shape(rows, columns, length * V))));
    }),
  );
}
