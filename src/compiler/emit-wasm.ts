/**
 * Kernels as WebAssembly SIMD: every value is an f64x2 with one site in each lane. One function a micro-kernel, one a kernel;
 * matrices pass between micro-kernels through scratch that stays in the first-level cache. On a layout with one lane the same code
 * runs with both lanes alike.
 */
import { components } from "../autograd/types.ts";
import { Code, F64, I32, Module, V128, type ValType } from "../backend/assembler.ts";
import { hasRelaxedSimd } from "../backend/features.ts";
import { type WasmBytes, wasmMemory } from "../backend/wasm-memory.ts";
import { Wasm } from "../backend/webassembly.ts";
import { WorkerPool } from "../backend/workers.ts";
import type { CompiledKernels, EmitContext, Emitter } from "./emitter.ts";
import type { Argument } from "./ir.ts";
import { type KernelPlan, atHome, chunkBlocks, parameterKey } from "./kernels.ts";
import { type MicroKernel, type Statement, earlyStores } from "./scalar.ts";

const BINARY = { add: 0xf0, sub: 0xf1, mul: 0xf2, div: 0xf3, max: 0xf7 } as const;
const UNARY = { neg: 0xed, sqrt: 0xef, abs: 0xec } as const;
const IMPORTS = { sin: 1, cos: 1, tan: 1, tanh: 1, exp: 1, log: 1, atan2: 2 } as const;
const ZEROS = Array.from({ length: 16 }, () => 0);
const SWAP = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];

export interface WasmOptions {
  /** Multiply then add instead of fused multiply-add: the same bits on every machine. */
  readonly strict?: boolean;
  /** Threads, counting the main one. */
  readonly threads?: number;
}

class MicroEmitter {
  readonly code: Code;
  readonly #locals = new Map<number, number>();
  readonly #width: number;
  readonly #fma: boolean;
  readonly #imports: ReadonlyMap<string, number>;

  constructor(operands: number, width: number, fma: boolean, imports: ReadonlyMap<string, number>) {
    this.code = new Code(operands + 1);
    this.#width = width;
    this.#fma = fma;
    this.#imports = imports;
  }

