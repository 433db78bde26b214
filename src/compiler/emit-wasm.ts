/**
 * Kernels as WebAssembly SIMD: every value is an f64x2, or in single precision an f32x4, with one site in each lane. One function a micro-kernel, one a kernel (short
 * kernels are one function with all of their micro-kernels); matrices pass between micro-kernels through scratch that stays in the first-level cache. On a layout with one lane the same code
 * runs with both lanes alike.
 */
import { storedComponents, isShared } from "../autograd/index.ts";
import { Code, F64, I32, Module, V128, type ValType, Wasm, type WasmBytes, WorkerPool, BIN_PARTS, binnedFunction, hasRelaxedSimd, lanePermutation, normalsModule, wasmMemory } from "../backend/index.ts";
import { type ContractionLoops, contractionModule } from "./contraction-kernel.ts";
import type { CompiledKernels, EmitContext, Emitter } from "./emitter.ts";
import type { Argument, Instruction } from "./ir.ts";
import { type KernelPlan, atHome, chunkBlocks, parameterKey, sumScratch } from "./kernels.ts";
import { normalFields } from "./normals.ts";
import type { MicroKernel } from "./scalar.ts";
import { kernelTable } from "#platform/compiler/replay";
import { MicroEmitter, type Place, type Target, load, store } from "./wasm-micro.ts";

const IMPORTS = { sin: 1, cos: 1, tan: 1, tanh: 1, exp: 1, log: 1, atan2: 2 } as const;

export interface WasmOptions {
  /** Multiply then add instead of fused multiply-add: the same bits on every machine. */
  readonly strict?: boolean;
  /** Threads, counting the main one. */
  readonly threads?: number;
  /** Numbers of fields are floats, four in a block. */
  readonly single?: boolean;
}

/** Copies a value with its lanes permuted: (from, to, permutation), the last one where there is more than one but that which moves none. */
function permuteCode(n: number, { width, bytes }: Target, cuts: readonly number[]): Code {
  const permutations = cuts.reduce((x, y) => x * y, 1);
  const c = new Code(permutations > 2 ? 3 : 2);
  const v = c.local(V128);
  const copy = (from: readonly number[]): void => {
    const places = Array.from({ length: 16 }, (_, b) => bytes * from[Math.floor(b / bytes) % width]! + (b % bytes));
    for (let k = 0; k < n; k++) {
      load(c.get(0), bytes * width, k);
      c.set(v);
      store(c.get(1).get(v).get(v).simd(0x0d, ...places), bytes * width, k);
    }
  };
  if (permutations <= 2) copy(lanePermutation(cuts, 1));
  else for (let k = 1; k < permutations; k++) c.get(2).i32(k).op(0x46).when(() => copy(lanePermutation(cuts, k)));
  return c;
}

/** Bytes of fields in one pass beyond which they come from outside the second-level cache. */
const RESIDENT = 1 << 20;

/** Does the kernel stream its fields from beyond the second-level cache? Short kernels leave that to the hardware's prefetching. */
function streams(plan: KernelPlan, context: EmitContext, bytes: number): boolean {
  return plan.streams > 16 && bytes * plan.footprint * context.layout.width * context.layout.blocks > RESIDENT;
}

/** Statements of a kernel that becomes one function: longer ones call their micro-kernels, which engines compile better one by one. */
const INLINE = 640;

/** Functions of a module that kernels call. */
interface Functions extends Target {
  micro(m: MicroKernel, inPlace: boolean): number;
  /** Permutes the lanes of n components. */
  permute(n: number): number;
  /** Sums the values of a chunk. */
  binned(): number;
}

/** Operands of one kernel's block: addresses are made once, where they are first needed. */
interface Operands {
  /** Leaves the address of a buffer at the loop's own block. */
  home(buffer: number): Code;
  /** Makes the address of a field operand, once. */
  prepare(a: Argument): void;
  /** Loads one word of every cache line of an operand: all misses of a block are under way together before the arithmetic needs them. */
  touch(a: Argument): void;
  place(a: Argument): Place;
}

