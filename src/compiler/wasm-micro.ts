/** Micro-kernels in WebAssembly SIMD: every value is an f64x2 in a local, with one site in each lane. */
import { type Code, F64, V128 } from "../backend/index.ts";
import { type MicroKernel, type Statement, earlyStores, operandsOf } from "./scalar.ts";

const BINARY = { add: 0xf0, sub: 0xf1, mul: 0xf2, div: 0xf3, max: 0xf7 } as const;
const UNARY = { neg: 0xed, sqrt: 0xef, abs: 0xec } as const;
export const ZEROS = Array.from({ length: 16 }, () => 0);
export const SWAP = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];

/** Values of a micro-kernel beyond which locals are taken up again within it: functions have at most 50,000. */
const MANY = 10_000;

/** An address: a local and a constant. */
export interface Place {
  readonly local: number;
  readonly offset: number;
}

/** What all functions of a module have in common. */
export interface Target {
  readonly width: number;
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
  readonly #fma: boolean;
  readonly #imports: ReadonlyMap<string, number>;
  #operands: readonly Place[] = [];
  /** Locals of the pool in use by this micro-kernel. */
  #taken = 0;

  constructor(code: Code, { width, fma, imports }: Target) {
    this.code = code;
    this.#width = width;
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

  statement(s: Statement): void {
    const c = this.code;
    switch (s.kind) {
      case "load": {
        const { local, offset } = this.#operands[s.operand]!;
        c.get(local);
        if (this.#width === 2) c.simdMemory(0x00, 3, offset + 16 * s.component);
        else c.simdMemory(0x0a, 3, offset + 8 * s.component);
        break;
      }
      case "constant": {
        const bytes = [...new Uint8Array(new Float64Array([s.value, s.value]).buffer)];
        c.simd(0x0c, ...bytes);
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
        c.simd(BINARY[s.name]);
        break;
      case "unary":
        this.#get(s.a);
        c.simd(UNARY[s.name]);
        break;
      case "fma":
        if (this.#fma) {
          this.#get(s.a);
          this.#get(s.b);
          this.#get(s.c);
          c.simd(s.negated ? 0x108 : 0x107);
        } else {
          this.#get(s.c);
          this.#get(s.a);
          this.#get(s.b);
          c.simd(BINARY.mul).simd(s.negated ? BINARY.sub : BINARY.add);
        }
        break;
      case "positive":
        this.#get(s.a);
        this.#get(s.b);
        this.#get(s.c);
        c.simd(0x0c, ...ZEROS).simd(0x4a).simd(0x52);
        break;
      case "call":
        for (const lane of [0, 1]) {
          for (const a of s.args) this.#get(a).simd(0x21, lane);
          c.call(this.#imports.get(s.name)!);
          if (lane === 0) c.simd(0x14);
          else c.simd(0x22, 1);
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
    this.#get(s.count).simd(0x21, 0);
    if (!s.uniform) this.#get(s.count).simd(0x21, 1).op(0xa5); // f64.max
    c.set(end);
    c.loop(
      () => c.get(i).get(end).op(0x63).op(0x45), // i < end, not
      () => {
        for (const t of s.body) this.statement(t);
        if (!s.uniform) {
          c.get(i).simd(0x14);
          this.#get(s.count).simd(0x49); // i < count, lane by lane
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
      const [{ local, offset }, component] = "local" in target ? [target, k] : [target[k]!, 0];
      this.code.get(local);
      this.#get(m.results[k]!);
      store(this.code, this.#width, component, offset);
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

/** Stores the vector on the stack at component k of the address below it. */
export function store(c: Code, width: number, k: number, offset = 0): void {
  if (width === 2) c.simdMemory(0x0b, 3, offset + 16 * k);
  else c.simdMemory(0x5b, 3, offset + 8 * k, 0);
}