  #local(id: number): number {
    let n = this.#locals.get(id);
    if (n === undefined) this.#locals.set(id, (n = this.code.local(V128)));
    return n;
  }
  #get(id: number): Code {
    return this.code.get(this.#local(id));
  }

  statement(s: Statement): void {
    const c = this.code;
    switch (s.kind) {
      case "load":
        c.get(s.operand);
        if (this.#width === 2) c.simdMemory(0x00, 3, 16 * s.component);
        else c.simdMemory(0x0a, 3, 8 * s.component);
        break;
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
        if (s.name !== "laneMax") c.simd(UNARY[s.name]);
        else {
          this.#get(s.a);
          this.#get(s.a);
          c.simd(0x0d, ...SWAP).simd(0xf5);
        }
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
    const i = c.local(F64);
    c.f64(0).set(i);
    c.loop(
      () => {
        c.get(i);
        this.#get(s.count).simd(0x21, 0);
        c.op(0x66); // f64.ge
      },
      () => {
        for (const t of s.body) this.statement(t);
        // all next values are read before a carried variable changes
        for (const n of s.next) this.#get(n);
        for (let k = s.variables.length - 1; k >= 0; k--) c.set(this.#local(s.variables[k]!));
        c.get(i).f64(1).op(0xa0).set(i);
      },
    );
  }

  finish(m: MicroKernel, inPlace: boolean): Code {
    const early = inPlace ? undefined : earlyStores(m);
    const put = (k: number): void => {
      this.code.get(m.operands);
      this.#get(m.results[k]!);
      store(this.code, this.#width, k);
    };
    m.statements.forEach((s, i) => {
      this.statement(s);
      early?.[i]!.forEach(put);
    });
    if (!early) m.results.forEach((_, k) => put(k));
    return this.code;
  }
}

/** Stores the vector on the stack at component k of the address below it. */
function store(c: Code, width: number, k: number): void {
  if (width === 2) c.simdMemory(0x0b, 3, 16 * k);
  else c.simdMemory(0x5b, 3, 8 * k, 0);
}

/** Copies a value with its lanes exchanged: (from, to). */
function swapCode(n: number): Code {
  const c = new Code(2);
  const v = c.local(V128);
  for (let k = 0; k < n; k++) {
    c.get(0).simdMemory(0x00, 3, 16 * k).set(v);
    c.get(1).get(v).get(v).simd(0x0d, ...SWAP).simdMemory(0x0b, 3, 16 * k);
  }
  return c;
}

/** Bytes of fields in one pass beyond which they come from outside the second-level cache. */
const RESIDENT = 1 << 20;

/** Does the kernel stream its fields from beyond the second-level cache? Short kernels leave that to the hardware's prefetching. */
function streams(plan: KernelPlan, context: EmitContext): boolean {
  return plan.streams > 16 && 8 * plan.footprint * context.layout.width * context.layout.blocks > RESIDENT;
}

/** One kernel: (parameter table, scratch, first chunk, last chunk + 1), all byte addresses or counts. */
function kernelCode(plan: KernelPlan, context: EmitContext, functionOf: (m: MicroKernel, inPlace: boolean) => number, swapOf: (n: number) => number): Code {
  const { step, index, slotOffsets } = plan;
  const { width } = context.layout;
  const chunkLength = chunkBlocks(width);
  const lane = 8 * width;
  const [first, last] = context.range(step.domain);
  const c = new Code(4);
  const [P, S, c0, c1] = [0, 1, 2, 3];
  const chunk = c.local(I32);
  const b = c.local(I32);
  const end = c.local(I32);
  const bases = plan.parameters.map((_, k) => {
    const n = c.local(I32);
    c.get(P).memory(0x28, 2, 4 * k).set(n);
    return n;
  });
  const base = (key: string): number => bases[index.get(key)!]!;
  const sums = step.reductions.map(() => c.local(V128));
  let swapSlots = plan.scratch;
  const addresses = new Map<string, number>();
  const entries = new Map<string, number>();
  const home = (buffer: number): void => {
    c.get(b).get(base(`s${buffer}`)).op(0x6c).get(base(`b${buffer}`)).op(0x6a);
  };
  /** Leaves nothing; makes the address local of a displaced or local field operand. */
  const prepare = (a: Argument): void => {
    if (a.kind !== "field") return;
    const key = `${a.buffer}@${a.displacement.join(",")}`;
    if (addresses.has(key)) return;
    const n = components(a.type);
    const at = c.local(I32);
    addresses.set(key, at);
    if (atHome(a.displacement)) {
      home(a.buffer);
      c.set(at);
      return;
    }
    const table = parameterKey({ kind: "table", displacement: a.displacement });
    let entry = entries.get(table);
    if (entry === undefined) {
      entry = c.local(I32);
      entries.set(table, entry);
      c.get(b).i32(2).op(0x74).get(base(table)).op(0x6a).memory(0x28, 2, 0).set(entry);
    }
    c.get(entry);
    if (width === 2) c.i32(1).op(0x76);
    c.get(base(`s${a.buffer}`)).op(0x6c);
    c.get(base(`b${a.buffer}`)).op(0x6a).set(at);
    if (width === 2) {
      const slot = swapSlots;
      swapSlots += n;
      c.get(entry).i32(1).op(0x71).when(() => {
        c.get(at).get(S).i32(slot * lane).op(0x6a).call(swapOf(n));
        c.get(S).i32(slot * lane).op(0x6a).set(at);
      });
    }
  };
  /** Loads one word of every cache line of an operand: all misses of a block are under way together before the arithmetic needs them. */
  const touch = (a: Argument): void => {
    if (a.kind !== "field" || addresses.has(`${a.buffer}@${a.displacement.join(",")}`)) return;
    prepare(a);
    for (let at = 0; at < lane * components(a.type); at += 64) {
      push(a);
      c.memory(0x28, 2, at).op(0x1a);
    }
  };
  const push = (a: Argument): void => {
    if (a.kind === "slot") c.get(S).i32(slotOffsets[a.slot]! * lane).op(0x6a);
    else if (a.kind === "scalar") c.get(base(`b${a.buffer}`));
    else c.get(addresses.get(`${a.buffer}@${a.displacement.join(",")}`)!);
  };
  c.get(c0).set(chunk);
  c.loop(
    () => void c.get(chunk).get(c1).op(0x4e),
    () => {
      for (const s of sums) c.simd(0x0c, ...ZEROS).set(s);
      c.get(chunk).i32(chunkLength).op(0x6c).i32(first).op(0x6a).set(b);
      c.get(b).i32(chunkLength).op(0x6a).set(end);
      c.get(end).i32(last).op(0x4a).when(() => void c.i32(last).set(end));
      c.loop(
        () => void c.get(b).get(end).op(0x4e),
        () => {
          if (streams(plan, context)) for (const ins of step.instructions) ins.args.forEach(touch);
          step.instructions.forEach((ins, k) => {
            ins.args.forEach(prepare);
            ins.args.forEach(push);
            if (ins.target.kind === "slot") c.get(S).i32(slotOffsets[ins.target.slot]! * lane).op(0x6a);
            else home(ins.target.buffer);
            c.call(functionOf(plan.micro[k]!, plan.inPlace[k]!));
          });
          step.reductions.forEach((r, k) => {
            prepare(r.value);
            c.get(sums[k]!);
            push(r.value);
            if (width === 2) c.simdMemory(0x00, 3, 0);
            else c.simdMemory(0x0a, 3, 0);
            c.simd(BINARY.add).set(sums[k]!);
          });
          c.get(b).i32(1).op(0x6a).set(b);
        },
      );
      step.reductions.forEach((_, k) => {
        c.get(chunk).i32(lane).op(0x6c).get(base(`r${k}`)).op(0x6a).get(sums[k]!);
        store(c, width, 0);
      });
      c.get(chunk).i32(1).op(0x6a).set(chunk);
    },
  );
  return c;
}

/** Emits WebAssembly SIMD; addresses count bytes. */
export function wasmEmitter(options: WasmOptions = {}): Emitter {
  const fma = !options.strict && hasRelaxedSimd();
  const threads = Math.max(1, options.threads ?? 1);
  let bytes: WasmBytes | undefined;
  const pool = threads > 1 ? new WorkerPool(threads - 1) : undefined;
  return {
    name: "wasm",
    lanes: 2,
    addressUnit: 1,
    threads,
    memory: () => (bytes = wasmMemory(threads > 1)),
    compile(plans, context): CompiledKernels {
      const module = new Module();
      const imports = new Map(Object.entries(IMPORTS).map(([name, n]) => [name, module.import(name, Array.from({ length: n }, () => F64 as ValType), [F64])]));
      const functions = { apart: new Map<MicroKernel, number>(), inPlace: new Map<MicroKernel, number>() };
      const swaps = new Map<number, number>();
      const functionOf = (m: MicroKernel, inPlace: boolean): number => {
        const known = inPlace ? functions.inPlace : functions.apart;
        let n = known.get(m);
        if (n === undefined) {
          const code = new MicroEmitter(m.operands, context.layout.width, fma, imports).finish(m, inPlace);
          known.set(m, (n = module.function(Array.from({ length: m.operands + 1 }, () => I32 as ValType), [], code)));
        }
        return n;
      };
      const swapOf = (n: number): number => {
        let f = swaps.get(n);
        if (f === undefined) swaps.set(n, (f = module.function([I32, I32], [], swapCode(n))));
        return f;
      };
      plans.forEach((p, k) => module.function([I32, I32, I32, I32], [], kernelCode(p, context, functionOf, swapOf), `k${k}`));
      const binary = module.finish(threads > 1);
      const compiled = new Wasm.Module(binary);
      const { sin, cos, tan, tanh, exp, log, atan2 } = Math;
      const instance = new Wasm.Instance(compiled, { env: { memory: bytes!.memory, sin, cos, tan, tanh, exp, log, atan2 } });
      const kernels = plans.map((_, k) => instance.exports[`k${k}`] as (P: number, S: number, c0: number, c1: number) => void);
      const id = pool?.add(compiled, bytes!.memory);
      return {
        source: `wasm module of ${binary.length} bytes, ${functions.apart.size + functions.inPlace.size} micro-kernels, ${fma ? "fused multiply-add" : "multiply then add"}`,
        launch(k, _heap, parameters, scratch, chunks, scratchBytes) {
          if (pool && id !== undefined && chunks >= 2 * threads) pool.run(id, k, parameters * 4, scratch, scratchBytes, chunks, kernels[k]!);
          else kernels[k]!(parameters * 4, scratch, 0, chunks);
        },
      };
    },
  };
}
