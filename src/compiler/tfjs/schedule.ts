/**
 * Steps of a program: equal ops on different fields, over directions and planes, are one step on fields that stand one after the other. Among the kinds of ops of
 * which some can be computed, the one comes next whose ops are needed first on average (G. Neubig, Y. Goldberg, C. Dyer, arXiv:1705.07860). Numbers that the
 * program itself does not use are left to whoever reads them.
 */
import { type Attributes, type Program, type ValueType, inputOp } from "../../autograd/index.ts";
import { type Item, type Items, type Seen, itemsOf } from "./items.ts";

/** What is done at a time. A group computes fields; sums are numbers of fields; the rest is one item. */
export interface Step {
  readonly kind: "group" | "sum" | "own" | "scalar";
  readonly items: readonly number[];
}

/** Where the value of an item stands: member number `at` of what a step makes. */
export interface Place {
  readonly step: number;
  readonly at: number;
}

export interface Plan extends Items {
  readonly steps: readonly Step[];
  /** Of the items that steps make. */
  readonly places: ReadonlyMap<number, Place>;
  /** Numbers, in an order in which they can be computed, that only results are made of; sums among them are steps that wait for them. */
  readonly late: readonly number[];
}

/** Inputs and fields that are known while recording: no step makes them. */
export const isSource = ({ op, type }: Item): boolean => op === inputOp || (op.role?.is === "leaf" && type.kind !== "scalar");

/** The plan with so many fields of a type in a step; each of them by itself, in the order in which they were recorded, where that is one for all. */
export function planOf(program: Program, most: (type: ValueType) => number): Plan {
  const list = itemsOf(program);
  const scheduler = new Scheduler(list, most);
  return scheduler.plan();
}

class Scheduler {
  readonly #list: Items;
  readonly #most: (type: ValueType) => number;
  readonly #late: ReadonlySet<number>;
  readonly #ranks: readonly number[];
  readonly #signatures = new Signatures();
  readonly #steps: Step[] = [];
  readonly #places = new Map<number, Place>();

  constructor(list: Items, most: (type: ValueType) => number) {
    this.#list = list;
    this.#most = most;
    this.#late = lateNumbers(list.items);
    this.#ranks = ranks(list);
  }

