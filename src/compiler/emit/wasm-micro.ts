/** Micro-kernels in WebAssembly SIMD: every value is an f64x2, or in single precision an f32x4, in a local, with one site in each lane. */
import { type Code, F64, V128 } from "../../backend/index.ts";
import { type MicroKernel, type Statement, earlyStores, operandsOf } from "../scalar.ts";

/** Instructions on numbers of one precision; scalars between lanes and imported functions, loop counters and sums are doubles. */
const CODES = {
  double: { binary: { add: 0xf0, sub: 0xf1, mul: 0xf2, div: 0xf3, max: 0xf7 }, unary: { neg: 0xed, sqrt: 0xef, abs: 0xec }, madd: 0x107, nmadd: 0x108, less: 0x49, greater: 0x4a, extract: 0x21, replace: 0x22, splat: 0x14 },
  single: { binary: { add: 0xe4, sub: 0xe5, mul: 0xe6, div: 0xe7, max: 0xeb }, unary: { neg: 0xe1, sqrt: 0xe3, abs: 0xe0 }, madd: 0x105, nmadd: 0x106, less: 0x43, greater: 0x44, extract: 0x1f, replace: 0x20, splat: 0x13 },
} as const;
const [PROMOTE, DEMOTE] = [0xbb, 0xb6];
export const ZEROS = Array.from({ length: 16 }, () => 0);

/** Values of a micro-kernel beyond which locals are taken up again within it: functions have at most 50,000. */
const MANY = 10_000;

/** An address: a local, where there is one, and a constant. */
export interface Place {
  readonly local: number | undefined;
  readonly offset: number;
}

/** Leaves an address on the stack. */
export function push(c: Code, { local, offset }: Place): void {
  if (local === undefined) c.i32(offset);
  else if (offset > 0) c.get(local).i32(offset).op(0x6a);
  else c.get(local);
}

/** Leaves on the stack what an access with the place's offset begins from. */
export const from = (c: Code, { local }: Place): Code => (local === undefined ? c.i32(0) : c.get(local));

/** What all functions of a module have in common. */
export interface Target {
  /** Lanes of a block. */
  readonly width: number;
  /** Bytes of a number: 8, or 4 in single precision. */
  readonly bytes: 4 | 8;
  /** Fused multiply-add. */
  readonly fma: boolean;
  readonly imports: ReadonlyMap<string, number>;
}

/** Writes micro-kernels into a function. */
export class MicroEmitter {
  readonly code: Code;
  readonly #locals = new Map<number, number>();
  /** Locals of vectors, taken up again by every micro-kernel. */
  readonly #pool: number[] = [];
  /** Locals that hold nothing any more, in micro-kernels of many values. */
  #free: number[] = [];
  readonly #width: number;
  readonly #bytes: 4 | 8;
  /** Lanes that hold values: both of doubles, whose second one is that of the first where a block has one. */
  readonly #lanes: number;
  readonly #codes: (typeof CODES)["double" | "single"];
  readonly #fma: boolean;
  readonly #imports: ReadonlyMap<string, number>;
  #operands: readonly Place[] = [];
  /** Locals of the pool in use by this micro-kernel. */
  #taken = 0;

  constructor(code: Code, { width, bytes, fma, imports }: Target) {
    this.code = code;
    this.#width = width;
    this.#bytes = bytes;
    this.#lanes = bytes === 8 ? 2 : width;
    this.#codes = CODES[bytes === 4 ? "single" : "double"];
    this.#fma = fma;
    this.#imports = imports;
  }

