/** What every emitter needs to know about a kernel step: its parameters, its micro-kernels, its cost. */
import { type Displacement, storedComponents } from "../autograd/index.ts";
import type { Argument, Instruction, KernelStep, Schedule } from "./ir.ts";
import { fuse } from "./analysis/fuse.ts";
import { type MicroKernel, type OperandForm, microKernel, microKernelText } from "./scalar.ts";

/** Sites are worked on in chunks of this many; a chunk leaves its part of every sum, which depends on no order (backend/binned-sum.ts). */
export const CHUNK_SITES = 128;

/** Blocks of `width` sites in a chunk, the unit of work of a thread. */
export const chunkBlocks = (width: number): number => CHUNK_SITES / width;

/**
 * Reals of scratch of one kernel in every lane, for chunks of so many blocks: slots, copies with exchanged lanes, and the values of a chunk for every sum, which begin behind the
 * others. Values of sums are doubles, of two reals in single precision.
 */
export const scratchReals = (p: KernelPlan, chunk: number, single: boolean): number => p.scratch + p.swapScratch + p.step.reductions.length * chunk * (single ? 2 : 1);

/** First of the values of a chunk of sum k, in reals of scratch of one lane. */
export const sumScratch = (p: KernelPlan, k: number, chunk: number): number => p.scratch + p.swapScratch + k * chunk;

/** A 32-bit entry of a kernel's parameter table. */
export type Parameter =
  | { readonly kind: "buffer"; readonly buffer: number }
  /** Distance from one block of a field to the next. */
  | { readonly kind: "stride"; readonly buffer: number }
  | { readonly kind: "table"; readonly displacement: Displacement }
  | { readonly kind: "partials"; readonly reduction: number };

export const parameterKey = (p: Parameter): string =>
  p.kind === "buffer" ? `b${p.buffer}` : p.kind === "stride" ? `s${p.buffer}` : p.kind === "table" ? `t${p.displacement.join(",")}` : `r${p.reduction}`;

/** A kernel step with everything that an emitter prints. */
export interface KernelPlan {
  readonly step: KernelStep;
  readonly parameters: readonly Parameter[];
  /** Index of a parameter by key. */
  readonly index: ReadonlyMap<string, number>;
  /** Micro-kernel of each instruction. */
  readonly micro: readonly MicroKernel[];
  /** Instructions whose target may share memory with an operand: these store nothing before they have loaded everything. */
  readonly inPlace: readonly boolean[];
  /** First component of each scratch slot, and their total. */
  readonly slotOffsets: readonly number[];
  readonly scratch: number;
  /** Components of all displaced operands: room for copies with exchanged lanes. */
  readonly swapScratch: number;
  readonly flops: number;
  /** Field operands, counting every displacement. */
  readonly streams: number;
  /** Reals per site of the distinct fields that are loaded. */
  readonly footprint: number;
  /** Reals loaded from and stored to fields per site. */
  readonly loads: number;
  readonly stores: number;
}

/** Is the displacement zero? */
export const atHome = (d: Displacement): boolean => d.every((x) => x === 0);

export const form = (a: Argument): OperandForm => ({ type: a.type, dagger: a.dagger });

/** A target may be the caller's field, and that field also an input that is read at the same site. */
function writesInPlace(ins: Instruction, { buffers }: Pick<Schedule, "buffers">): boolean {
  const { target } = ins;
  if (target.kind === "slot" || !buffers[target.buffer]!.external) return false;
  return ins.args.some((a) => a.kind !== "slot" && (a.buffer === target.buffer || buffers[a.buffer]!.external !== undefined));
}

function microKernelOf(ins: Instruction, cache: Map<string, MicroKernel>): MicroKernel {
  const forms = ins.args.map(form);
  const key = microKernelText(ins.op.identity ?? ins.op.name, forms, ins.attributes, ins.type);
  let m = cache.get(key);
  if (!m) cache.set(key, (m = microKernel(ins.op, forms, ins.attributes, ins.type)));
  return m;
}

/** Plans a kernel of a schedule, with small micro-kernels joined or as the schedule has them; they are shared through the cache. */
export function planKernel(given: KernelStep, schedule: Pick<Schedule, "buffers">, cache: Map<string, MicroKernel>, join: boolean): KernelPlan {
  const each = given.instructions.map((ins) => microKernelOf(ins, cache));
  const { step, micro } = join ? fuse(given, each, cache) : { step: given, micro: each };
  const parameters: Parameter[] = [];
  const index = new Map<string, number>();
  const use = (p: Parameter): void => {
    const key = parameterKey(p);
    if (index.has(key)) return;
    index.set(key, parameters.length);
    parameters.push(p);
  };
  const fields = new Set<string>();
  const loaded = new Map<number, number>();
  let loads = 0;
  let swapScratch = 0;
  const argument = (a: Argument): void => {
    if (a.kind === "slot") return;
    use({ kind: "buffer", buffer: a.buffer });
    if (a.kind === "field") {
      use({ kind: "stride", buffer: a.buffer });
      const key = `${a.buffer}@${a.displacement.join(",")}`;
      if (fields.has(key)) return;
      fields.add(key);
      loads += storedComponents(a.type);
      loaded.set(a.buffer, storedComponents(a.type));
      if (atHome(a.displacement)) return;
      swapScratch += storedComponents(a.type);
      use({ kind: "table", displacement: a.displacement });
    }
  };
  let stores = 0;
  for (const ins of step.instructions) {
    ins.args.forEach(argument);
    if (ins.target.kind === "buffer") {
      stores += storedComponents(ins.type);
      use({ kind: "buffer", buffer: ins.target.buffer });
      use({ kind: "stride", buffer: ins.target.buffer });
    }
  }
  step.reductions.forEach((r, k) => {
    argument(r.value);
    use({ kind: "partials", reduction: k });
  });
  const slotOffsets: number[] = [];
  let scratch = 0;
  for (const size of step.slots) {
    slotOffsets.push(scratch);
    scratch += size;
  }
  const inPlace = step.instructions.map((ins) => writesInPlace(ins, schedule));
  const flops = micro.reduce((s, m) => s + m.flops, 0);
  const footprint = [...loaded.values()].reduce((s, n) => s + n, 0);
  return { step, parameters, index, micro, inPlace, slotOffsets, scratch, swapScratch, flops, streams: fields.size, footprint, loads, stores };
}
