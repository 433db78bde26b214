/**
 * A small WebAssembly assembler: enough of the binary format for loops, calls and 128-bit SIMD on doubles. Names of instructions
 * are those of the specification.
 */

/** Bytes that grow. */
export class Bytes {
  #data = new Uint8Array(1024);
  length = 0;

  byte(...values: number[]): this {
    if (this.length + values.length > this.#data.length) this.#grow(values.length);
    for (const v of values) this.#data[this.length++] = v;
    return this;
  }
  append(other: Bytes): this {
    if (this.length + other.length > this.#data.length) this.#grow(other.length);
    this.#data.set(other.view(), this.length);
    this.length += other.length;
    return this;
  }
  /** Unsigned LEB128. */
  u(n: number): this {
    do {
      const b = n % 128;
      n = Math.floor(n / 128);
      this.byte(n > 0 ? b | 128 : b);
    } while (n > 0);
    return this;
  }
  /** Signed LEB128 of an integer below 2^53. */
  s(n: number): this {
    for (;;) {
      const b = n & 127;
      n = Math.floor(n / 128);
      if ((n === 0 && !(b & 64)) || (n === -1 && b & 64)) return this.byte(b);
      this.byte(b | 128);
    }
  }
  f64(x: number): this {
    return this.byte(...new Uint8Array(new Float64Array([x]).buffer));
  }
  text(s: string): this {
    const b = new TextEncoder().encode(s);
    return this.u(b.length).byte(...b);
  }
  /** Another piece with its length in front. */
  sized(other: Bytes): this {
    return this.u(other.length).append(other);
  }
  view(): Uint8Array<ArrayBuffer> {
    return this.#data.subarray(0, this.length);
  }
  #grow(more: number): void {
    const next = new Uint8Array(Math.max(this.#data.length * 2, this.length + more));
    next.set(this.#data.subarray(0, this.length));
    this.#data = next;
  }
}

/** Code of the value type i32: addresses and counters. */
export const I32 = 0x7f;
export const I64 = 0x7e;
/** Code of the value type f64: a double. */
export const F64 = 0x7c;
/** Code of the value type v128: two doubles. */
export const V128 = 0x7b;
/** Code of a value type in the binary format. */
export type ValType = typeof I32 | typeof I64 | typeof F64 | typeof V128;

/** Body of one function, with its locals. */
export class Code {
  readonly bytes = new Bytes();
  readonly #parameters: number;
  readonly #locals: ValType[] = [];

  constructor(parameters: number) {
    this.#parameters = parameters;
  }
  /** A new local variable. */
  local(type: ValType): number {
    this.#locals.push(type);
    return this.#parameters + this.#locals.length - 1;
  }
  get(n: number): this {
    this.bytes.byte(0x20).u(n);
    return this;
  }
  set(n: number): this {
    this.bytes.byte(0x21).u(n);
    return this;
  }
  i32(n: number): this {
    this.bytes.byte(0x41).s(n | 0);
    return this;
  }
  i64(n: number): this {
    this.bytes.byte(0x42).s(n);
    return this;
  }
  f64(x: number): this {
    this.bytes.byte(0x44).f64(x);
    return this;
  }
  call(n: number): this {
    this.bytes.byte(0x10).u(n);
    return this;
  }
  /** Calls the function of the table whose number is on top of the stack, of a type of the module. */
  indirect(type: number): this {
    this.bytes.byte(0x11).u(type).byte(0);
    return this;
  }
  /** One-byte instruction. */
  op(...code: number[]): this {
    this.bytes.byte(...code);
    return this;
  }
  /** SIMD instruction with its operands after it. */
  simd(code: number, ...immediates: number[]): this {
    this.bytes.byte(0xfd).u(code).byte(...immediates);
    return this;
  }
  /** Memory access: alignment exponent and byte offset. */
  memory(code: number, align: number, offset: number): this {
    this.bytes.byte(code).u(align).u(offset);
    return this;
  }
  simdMemory(code: number, align: number, offset: number, lane?: number): this {
    this.bytes.byte(0xfd).u(code).u(align).u(offset);
    if (lane !== undefined) this.bytes.byte(lane);
    return this;
  }
  /** while (condition left on the stack is zero) body: `exit` pushes 1 to leave. */
  loop(exit: () => void, body: () => void): this {
    this.bytes.byte(0x02, 0x40, 0x03, 0x40);
    exit();
    this.bytes.byte(0x0d).u(1);
    body();
    this.bytes.byte(0x0c).u(0).byte(0x0b, 0x0b);
    return this;
  }
  /** if (top of the stack) body, else the other. */
  when(body: () => void, other?: () => void): this {
    this.bytes.byte(0x04, 0x40);
    body();
    if (other) {
      this.bytes.byte(0x05);
      other();
    }
    this.bytes.byte(0x0b);
    return this;
  }
  finish(): Bytes {
    const out = new Bytes();
    const runs: [number, ValType][] = [];
    for (const t of this.#locals) {
      const last = runs[runs.length - 1];
      if (last && last[1] === t) last[0]++;
      else runs.push([1, t]);
    }
    out.u(runs.length);
    for (const [n, t] of runs) out.u(n).byte(t);
    return out.append(this.bytes).byte(0x0b);
  }
}

interface FunctionType {
  readonly parameters: readonly ValType[];
  readonly results: readonly ValType[];
}

/** A module with one imported memory. */
export class Module {
  readonly #types: FunctionType[] = [];
  readonly #imports: { name: string; type: number }[] = [];
  readonly #functions: { type: number; code: Code }[] = [];
  readonly #exports: { name: string; index: number }[] = [];
  #table = 0;

  #type(parameters: readonly ValType[], results: readonly ValType[]): number {
    const key = `${parameters.join()}>${results.join()}`;
    const k = this.#types.findIndex((t) => `${t.parameters.join()}>${t.results.join()}` === key);
    if (k >= 0) return k;
    this.#types.push({ parameters, results });
    return this.#types.length - 1;
  }
  /** Imports a function of module "env"; all imports come before the first function. */
  import(name: string, parameters: readonly ValType[], results: readonly ValType[]): number {
    this.#imports.push({ name, type: this.#type(parameters, results) });
    return this.#imports.length - 1;
  }
  /** The type of functions of the table of module "env", which is then imported. */
  indirect(parameters: readonly ValType[]): number {
    this.#table = 1;
    return this.#type(parameters, []);
  }
  function(parameters: readonly ValType[], results: readonly ValType[], code: Code, exported?: string): number {
    this.#functions.push({ type: this.#type(parameters, results), code });
    const index = this.#imports.length + this.#functions.length - 1;
    if (exported) this.#exports.push({ name: exported, index });
    return index;
  }
  /** The binary; `shared` says what kind of memory is imported. */
  finish(shared: boolean): Uint8Array<ArrayBuffer> {
    const out = new Bytes().byte(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    const section = (id: number, fill: (b: Bytes) => void): void => {
      const b = new Bytes();
      fill(b);
      out.byte(id).sized(b);
    };
    section(1, (b) => {
      b.u(this.#types.length);
      for (const t of this.#types) b.byte(0x60).u(t.parameters.length).byte(...t.parameters).u(t.results.length).byte(...t.results);
    });
    section(2, (b) => {
      b.u(this.#imports.length + this.#table + 1);
      for (const i of this.#imports) b.text("env").text(i.name).byte(0).u(i.type);
      if (this.#table > 0) b.text("env").text("table").byte(1, 0x70, 0, 0);
      b.text("env").text("memory").byte(2, shared ? 3 : 1).u(1).u(65536);
    });
    section(3, (b) => {
      b.u(this.#functions.length);
      for (const f of this.#functions) b.u(f.type);
    });
    section(7, (b) => {
      b.u(this.#exports.length);
      for (const e of this.#exports) b.text(e.name).byte(0).u(e.index);
    });
    section(10, (b) => {
      b.u(this.#functions.length);
      for (const f of this.#functions) b.sized(f.code.finish());
    });
    return out.view();
  }
}