  #local(id: number): number {
    let n = this.#locals.get(id);
    if (n === undefined) this.#locals.set(id, (n = this.#free.pop() ?? (this.#pool[this.#taken++] ??= this.code.local(V128))));
    return n;
  }
  #get(id: number): Code {
    return this.code.get(this.#local(id));
  }

  /** Leaves a lane of the vector on the stack, or of a value, as a double. */
  #lane(id: number, lane: number): void {
    this.#get(id).simd(this.#codes.extract, lane);
    if (this.#bytes === 4) this.code.op(PROMOTE);
  }

  statement(s: Statement): void {
    const c = this.code;
    const codes = this.#codes;
    switch (s.kind) {
      case "load": {
        const place = this.#operands[s.operand]!;
        load(from(c, place), this.#bytes * this.#width, s.component, place.offset);
        break;
      }
      case "constant": {
        const lanes = Array.from({ length: 16 / this.#bytes }, () => s.value);
        c.simd(0x0c, ...new Uint8Array((this.#bytes === 4 ? new Float32Array(lanes) : new Float64Array(lanes)).buffer));
        break;
      }
      case "binary":
        if (s.name === "max") {
          this.#get(s.b);
          this.#get(s.a);
        } else {
          this.#get(s.a);
          this.#get(s.b);
        }
        c.simd(codes.binary[s.name]);
        break;
      case "unary":
        this.#get(s.a);
        c.simd(codes.unary[s.name]);
        break;
      case "fma":
        if (this.#fma) {
          this.#get(s.a);
          this.#get(s.b);
          this.#get(s.c);
          c.simd(s.negated ? codes.nmadd : codes.madd);
        } else {
          this.#get(s.c);
          this.#get(s.a);
          this.#get(s.b);
          c.simd(codes.binary.mul).simd(s.negated ? codes.binary.sub : codes.binary.add);
        }
        break;
      case "positive":
        this.#get(s.a);
        this.#get(s.b);
        this.#get(s.c);
        c.simd(0x0c, ...ZEROS).simd(codes.greater).simd(0x52);
        break;
      case "call":
        for (let lane = 0; lane < this.#lanes; lane++) {
          for (const a of s.args) this.#lane(a, lane);
          c.call(this.#imports.get(s.name)!);
          if (this.#bytes === 4) c.op(DEMOTE);
          if (lane === 0) c.simd(codes.splat);
          else c.simd(codes.replace, lane);
        }
        break;
      case "loop":
        this.#loop(s);
        return;
    }
    c.set(this.#local(s.id));
  }

  #loop(s: Extract<Statement, { kind: "loop" }>): void {
    const c = this.code;
    s.variables.forEach((v, k) => {
      this.#get(s.initial[k]!);
      c.set(this.#local(v));
    });
    const [i, end, more] = [c.local(F64), c.local(F64), c.local(V128)];
    c.f64(0).set(i);
    this.#lane(s.count, 0);
    for (let lane = 1; lane < this.#lanes && !s.uniform; lane++) {
      this.#lane(s.count, lane);
      c.op(0xa5); // f64.max
    }
    c.set(end);
    c.loop(
      () => c.get(i).get(end).op(0x63).op(0x45), // i < end, not
      () => {
        for (const t of s.body) this.statement(t);
        if (!s.uniform) {
          c.get(i);
          if (this.#bytes === 4) c.op(DEMOTE);
          c.simd(this.#codes.splat);
          this.#get(s.count).simd(this.#codes.less); // i < count, lane by lane
          c.set(more);
        }
        // all next values are read before a carried variable changes
        s.next.forEach((n, k) => {
          this.#get(n);
          if (!s.uniform) this.#get(s.variables[k]!).get(more).simd(0x52);
        });
        for (let k = s.variables.length - 1; k >= 0; k--) c.set(this.#local(s.variables[k]!));
        c.get(i).f64(1).op(0xa0).set(i);
      },
    );
  }

  /** A micro-kernel from the operands' addresses to the target's, or to one for each result. */
  micro(m: MicroKernel, inPlace: boolean, operands: readonly Place[], target: Place | readonly Place[]): void {
    this.#operands = operands;
    this.#locals.clear();
    [this.#free, this.#taken] = [[], 0];
    const early = inPlace ? undefined : earlyStores(m);
    const dying = m.values > MANY && m.statements.every((s) => s.kind !== "loop") ? lastUses(m, early === undefined) : undefined;
    const put = (k: number): void => {
      const [place, component] = "local" in target ? [target, k] : [target[k]!, 0];
      from(this.code, place);
      this.#get(m.results[k]!);
      store(this.code, this.#bytes * this.#width, component, place.offset);
    };
    m.statements.forEach((s, i) => {
      this.statement(s);
      early?.[i]!.forEach(put);
      dying?.[i]!.forEach((id) => this.#free.push(this.#local(id)));
    });
    if (!early) m.results.forEach((_, k) => put(k));
  }
}

/** Values that no statement after the given one reads; results are kept to the end where they are stored there. */
function lastUses(m: MicroKernel, keepResults: boolean): number[][] {
  const last = new Map<number, number>();
  m.statements.forEach((s, i) => {
    for (const id of operandsOf(s)) last.set(id, i);
    if (s.kind !== "loop" && !last.has(s.id)) last.set(s.id, i);
  });
  if (keepResults) for (const id of m.results) last.delete(id);
  const at: number[][] = m.statements.map(() => []);
  for (const [id, i] of last) at[i]!.push(id);
  return at;
}

/** Loads component k, of so many bytes in all lanes, from the address on the stack; fewer than fill a vector are repeated in it. */
export function load(c: Code, bytes: number, k: number, offset = 0): void {
  if (bytes === 16) c.simdMemory(0x00, 3, offset + 16 * k);
  else if (bytes === 8) c.simdMemory(0x0a, 3, offset + 8 * k);
  else c.simdMemory(0x09, 2, offset + 4 * k);
}

/** Stores the vector on the stack at component k, of so many bytes in all lanes, of the address below it. */
export function store(c: Code, bytes: number, k: number, offset = 0): void {
  if (bytes === 16) c.simdMemory(0x0b, 3, offset + 16 * k);
  else if (bytes === 8) c.simdMemory(0x5b, 3, offset + 8 * k, 0);
  else c.simdMemory(0x5a, 2, offset + 4 * k, 0);
}