  plan(): Plan {
    const { items } = this.#list;
    const computed = items.flatMap((x, id) => (x && !isSource(x) && this.#isStep(x, id) ? [id] : []));
    if (computed.every((id) => items[id]!.type.kind === "scalar" || this.#most(items[id]!.type) <= 1)) this.#inOrder(computed);
    else this.#byKind(computed);
    return { ...this.#list, steps: this.#steps, places: this.#places, late: [...this.#late].sort((a, b) => a - b) };
  }

  /** Numbers for later are no steps, but what they are sums of is looked after. */
  #isStep({ op }: Item, id: number): boolean {
    return !this.#late.has(id) || op.role?.is === "barrier";
  }

  #kind({ op, type }: Item): Step["kind"] {
    if (op.role?.is === "barrier") return "sum";
    if (op.role?.is === "solve" || op.role?.is === "dense" || op.role?.is === "loop") return "own";
    return type.kind === "scalar" ? "scalar" : "group";
  }

  #push(kind: Step["kind"], ids: readonly number[]): void {
    ids.forEach((id, at) => this.#places.set(id, { step: this.#steps.length, at }));
    this.#steps.push({ kind, items: ids });
  }

  #inOrder(computed: readonly number[]): void {
    const { items } = this.#list;
    const done = new Set<number>();
    const add = (id: number): void => {
      const x = items[id]!;
      if (done.has(id) || isSource(x)) return;
      done.add(id);
      // an adjoint comes right before its first use
      for (const i of x.after) add(i);
      if (this.#isStep(x, id)) this.#push(this.#kind(x), [id]);
    };
    for (const id of computed) add(id);
  }

  #byKind(computed: readonly number[]): void {
    const { items } = this.#list;
    const consumers = new Map<number, number[]>();
    const open = new Map<number, number>();
    const depths = new Map<number, number>();
    const isOpen = new Set(computed);
    for (const id of computed) {
      const before = items[id]!.after.filter((i) => isOpen.has(i));
      open.set(id, before.length);
      for (const i of before) {
        const list = consumers.get(i);
        if (list) list.push(id);
        else consumers.set(i, [id]);
      }
    }
    const kinds = new Map<string, { ready: number[]; sum: number; count: number }>();
    const kindOf = (id: number): { ready: number[]; sum: number; count: number } => {
      const key = `${this.#late.has(id) ? "late " : ""}${this.#signatures.of(items[id]!, id, this.#kind(items[id]!))}`;
      let k = kinds.get(key);
      if (!k) kinds.set(key, (k = { ready: [], sum: 0, count: 0 }));
      return k;
    };
    for (const id of inOrder(computed, items, isOpen)) {
      depths.set(id, 1 + items[id]!.after.reduce((d, i) => Math.max(d, depths.get(i) ?? 0), 0));
      const k = kindOf(id);
      k.sum += depths.get(id)!;
      k.count++;
      if (open.get(id) === 0) k.ready.push(id);
    }
    const waiting = new Set([...kinds.values()].filter((k) => k.ready.length > 0));
    while (waiting.size > 0) {
      let best: { ready: number[]; sum: number; count: number } | undefined;
      for (const k of waiting) if (!best || k.sum / k.count < best.sum / best.count) best = k;
      const ids = this.#take(best!.ready);
      if (best!.ready.length === 0) waiting.delete(best!);
      for (const id of ids) {
        best!.sum -= depths.get(id)!;
        best!.count--;
        for (const c of consumers.get(id) ?? []) {
          open.set(c, open.get(c)! - 1);
          if (open.get(c) !== 0) continue;
          const k = kindOf(c);
          k.ready.push(c);
          waiting.add(k);
        }
      }
    }
  }

  /** Makes a step of as many of the items as it may have, which are taken from the list. */
  #take(ready: number[]): number[] {
    const { items } = this.#list;
    const first = items[ready[0]!]!;
    const kind = this.#kind(first);
    ready.sort((a, b) => this.#ranks[a]! - this.#ranks[b]! || a - b);
    const most = kind === "own" || kind === "scalar" ? 1 : Math.max(1, this.#most(kind === "sum" ? first.operands[0]!.type : first.type));
    const ids = this.#arranged(ready.splice(0, most));
    this.#push(kind, ids);
    return ids;
  }

  /** The members in the order in which most operands stand already; that of their consumers where there is no better one. */
  #arranged(ids: number[]): number[] {
    const { items } = this.#list;
    if (ids.length === 1) return ids;
    const score = (order: readonly number[]): number =>
      items[order[0]!]!.operands.filter((_, j) => this.#standsAlready(order.map((id) => items[id]!.operands[j]!))).length;
    let [best, most] = [ids, score(ids) + 0.5];
    for (let j = 0; j < items[ids[0]!]!.operands.length; j++) {
      const at = (id: number): number => this.#places.get(items[id]!.operands[j]!.item)?.at ?? items[id]!.operands[j]!.item;
      const order = [...ids].sort((a, b) => at(a) - at(b));
      const s = score(order);
      if (s > most) [best, most] = [order, s];
    }
    return best;
  }

  #standsAlready(list: readonly Seen[]): boolean {
    const first = list[0]!;
    if (first.type.kind === "scalar" || list.some((s) => s.shift !== 0)) return false;
    const place = this.#places.get(first.item);
    if (!place) return list.every((s, k) => s.item === first.item + k);
    return this.#steps[place.step]!.items.length === list.length && list.every((s, k) => this.#places.get(s.item)?.step === place.step && this.#places.get(s.item)!.at === k);
  }
}

/** Items such that what an item needs stands before it. */
function inOrder(computed: readonly number[], items: readonly (Item | undefined)[], among: ReadonlySet<number>): number[] {
  const order: number[] = [];
  const done = new Set<number>();
  for (const root of computed) {
    const stack = [root];
    while (stack.length > 0) {
      const id = stack[stack.length - 1]!;
      const missing = done.has(id) ? [] : items[id]!.after.filter((i) => among.has(i) && !done.has(i));
      if (missing.length > 0) stack.push(...missing);
      else {
        stack.pop();
        if (!done.has(id)) order.push(id);
        done.add(id);
      }
    }
  }
  return order;
}

/** Numbers on which nothing but results depends. */
function lateNumbers(items: readonly (Item | undefined)[]): Set<number> {
  const isNumber = (x: Item): boolean => x.type.kind === "scalar" && x.op !== inputOp && x.op.role?.is !== "dense" && x.op.role?.is !== "loop" && x.op.role?.is !== "solve";
  const needed = new Set<number>();
  // consumers come after what they consume, but for adjoints, which are of fields
  for (let id = items.length - 1; id >= 0; id--) {
    const x = items[id];
    if (x && (!isNumber(x) || needed.has(id))) for (const i of x.after) needed.add(i);
  }
  return new Set(items.flatMap((x, id) => (x && isNumber(x) && !needed.has(id) ? [id] : [])));
}

/** For every item the position of the first result that is made of it. */
function ranks({ items, outputs, adjoints }: Items): number[] {
  const rank = items.map(() => Infinity);
  outputs.forEach((o, j) => (rank[o.item] = Math.min(rank[o.item]!, j)));
  const pass = (id: number): void => {
    for (const o of items[id]!.operands) rank[o.item] = Math.min(rank[o.item]!, rank[id]!);
  };
  const of = new Set(adjoints.values());
  for (let id = items.length - 1; id >= 0; id--) {
    if (!items[id] || of.has(id)) continue;
    const a = adjoints.get(id);
    if (a !== undefined) pass(a);
    pass(id);
  }
  return rank;
}

/** What ops must have in common to be computed at once, as text. */
class Signatures {
  readonly #numbers = new Map<object, number>();

  of({ op, node, type, operands }: Item, id: number, kind: Step["kind"]): string {
    if (kind === "own" || kind === "scalar") return `${kind} ${id}`;
    const seen = operands.map((o) => (o.type.kind === "scalar" ? `number ${o.item}` : `${typeText(o.type)}${o.dagger ? "+" : ""}`));
    return [this.#number(op), this.#attributes(node.attributes), typeText(type), ...seen].join("|");
  }

  #attributes(attributes: Attributes): string {
    return Object.keys(attributes).filter((k) => k !== "label").map((k) => `${k}=${this.#attribute(attributes[k]!)}`).join(";");
  }

  #attribute(x: Attributes[string]): string {
    if (typeof x === "number") return Object.is(x, -0) ? "-0" : String(x);
    if (typeof x !== "object") return JSON.stringify(x);
    return Array.isArray(x) ? `[${x.map((y) => this.#attribute(y as number)).join()}]` : `#${this.#number(x)}`;
  }

  #number(x: object): number {
    let n = this.#numbers.get(x);
    if (n === undefined) this.#numbers.set(x, (n = this.#numbers.size));
    return n;
  }
}

/** A type without end points, on which no arithmetic at a site depends. */
function typeText(t: ValueType): string {
  const { start: _start, end: _end, at: _at, ...rest } = t as ValueType & { readonly start?: unknown; readonly end?: unknown; readonly at?: unknown };
  return JSON.stringify(rest);
}