/** `b`: local with the block; `base`: local of a parameter; `S`: local with the scratch. */
function operandsOf(c: Code, plan: KernelPlan, { width, permutations }: { readonly width: number; readonly permutations: number }, functions: Functions, b: number, base: (key: string) => number, scalar: (buffer: number) => number, S: number): Operands {
  const lane = functions.bytes * width;
  let swapSlots = plan.scratch;
  const addresses = new Map<string, number>();
  const entries = new Map<string, number>();
  const key = (a: Argument & { kind: "field" }): string => `${a.buffer}@${a.displacement.join(",")}`;
  const home = (buffer: number): Code => c.get(b).get(base(`s${buffer}`)).op(0x6c).get(base(`b${buffer}`)).op(0x6a);
  const prepare = (a: Argument): void => {
    if (a.kind !== "field" || addresses.has(key(a))) return;
    const n = storedComponents(a.type);
    const at = c.local(I32);
    addresses.set(key(a), at);
    if (atHome(a.displacement)) {
      home(a.buffer).set(at);
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
    if (width > 1) c.i32(Math.log2(width)).op(0x76);
    c.get(base(`s${a.buffer}`)).op(0x6c);
    c.get(base(`b${a.buffer}`)).op(0x6a).set(at);
    if (permutations > 1) {
      const slot = swapSlots;
      swapSlots += n;
      c.get(entry).i32(width - 1).op(0x71).when(() => {
        c.get(at).get(S).i32(slot * lane).op(0x6a);
        if (permutations > 2) c.get(entry).i32(width - 1).op(0x71);
        c.call(functions.permute(n));
        c.get(S).i32(slot * lane).op(0x6a).set(at);
      });
    }
  };
  const touch = (a: Argument): void => {
    if (a.kind !== "field" || addresses.has(key(a))) return;
    prepare(a);
    for (let at = 0; at < lane * storedComponents(a.type); at += 64) c.get(addresses.get(key(a))!).memory(0x28, 2, at).op(0x1a);
  };
  const place = (a: Argument): Place => {
    if (a.kind === "slot") return { local: S, offset: plan.slotOffsets[a.slot]! * lane };
    if (a.kind === "scalar") return { local: isShared(a.type) ? base(`b${a.buffer}`) : scalar(a.buffer), offset: 0 };
    return { local: addresses.get(key(a))!, offset: 0 };
  };
  return { home, prepare, touch, place };
}

/** Scalars that every sample of a batch has of its own: locals with their addresses, and code that sets them for the number of a scalar block. */
function ownScalars(c: Code, { step }: KernelPlan, scalarBlocks: number, lane: number, base: (key: string) => number): { address(buffer: number): number; take(block: () => void): void } {
  const own = new Map<number, number>();
  const used = [...step.instructions.flatMap((ins) => ins.args), ...step.reductions.map((r) => r.value)];
  for (const a of used) if (scalarBlocks > 1 && a.kind === "scalar" && !isShared(a.type) && !own.has(a.buffer)) own.set(a.buffer, c.local(I32));
  return {
    address: (buffer) => own.get(buffer) ?? base(`b${buffer}`),
    take(block) {
      for (const [buffer, at] of own) {
        block();
        c.i32(lane).op(0x6c).get(base(`b${buffer}`)).op(0x6a).set(at);
      }
    },
  };
}

/** The block b of turn i: even and odd blocks in turn where there is a `half`, those of the copy in local `copy`. */
function setBlock(c: Code, { i, b, half, copy, copyBlocks }: { readonly i: number; readonly b: number; readonly half: number; readonly copy: number | undefined; readonly copyBlocks: number }): void {
  if (b === i) return;
  c.get(i);
  if (half > 0) c.i32(1).op(0x76).get(i).i32(1).op(0x71).i32(half).op(0x6c).op(0x6a);
  if (copy !== undefined) c.get(copy).i32(copyBlocks).op(0x6c).op(0x6a);
  c.set(b);
}

/** The sums of a chunk: its values are stored as they come, those of samples apart one after the other, and summed at its end. */
function sumsOf(c: Code, plan: KernelPlan, context: EmitContext, functions: Functions, { S, values, place, base }: { readonly S: number; readonly values: number; readonly place: Operands["place"]; readonly base: (key: string) => number }): { add(): void; finish(chunk: number): void } {
  const { width, sampleLanes, siteLanes, copiesPerScalar } = context.layout;
  const { bytes } = functions;
  const chunkLength = chunkBlocks(siteLanes);
  const each = copiesPerScalar * context.order(plan.step.domain).chunks;
  const at = (k: number, lane = 0): number => sumScratch(plan, 0, chunkLength) * bytes * width + (k * width + lane) * 8 * chunkLength;
  const step = sampleLanes > 1 ? 8 : 8 * width;
  return {
    add() {
      plan.step.reductions.forEach((r, k) => {
        const { local, offset } = place(r.value);
        // floats become doubles one by one
        for (let lane = 0; bytes === 4 && lane < width; lane++) c.get(values).get(local).memory(0x2a, 2, offset + 4 * lane).op(0xbb).memory(0x39, 3, sampleLanes > 1 ? at(k, lane) : at(k) + 8 * lane);
        for (let lane = 0; bytes === 8 && lane < sampleLanes; lane++) {
          load(c.get(values).get(local), 8 * width, 0, offset);
          if (sampleLanes > 1) c.simdMemory(0x5b, 3, at(k, lane), lane);
          else store(c, 8 * width, 0, at(k));
        }
      });
      if (plan.step.reductions.length > 0) c.get(values).i32(step).op(0x6a).set(values);
    },
    finish(chunk) {
      plan.step.reductions.forEach((_, k) => {
        for (let lane = 0; lane < sampleLanes; lane++) {
          c.get(S).i32(at(k, lane)).op(0x6a).get(values).get(S).op(0x6b).i32(3).op(0x76);
          c.get(chunk);
          if (sampleLanes > 1) c.i32(each).op(0x6e).i32(sampleLanes).op(0x6c).i32(lane).op(0x6a).i32(each).op(0x6c).get(chunk).i32(each).op(0x70).op(0x6a);
          c.i32(8 * BIN_PARTS).op(0x6c).get(base(`r${k}`)).op(0x6a).call(functions.binned());
        }
      });
    },
  };
}

/** One kernel: (parameter table, scratch, first chunk, last chunk + 1), all byte addresses or counts. */
function kernelCode(plan: KernelPlan, context: EmitContext, functions: Functions): Code {
  const { step, index, slotOffsets } = plan;
  const { width, siteLanes, copyBlocks, copiesPerScalar, scalarBlocks, cuts } = context.layout;
  const chunkLength = chunkBlocks(siteLanes);
  const lane = functions.bytes * width;
  const { first, last, half, copies, chunks } = context.order(step.domain);
  const c = new Code(4);
  const [P, S, c0, c1] = [0, 1, 2, 3];
  const [chunk, i, end] = [c.local(I32), c.local(I32), c.local(I32)];
  const b = half > 0 || copies > 1 ? c.local(I32) : i;
  const bases = plan.parameters.map((_, k) => {
    const n = c.local(I32);
    c.get(P).memory(0x28, 2, 4 * k).set(n);
    return n;
  });
  const base = (key: string): number => bases[index.get(key)!]!;
  /** Scratch plus the bytes of values that each sum holds so far. */
  const values = c.local(I32);
  const inline = plan.micro.every((m) => m.statements.every((s) => s.kind !== "loop")) && plan.micro.reduce((s, m) => s + m.statements.length, 0) <= INLINE;
  const emitter = inline ? new MicroEmitter(c, functions) : undefined;
  const own = ownScalars(c, plan, scalarBlocks, lane, base);
  const { home, prepare, touch, place } = operandsOf(c, plan, { width, permutations: cuts.reduce((n, cut) => n * cut, 1) }, functions, b, base, own.address, S);
  const copy = copies > 1 ? c.local(I32) : undefined;
  const sums = sumsOf(c, plan, context, functions, { S, values, place, base });
  const push = ({ local, offset }: Place): void => {
    if (offset > 0) c.get(local).i32(offset).op(0x6a);
    else c.get(local);
  };
  const instruction = (ins: Instruction, m: MicroKernel, inPlace: boolean): void => {
    ins.args.forEach(prepare);
    const { target } = ins;
    if (emitter) {
      let to = { local: S, offset: target.kind === "slot" ? slotOffsets[target.slot]! * lane : 0 };
      if (target.kind === "buffer") home(target.buffer).set((to = { local: c.local(I32), offset: 0 }).local);
      emitter.micro(m, inPlace, ins.args.map(place), to);
      return;
    }
    for (const a of ins.args) push(place(a));
    if (target.kind === "slot") push({ local: S, offset: slotOffsets[target.slot]! * lane });
    else home(target.buffer);
    c.call(functions.micro(m, inPlace));
  };
  c.get(c0).set(chunk);
  c.loop(
    () => void c.get(chunk).get(c1).op(0x4e),
    () => {
      c.get(S).set(values);
      if (copy !== undefined) c.get(chunk).i32(chunks).op(0x6e).set(copy);
      if (copy !== undefined) own.take(() => void c.get(copy).i32(copiesPerScalar).op(0x6e));
      c.get(chunk);
      if (copy !== undefined) c.i32(chunks).op(0x70);
      c.i32(chunkLength).op(0x6c).i32(first).op(0x6a).set(i);
      c.get(i).i32(chunkLength).op(0x6a).set(end);
      c.get(end).i32(last).op(0x4a).when(() => void c.i32(last).set(end));
      c.loop(
        () => void c.get(i).get(end).op(0x4e),
        () => {
          setBlock(c, { i, b, half, copy, copyBlocks });
          if (step.domain === "one") own.take(() => void c.get(i));
          if (streams(plan, context, functions.bytes)) for (const ins of step.instructions) ins.args.forEach(touch);
          step.instructions.forEach((ins, k) => instruction(ins, plan.micro[k]!, plan.inPlace[k]!));
          for (const r of step.reductions) prepare(r.value);
          sums.add();
          c.get(i).i32(1).op(0x6a).set(i);
        },
      );
      sums.finish(chunk);
      c.get(chunk).i32(1).op(0x6a).set(chunk);
    },
  );
  return c;
}

/** Emits WebAssembly SIMD; addresses count bytes. */
export function wasmEmitter(options: WasmOptions = {}): Emitter {
  const fma = !options.strict && hasRelaxedSimd();
  const threads = Math.max(1, options.threads ?? 1);
  const single = options.single === true;
  let bytes: WasmBytes | undefined;
  const pool = threads > 1 ? new WorkerPool(threads - 1) : undefined;
  const table = pool ? undefined : kernelTable(single, () => bytes!.memory);
  /** Kernels k0, k1, ... of a module on the emitter's memory, for all threads. */
  const instantiate = (binary: Uint8Array<ArrayBuffer>, count: number, contents: string): CompiledKernels => {
    const compiled = new Wasm.Module(binary);
    const { sin, cos, tan, tanh, exp, log, atan2 } = Math;
    const instance = new Wasm.Instance(compiled, { env: { memory: bytes!.memory, sin, cos, tan, tanh, exp, log, atan2 } });
    const kernels = Array.from({ length: count }, (_, k) => instance.exports[`k${k}`] as (P: number, S: number, c0: number, c1: number) => void);
    const id = pool?.add(compiled, bytes!.memory);
    return {
      source: `wasm module of ${binary.length} bytes, ${contents}`,
      ...table?.named(kernels),
      launch(k, _heap, parameters, scratch, chunks, scratchBytes, first = 0, last = chunks) {
        if (pool && id !== undefined && last - first === chunks && chunks >= 2 * threads) pool.run(id, k, parameters * 4, scratch, scratchBytes, chunks, kernels[k]!);
        else kernels[k]!(parameters * 4, scratch, first, last);
      },
    };
  };
  return {
    name: "wasm",
    lanes: single ? 4 : 2,
    addressUnit: 1,
    parameterWords: 1,
    ...(single ? { single } : {}),
    threads,
    joins: true,
    replay: table?.replay,
    memory: () => (bytes = wasmMemory(threads > 1)),
    compile(plans, context): CompiledKernels {
      const module = new Module();
      const imports = new Map(Object.entries(IMPORTS).map(([name, n]) => [name, module.import(name, Array.from({ length: n }, () => F64 as ValType), [F64])]));
      const made = { apart: new Map<MicroKernel, number>(), inPlace: new Map<MicroKernel, number>() };
      const permutes = new Map<number, number>();
      let binned: number | undefined;
      const target: Target = { width: context.layout.width, bytes: single ? 4 : 8, fma, imports };
      const functions: Functions = {
        ...target,
        micro(m, inPlace) {
          const known = inPlace ? made.inPlace : made.apart;
          let n = known.get(m);
          if (n === undefined) {
            const code = new Code(m.operands + 1);
            const at = (local: number): Place => ({ local, offset: 0 });
            new MicroEmitter(code, target).micro(m, inPlace, Array.from({ length: m.operands }, (_, k) => at(k)), at(m.operands));
            known.set(m, (n = module.function(Array.from({ length: m.operands + 1 }, () => I32 as ValType), [], code)));
          }
          return n;
        },
        permute(n) {
          const { cuts } = context.layout;
          let f = permutes.get(n);
          if (f === undefined) permutes.set(n, (f = module.function(cuts.reduce((x, y) => x * y, 1) > 2 ? [I32, I32, I32] : [I32, I32], [], permuteCode(n, target, cuts))));
          return f;
        },
        binned: () => (binned ??= binnedFunction(module)),
      };
      plans.forEach((p, k) => module.function([I32, I32, I32, I32], [], kernelCode(p, context, functions), `k${k}`));
      return instantiate(module.finish(threads > 1), plans.length, `${made.apart.size + made.inPlace.size} micro-kernels, ${fma ? "fused multiply-add" : "multiply then add"}`);
    },
    // random fields are drawn in float64 and rounded
    ...(single ? {} : { drawNormals: (engine) => normalFields(engine, (map) => instantiate(normalsModule(map, engine.layout.width, chunkBlocks(engine.layout.siteLanes), threads > 1), 1, "random fields")) }),
    contractions: () => ({ ...(new Wasm.Instance(new Wasm.Module(contractionModule(threads > 1)), { env: { memory: bytes!.memory } }).exports as unknown as ContractionLoops), wide: false }),
  };
}
