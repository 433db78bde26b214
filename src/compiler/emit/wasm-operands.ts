/**
 * Where the operands of one block lie, in WebAssembly. Buffers of the arena stay where they are: their places are constants of the code, so that operands at
 * one displacement whose blocks lie equally far apart share one distance and differ in the constant of their loads. A block none of whose displacements
 * exchanges lanes, which is most of them, reads everything where it lies; the others copy what is exchanged, operand by operand.
 */
import { storedComponents, isShared } from "../../autograd/index.ts";
import { type Code, I32 } from "../../backend/index.ts";
import type { EmitContext } from "../emitter.ts";
import type { Argument } from "../ir.ts";
import { type KernelPlan, atHome, parameterKey } from "../kernels.ts";
import { type Place, from, push } from "./wasm-micro.ts";

/** Parameters of a kernel: constants, or loaded at its beginning. */
export class Parameters {
  readonly #c: Code;
  readonly #index: ReadonlyMap<string, number>;
  readonly #values: readonly { readonly known?: number; readonly local?: number }[];

  /** `table`: local with the address of the parameter table. */
  constructor(c: Code, { parameters, index }: KernelPlan, { known }: EmitContext, table: number) {
    this.#c = c;
    this.#index = index;
    this.#values = parameters.map((p, k) => {
      const value = known?.(p);
      if (value !== undefined) return { known: value };
      const local = c.local(I32);
      c.get(table).memory(0x28, 2, 4 * k).set(local);
      return { local };
    });
  }

  /** The value of a parameter, where it is a constant. */
  known(key: string): number | undefined {
    return this.#values[this.#index.get(key)!]!.known;
  }

  /** Leaves a parameter on the stack. */
  push(key: string): Code {
    const { known, local } = this.#values[this.#index.get(key)!]!;
    return local === undefined ? this.#c.i32(known!) : this.#c.get(local);
  }

  /** The place of a buffer that is one block. */
  place(key: string): Place {
    const { known, local } = this.#values[this.#index.get(key)!]!;
    return local === undefined ? { local: undefined, offset: known! } : { local, offset: 0 };
  }
}

type FieldArgument = Argument & { readonly kind: "field" };

/** What the operands of a kernel need. */
export interface OperandContext {
  readonly plan: KernelPlan;
  readonly parameters: Parameters;
  readonly width: number;
  /** Bytes of a number. */
  readonly bytes: number;
  /** Exchanges of lanes, counting that which moves none. */
  readonly permutations: number;
  /** The function that copies n components with their lanes exchanged. */
  permute(n: number): number;
  /** The place of a scalar of which every sample has its own. */
  scalar(buffer: number): Place;
  /** Locals with the block and the scratch. */
  readonly b: number;
  readonly S: number;
}

/** Entries of the neighbour tables of a block: locals, by displacement. */
export class Neighbours {
  readonly #c: Code;
  readonly #context: OperandContext;
  readonly #entries = new Map<string, number>();

  constructor(c: Code, context: OperandContext) {
    this.#c = c;
    this.#context = context;
    for (const p of context.plan.parameters) if (p.kind === "table") this.#entries.set(parameterKey(p), c.local(I32));
  }

  /** Sets the entries for the block. */
  load(): void {
    const { b, parameters } = this.#context;
    for (const [key, entry] of this.#entries) {
      const at = parameters.known(key);
      this.#c.get(b).i32(2).op(0x74);
      if (at === undefined) parameters.push(key).op(0x6a);
      this.#c.memory(0x28, 2, at ?? 0).set(entry);
    }
  }

  entry({ displacement }: FieldArgument): number {
    return this.#entries.get(parameterKey({ kind: "table", displacement }))!;
  }

  /** May a displacement exchange lanes? */
  get exchange(): boolean {
    return this.#entries.size > 0 && this.#context.permutations > 1;
  }

  /** Leaves a number on the stack that is not zero where a displacement exchanges lanes of this block. */
  exchanged(): void {
    [...this.#entries.values()].forEach((entry, k) => {
      this.#c.get(entry);
      if (k > 0) this.#c.op(0x72);
    });
    this.#c.i32(this.#context.width - 1).op(0x71);
  }
}

