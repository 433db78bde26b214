/**
 * Small micro-kernels joined: a value that one instruction makes and only one other reads stays in registers instead of passing through
 * scratch. Functions stay below a size beyond which the engines' register allocation suffers, so products of SU(3) matrices are left alone, while the hops
 * of a Dirac operator on colour vectors or the sums and projections behind a product become one function.
 */
import type { Argument, Instruction, KernelStep, Reduction } from "../ir.ts";
import type { MicroKernel, Statement } from "../scalar.ts";
import { packSlots } from "./slots.ts";

/** Statements of one function. */
const LIMIT = 64;

interface Item {
  readonly instruction: Instruction;
  readonly micro: MicroKernel;
}

/** Instructions so far. */
class Items {
  readonly #list: (Item | undefined)[] = [];
  /** Places of those that make a value in scratch and that no store follows. */
  readonly #makers = new Map<number, number>();

  push(item: Item): void {
    const { target } = item.instruction;
    // a producer may not be carried over a store: the stored field may be one that it reads
    if (target.kind === "buffer") this.#makers.clear();
    else this.#makers.set(target.value, this.#list.length);
    this.#list.push(item);
  }

  /** What makes a value, if it may still be moved. */
  maker(value: number): Item | undefined {
    const at = this.#makers.get(value);
    return at === undefined ? undefined : this.#list[at];
  }

  remove(value: number): void {
    this.#list[this.#makers.get(value)!] = undefined;
    this.#makers.delete(value);
  }

  all(): Item[] {
    return this.#list.filter((item) => item !== undefined);
  }
}

/** The step with joined instructions, and the micro-kernel of each of them; joined ones are shared through the cache. */
export function fuse(step: KernelStep, micro: readonly MicroKernel[], cache: Map<string, MicroKernel>): { step: KernelStep; micro: readonly MicroKernel[] } {
  const uses = new Map<number, number>();
  const count = (a: Argument): void => {
    if (a.kind === "slot") uses.set(a.value, (uses.get(a.value) ?? 0) + 1);
  };
  for (const i of step.instructions) i.args.forEach(count);
  for (const r of step.reductions) count(r.value);
  const list = new Items();
  step.instructions.forEach((instruction, k) => {
    let item: Item = { instruction, micro: micro[k]! };
    for (;;) {
      const next = joined(item, list, uses, cache);
      if (!next) break;
      item = next;
    }
    list.push(item);
  });
  const out = list.all();
  if (out.length === step.instructions.length) return { step, micro };
  const named = <A extends Argument>(a: A): A => (a.kind === "slot" ? { ...a, slot: a.value } : a);
  const instructions = out.map(({ instruction: i }): Instruction => ({ ...i, args: i.args.map(named), target: i.target.kind === "slot" ? { ...i.target, slot: i.target.value } : i.target }));
  const reductions = step.reductions.map((r): Reduction => ({ ...r, value: named(r.value) }));
  return { step: { ...step, ...packSlots(instructions, reductions) }, micro: out.map((i) => i.micro) };
}

/** The item with one of its producers taken in and removed from the list; undefined when none can be. */
function joined({ instruction, micro }: Item, made: Items, uses: ReadonlyMap<number, number>, cache: Map<string, MicroKernel>): Item | undefined {
  for (const [k, a] of instruction.args.entries()) {
    if (a.kind !== "slot" || uses.get(a.value) !== 1) continue;
    const producer = made.maker(a.value);
    if (!producer) continue;
    if (!plain(micro) || !plain(producer.micro) || micro.statements.length + producer.micro.statements.length > LIMIT) continue;
    made.remove(a.value);
    const { args, places } = operands(instruction.args, k, producer.instruction.args);
    const text = (of: "name" | "key"): string => `${micro[of]}{${k}=${producer.micro[of]}|${places.join(",")}}`;
    const shared = text("key");
    let m = cache.get(shared);
    if (!m) cache.set(shared, (m = inline(text("name"), shared, micro, k, producer.micro, places, args.length)));
    return { instruction: { ...instruction, args }, micro: m };
  }
  return undefined;
}

const plain = (m: MicroKernel): boolean => m.statements.every((s) => s.kind !== "loop" && s.kind !== "call");

/** Operands of both, equal ones once: `places` has first the producer's, then the consumer's (-1 for the value between them). */
function operands(consumer: readonly Argument[], k: number, producer: readonly Argument[]): { args: Argument[]; places: number[] } {
  const args: Argument[] = [];
  const known = new Map<string, number>();
  const place = (a: Argument): number => {
    const name = key(a);
    let at = known.get(name);
    if (at === undefined) known.set(name, (at = args.push(a) - 1));
    return at;
  };
  const places = [...producer.map(place), ...consumer.map((a, j) => (j === k ? -1 : place(a)))];
  return { args, places };
}

/** Where an operand lies; its conjugation is part of the micro-kernel. */
const key = (a: Argument): string => (a.kind === "slot" ? `s${a.value}` : a.kind === "scalar" ? `c${a.buffer}` : `f${a.buffer}@${a.displacement.join(",")}`);

/** The consumer's statements after the producer's, with loads of operand k replaced by the producer's results and equal loads made once. */
function inline(name: string, key: string, consumer: MicroKernel, k: number, producer: MicroKernel, places: readonly number[], count: number): MicroKernel {
  const statements: Statement[] = [];
  const loads = new Map<string, number>();
  let values = 0;
  const append = (m: MicroKernel, place: (operand: number) => number, given: ReadonlyMap<number, readonly number[]>): number[] => {
    const id = new Map<number, number>();
    const of = (v: number): number => id.get(v)!;
    for (const s of m.statements) {
      if (s.kind === "load") {
        const known = given.get(s.operand)?.[s.component] ?? loads.get(`${place(s.operand)}:${s.component}`);
        if (known !== undefined) {
          id.set(s.id, known);
          continue;
        }
        loads.set(`${place(s.operand)}:${s.component}`, values);
      } else if (s.kind === "loop") throw new Error("internal: a loop cannot be joined");
      const n = values++;
      statements.push(renamed(s, n, of, place));
      id.set(s.id, n);
    }
    return m.results.map(of);
  };
  const made = append(producer, (o) => places[o]!, new Map());
  const results = append(consumer, (o) => places[producer.operands + o]!, new Map([[k, made]]));
  return { name, key, operands: count, statements, results, values, flops: producer.flops + consumer.flops };
}

function renamed(s: Exclude<Statement, { kind: "loop" }>, id: number, of: (v: number) => number, place: (operand: number) => number): Statement {
  switch (s.kind) {
    case "load":
      return { ...s, id, operand: place(s.operand) };
    case "constant":
      return { ...s, id };
    case "binary":
      return { ...s, id, a: of(s.a), b: of(s.b) };
    case "unary":
      return { ...s, id, a: of(s.a) };
    case "fma":
    case "positive":
      return { ...s, id, a: of(s.a), b: of(s.b), c: of(s.c) };
    case "call":
      return { ...s, id, args: s.args.map(of) };
  }
}
