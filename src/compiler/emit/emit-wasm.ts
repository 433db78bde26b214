/**
 * Kernels as WebAssembly SIMD: every value is an f64x2, or in single precision an f32x4, with one site in each lane. One function a micro-kernel, one a kernel (short
 * kernels are one function with all of their micro-kernels); matrices pass between micro-kernels through scratch that stays in the first-level cache. On a layout with one lane the same code
 * runs with both lanes alike.
 */
import { isShared } from "../../autograd/index.ts";
import { Code, F64, I32, Module, V128, type ValType, Wasm, type WasmBytes, WorkerPool, BIN_PARTS, binnedFunction, hasRelaxedSimd, lanePermutation, normalsModule, wasmMemory } from "../../backend/index.ts";
import { type ContractionLoops, contractionModule } from "../contraction/contraction-kernel.ts";
import type { CompiledKernels, EmitContext, Emitter } from "../emitter.ts";
import { type KernelPlan, chunkBlocks, sumScratch } from "../kernels.ts";
import { normalFields } from "../normals.ts";
import type { MicroKernel } from "../scalar.ts";
import { kernelTable } from "#platform/compiler/replay/replay";
import { MicroEmitter, type Place, type Target, from, load, push, store } from "./wasm-micro.ts";
import { Neighbours, type OperandContext, Operands, Parameters } from "./wasm-operands.ts";

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
  return plan.streams > 16 && bytes * plan.footprint * context.layout.width * context.blocks > RESIDENT;
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

/** Scalars that every sample of a batch has of its own: their places, and code that sets them for the number of a scalar block. */
function ownScalars(c: Code, { step }: KernelPlan, scalarBlocks: number, lane: number, parameters: Parameters): { place(buffer: number): Place; take(block: () => void): void } {
  const own = new Map<number, number>();
  const used = [...step.instructions.flatMap((ins) => ins.args), ...step.reductions.map((r) => r.value)];
  for (const a of used) if (scalarBlocks > 1 && a.kind === "scalar" && !isShared(a.type) && !own.has(a.buffer)) own.set(a.buffer, c.local(I32));
  return {
    place(buffer) {
      const local = own.get(buffer);
      return local === undefined ? parameters.place(`b${buffer}`) : { local, offset: 0 };
    },
    take(block) {
      for (const [buffer, at] of own) {
        block();
        c.i32(lane).op(0x6c);
        parameters.push(`b${buffer}`).op(0x6a).set(at);
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
function sumsOf(c: Code, plan: KernelPlan, context: EmitContext, functions: Functions, { S, values, parameters }: { readonly S: number; readonly values: number; readonly parameters: Parameters }): { add(at: Operands): void; finish(chunk: number): void } {
  const { width, sampleLanes, siteLanes, copiesPerScalar } = context.layout;
  const { bytes } = functions;
  const chunkLength = chunkBlocks(siteLanes);
  const each = copiesPerScalar * context.order(plan.step.domain).chunks;
  const at = (k: number, lane = 0): number => sumScratch(plan, 0, chunkLength) * bytes * width + (k * width + lane) * 8 * chunkLength;
  const step = sampleLanes > 1 ? 8 : 8 * width;
  return {
    add(operands) {
      plan.step.reductions.forEach((r, k) => {
        operands.prepare(r.value);
        const place = operands.place(r.value);
        // floats become doubles one by one
        for (let lane = 0; bytes === 4 && lane < width; lane++) from(c.get(values), place).memory(0x2a, 2, place.offset + 4 * lane).op(0xbb).memory(0x39, 3, sampleLanes > 1 ? at(k, lane) : at(k) + 8 * lane);
        for (let lane = 0; bytes === 8 && lane < sampleLanes; lane++) {
          load(from(c.get(values), place), 8 * width, 0, place.offset);
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
          c.i32(8 * BIN_PARTS).op(0x6c);
          parameters.push(`r${k}`).op(0x6a).call(functions.binned());
        }
      });
    },
  };
}

/** The work on one block. */
function blockCode(c: Code, plan: KernelPlan, context: EmitContext, functions: Functions, { S, emitter, sums }: { readonly S: number; readonly emitter: MicroEmitter | undefined; readonly sums: { add(at: Operands): void } }): (at: Operands) => void {
  const { step, micro, inPlace, slotOffsets } = plan;
  const lane = functions.bytes * context.layout.width;
  return (operands) => {
    if (streams(plan, context, functions.bytes)) for (const ins of step.instructions) for (const a of ins.args) operands.touch(a);
    step.instructions.forEach(({ args, target }, k) => {
      for (const a of args) operands.prepare(a);
      const to = target.kind === "slot" ? { local: S, offset: slotOffsets[target.slot]! * lane } : operands.home(target.buffer);
      const places = args.map((a) => operands.place(a));
      if (emitter) {
        emitter.micro(micro[k]!, inPlace[k]!, places, to);
        return;
      }
      for (const place of [...places, to]) push(c, place);
      c.call(functions.micro(micro[k]!, inPlace[k]!));
    });
    sums.add(operands);
  };
}

/** One kernel: (parameter table, scratch, first chunk, last chunk + 1), all byte addresses or counts. */
function kernelCode(plan: KernelPlan, context: EmitContext, functions: Functions): Code {
  const { step } = plan;
  const { width, copyBlocks, copiesPerScalar, scalarBlocks, cuts } = context.layout;
  const { bytes } = functions;
  const { first, last, half, copies, chunk: chunkLength, chunks } = context.order(step.domain);
  const c = new Code(4);
  const [P, S, c0, c1] = [0, 1, 2, 3];
  const [chunk, i, end] = [c.local(I32), c.local(I32), c.local(I32)];
  const b = half > 0 || copies > 1 ? c.local(I32) : i;
  const parameters = new Parameters(c, plan, context, P);
  /** Scratch plus the bytes of values that each sum holds so far. */
  const values = c.local(I32);
  const inline = plan.micro.every((m) => m.statements.every((s) => s.kind !== "loop")) && plan.micro.reduce((s, m) => s + m.statements.length, 0) <= INLINE;
  const emitter = inline ? new MicroEmitter(c, functions) : undefined;
  const own = ownScalars(c, plan, scalarBlocks, bytes * width, parameters);
  const copy = copies > 1 ? c.local(I32) : undefined;
  const sums = sumsOf(c, plan, context, functions, { S, values, parameters });
  const work = blockCode(c, plan, context, functions, { S, emitter, sums });
  const at: OperandContext = { plan, parameters, width, bytes, permutations: cuts.reduce((n, cut) => n * cut, 1), permute: (n) => functions.permute(n), scalar: own.place, b, S };
  const neighbours = new Neighbours(c, at);
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
          neighbours.load();
          if (neighbours.exchange) {
            neighbours.exchanged();
            c.when(() => work(new Operands(c, at, neighbours, true)), () => work(new Operands(c, at, neighbours, false)));
          } else work(new Operands(c, at, neighbours, false));
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