/** Operands of the block: addresses are made once, where they are first needed. */
export class Operands {
  readonly #c: Code;
  readonly #context: OperandContext;
  readonly #neighbours: Neighbours;
  /** May lanes be exchanged? */
  readonly #exchange: boolean;
  readonly #places = new Map<string, Place>();
  /** Distances of a block from the first, by displacement and stride. */
  readonly #distances = new Map<string, number>();
  #swapSlots: number;

  constructor(c: Code, context: OperandContext, neighbours: Neighbours, exchange: boolean) {
    this.#c = c;
    this.#context = context;
    this.#neighbours = neighbours;
    this.#exchange = exchange;
    this.#swapSlots = context.plan.scratch;
  }

  /** A buffer at the loop's own block. */
  home(buffer: number): Place {
    const { b, parameters } = this.#context;
    return this.#at(buffer, "home", () => this.#c.get(b), (stride) => this.#c.get(b).i32(stride).op(0x6c), `s${buffer}`, parameters);
  }

  /** Makes the address of a field operand, once. */
  prepare(a: Argument): void {
    if (a.kind !== "field") return;
    const key = keyOf(a);
    if (this.#places.has(key)) return;
    if (atHome(a.displacement)) {
      this.#places.set(key, this.home(a.buffer));
      return;
    }
    const { parameters, width, permutations, permute, S, bytes } = this.#context;
    const entry = this.#neighbours.entry(a);
    const whole = (): Code => (width > 1 ? this.#c.get(entry).i32(Math.log2(width)).op(0x76) : this.#c.get(entry));
    // without an exchange the entry is a multiple of the width
    const times = (stride: number): Code => (this.#exchange ? whole().i32(stride) : this.#c.get(entry).i32(stride / width)).op(0x6c);
    let place = this.#at(a.buffer, a.displacement.join(","), whole, times, `s${a.buffer}`, parameters);
    if (this.#exchange) {
      const n = storedComponents(a.type);
      const to = this.#swapSlots * bytes * width;
      this.#swapSlots += n;
      const at = this.#c.local(I32);
      push(this.#c, place);
      this.#c.set(at);
      this.#c.get(entry).i32(width - 1).op(0x71).when(() => {
        this.#c.get(at).get(S).i32(to).op(0x6a);
        if (permutations > 2) this.#c.get(entry).i32(width - 1).op(0x71);
        this.#c.call(permute(n));
        this.#c.get(S).i32(to).op(0x6a).set(at);
      });
      place = { local: at, offset: 0 };
    }
    this.#places.set(key, place);
  }

  /** The place of a buffer so many blocks on: those with one distance share its local, where the buffer stays in its place. */
  #at(buffer: number, displacement: string, blocks: () => Code, times: (stride: number) => Code, strideKey: string, parameters: Parameters): Place {
    const [stride, base] = [parameters.known(strideKey), parameters.known(`b${buffer}`)];
    const key = `${displacement}|${stride ?? strideKey}`;
    let distance = this.#distances.get(key);
    if (distance === undefined) {
      distance = this.#c.local(I32);
      this.#distances.set(key, distance);
      if (stride === undefined) {
        blocks();
        parameters.push(strideKey).op(0x6c);
      } else times(stride);
      this.#c.set(distance);
    }
    if (base !== undefined) return { local: distance, offset: base };
    const at = this.#c.local(I32);
    this.#c.get(distance);
    parameters.push(`b${buffer}`).op(0x6a).set(at);
    return { local: at, offset: 0 };
  }

  /** Loads one word of every cache line of an operand: all misses of a block are under way together before the arithmetic needs them. */
  touch(a: Argument): void {
    if (a.kind !== "field" || this.#places.has(keyOf(a))) return;
    this.prepare(a);
    const place = this.place(a);
    const { width, bytes } = this.#context;
    for (let at = 0; at < bytes * width * storedComponents(a.type); at += 64) from(this.#c, place).memory(0x28, 2, place.offset + at).op(0x1a);
  }

  place(a: Argument): Place {
    const { plan, parameters, scalar, S, bytes, width } = this.#context;
    if (a.kind === "slot") return { local: S, offset: plan.slotOffsets[a.slot]! * bytes * width };
    if (a.kind === "scalar") return isShared(a.type) ? parameters.place(`b${a.buffer}`) : scalar(a.buffer);
    return this.#places.get(keyOf(a))!;
  }
}

const keyOf = (a: FieldArgument): string => `${a.buffer}@${a.displacement.join(",")}`;
