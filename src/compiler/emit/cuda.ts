/** The CUDA emitter: kernels compiled by NVRTC and launched by the driver; fields, neighbour tables and sums stay in the memory of the device. */
import { type ValueType, isShared, storedComponents } from "../../autograd/index.ts";
import { CudaMemory, KernelArgument, addUp, openCuda, sumBytes } from "../../backend/index.ts";
import type { EmitContext, Emitter } from "../emitter.ts";
import { ARGUMENT_WORDS, TABLE_WORDS, cudaSource } from "./emit-cuda.ts";
import { tensorLength } from "../ir.ts";
import { type KernelPlan, parameterKey } from "../kernels.ts";

/** A field or scalar that a kernel touches: entries of its table with address and stride (-1: a scalar), doubles of a block, blocks, and whether it is written. */
interface Touched {
  readonly address: number;
  readonly stride: number;
  readonly doubles: number;
  readonly blocks: number;
  readonly written: boolean;
}

/** What a launch of a kernel has to know. */
interface Ready {
  readonly kernel: bigint;
  readonly touched: readonly Touched[];
  /** Entries that name a neighbour table. */
  readonly neighbours: readonly number[];
  readonly table: number;
  readonly first: number;
  readonly count: number;
  readonly copies: number;
  readonly sums: number;
}

/** @throws BackendError without driver, device, NVRTC or koffi, or when the self-test fails. */
export function cudaEmitter({ strict = false }: { readonly strict?: boolean } = {}): Emitter {
  const device = openCuda();
  const memory = new CudaMemory(device);
  const argument = new KernelArgument(ARGUMENT_WORDS + TABLE_WORDS);
  const { words } = argument;
  return {
    name: "cuda",
    lanes: 1,
    addressUnit: 8,
    parameterWords: 1,
    threads: 1,
    joins: true,
    memory: () => memory,
    compile(plans, context) {
      const source = cudaSource(plans, context);
      const module = device.module(source, strict);
      const ready = plans.map((p, k) => readied(p, module(`k${k}`), context));
      return {
        source,
        launch(k, heap, parameters) {
          const { kernel, touched, neighbours, table, first, count, copies, sums } = ready[k]!;
          const { i32 } = heap;
          for (const { address, stride, doubles, blocks, written } of touched) {
            const skip = stride < 0 ? doubles : i32[parameters + stride]!;
            memory.kernel(8 * i32[parameters + address]!, 8 * (skip * (blocks - 1) + doubles), written);
          }
          for (const j of neighbours) memory.kernel(4 * i32[parameters + j]!, 4 * context.layout.blocks, false);
          const listed = table <= TABLE_WORDS;
          if (listed) for (let j = 0; j < table; j++) words[ARGUMENT_WORDS + j] = i32[parameters + j]!;
          else {
            words[ARGUMENT_WORDS] = parameters;
            memory.host(4 * parameters, 4 * table, true);
            memory.kernel(4 * parameters, 4 * table, false);
          }
          argument.long(0, memory.base);
          argument.long(2, sums === 0 ? 0 : device.work(sumBytes(sums * copies, count)));
          words[4] = first;
          words[5] = count;
          words[6] = context.layout.copyBlocks;
          words[7] = copies;
          device.launch(kernel, count * copies, argument.bytes);
        },
        total(k, to) {
          for (const at of to) memory.kernel(8 * at, 8, true);
          addUp(device, ready[k]!.count, memory.base, to);
        },
      };
    },
  };
}

function readied(plan: KernelPlan, kernel: bigint, { order, layout }: EmitContext): Ready {
  const { step, parameters, index } = plan;
  const { first, last, copies } = order(step.domain);
  const blocksOf = (scalar: boolean): number => (step.domain === "shared" || tensorLength(step.domain) !== undefined ? last : step.domain === "one" || scalar ? layout.scalarBlocks : layout.blocks);
  const touched = new Map<number, Touched>();
  const touch = (buffer: number, type: ValueType, written: boolean): void => {
    const known = touched.get(buffer);
    const stride = index.get(parameterKey({ kind: "stride", buffer }));
    touched.set(buffer, {
      address: index.get(parameterKey({ kind: "buffer", buffer }))!,
      stride: stride ?? -1,
      doubles: storedComponents(type),
      blocks: stride === undefined && isShared(type) ? 1 : blocksOf(stride === undefined),
      written: written || known?.written === true,
    });
  };
  for (const { args, target, type } of step.instructions) {
    for (const a of args) if (a.kind !== "slot") touch(a.buffer, a.type, false);
    if (target.kind === "buffer") touch(target.buffer, type, true);
  }
  for (const { value } of step.reductions) if (value.kind !== "slot") touch(value.buffer, value.type, false);
  return { kernel, touched: [...touched.values()], neighbours: parameters.flatMap((p, j) => (p.kind === "table" ? [j] : [])), table: parameters.length, first, count: last - first, copies, sums: step.reductions.length };
}
