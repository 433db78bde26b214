/**
 * Kernel IR: what a program becomes. A schedule is a list of steps; a kernel step is one loop over the blocks of a domain in which
 * operands are fields loaded at a displacement, results of earlier instructions, or scalars.
 */
import type { Attributes, Displacement, Domain, LoopWork, Op, OverlapWork, Program, ValueType } from "../autograd/index.ts";

/** A piece of memory named by a schedule. */
export interface Buffer {
  readonly type: ValueType;
  /** Argument number of an external buffer, or undefined for one in the arena. */
  readonly external?: { readonly side: "input" | "output"; readonly index: number };
  /** Data known when compiling: constant fields and numbers. */
  readonly data?: Float64Array;
  /** Ghost blocks behind those of an arena buffer, on a divided lattice. */
  ghosts?: number;
  /** Blocks of an arena buffer that holds only samples that are worked on together. */
  readonly blocks?: number;
  /** First and last step that touch an arena buffer. */
  first: number;
  last: number;
}

/** Operand of an instruction. A slot is named by the single-assignment number of the value it holds, so that a wrong reuse of slots can be found. */
export type Argument =
  | { readonly kind: "slot"; readonly slot: number; readonly value: number; readonly dagger: boolean; readonly type: ValueType }
  | { readonly kind: "field"; readonly buffer: number; readonly displacement: Displacement; readonly dagger: boolean; readonly type: ValueType }
  | { readonly kind: "scalar"; readonly buffer: number; readonly dagger: false; readonly type: ValueType };

/** One call of a micro-kernel. The result goes to a scratch slot, or straight to a buffer at the loop's own site. */
export interface Instruction {
  readonly op: Op;
  readonly attributes: Attributes;
  readonly args: readonly Argument[];
  readonly type: ValueType;
  readonly target: { readonly kind: "slot"; readonly slot: number; readonly value: number } | { readonly kind: "buffer"; readonly buffer: number };
}

/** A sum over the loop's sites of the first component of a slot or field. */
export interface Reduction {
  readonly value: Argument;
  /** Scalar buffer that receives the sum. */
  readonly buffer: number;
}

/** Sites that a loop runs over; "one" for arithmetic on scalars, "shared" for arithmetic on those that all samples of a batch have in common. */
export type LoopDomain = Domain | "one" | "shared" | TensorLoop;

/** Loop over the numbers of a tensor. */
export type TensorLoop = `tensor ${number}`;

/** The loop over the numbers of a tensor of this shape. */
export const tensorLoop = (shape: readonly number[]): TensorLoop => `tensor ${shape.reduce((n, L) => n * L, 1)}`;

/** Numbers of a loop over a tensor; undefined for loops over sites and scalars. */
export const tensorLength = (domain: LoopDomain): number | undefined => (domain.startsWith("tensor ") ? Number(domain.slice(7)) : undefined);

/** One loop over the blocks of a domain: instructions in their order, and the sums over its sites. */
export interface KernelStep {
  readonly kind: "kernel";
  readonly domain: LoopDomain;
  readonly instructions: readonly Instruction[];
  readonly reductions: readonly Reduction[];
  /** Scratch slots, each as large as the largest value it holds. */
  readonly slots: readonly number[];
}

/** (A + shift_k) x_k = b for all shifts at once. */
export interface SolveStep {
  readonly kind: "solve";
  readonly operator: Program;
  readonly captured: readonly number[];
  readonly rhs: number;
  readonly shifts: readonly number[];
  /** One buffer a shift. */
  readonly solutions: readonly number[];
  readonly tolerance: number;
  readonly maxIterations: number;
  /** Default "cg". */
  readonly method?: "cg" | "bicgstab";
  /** So many of the last captured values are vectors whose space is taken out; default 0. */
  readonly modes?: number;
  /** Iterate in single precision. */
  readonly mixed?: boolean;
}

/** Writes zeros on one parity of a buffer. */
export interface ZeroStep {
  readonly kind: "zero";
  readonly buffer: number;
  readonly domain: "even" | "odd";
}

/** Determinants, traces of products and their derivatives, on dense matrices. */
export interface DenseStepPlan {
  readonly kind: "dense";
  readonly factors: readonly { readonly operator: Program; readonly inverse: boolean; readonly captured: readonly number[] }[];
  readonly outputs: readonly { readonly buffer: number; readonly gradient?: { readonly factor: number; readonly input: number } }[];
  readonly positive: boolean;
  /** For the overlap operator of the factor: m. */
  readonly overlap?: OverlapWork & { readonly mass: number };
}

/** The sum of the numbers of all samples of a batch, in their order. */
export interface SamplesStep {
  readonly kind: "samples";
  readonly from: number;
  readonly to: number;
}

/** A sum over sites, displacements or weights, made by loops over the numbers of tensors. */
export interface ContractionStep {
  readonly kind: "contraction";
  readonly op: Op;
  readonly attributes: Attributes;
  readonly inputs: readonly number[];
  /** Types of the operands; the buffer of one on a half may be that of the whole field. */
  readonly types: readonly ValueType[];
  readonly output: number;
}

/** A loop, or the way back through one, by programs of one step. */
export interface LoopStep extends Omit<LoopWork, "output"> {
  readonly kind: "loop";
  /** State, captured values, and for the way back the first w. */
  readonly inputs: readonly number[];
  /** Those of the last state, or w, that are wanted. */
  readonly outputs: readonly { readonly output: number; readonly buffer: number }[];
}

/** What a schedule does at a time. */
export type Step = ContractionStep | LoopStep | KernelStep | SolveStep | ZeroStep | DenseStepPlan | SamplesStep;

/** A program as a list of steps over named pieces of memory. */
export interface Schedule {
  readonly buffers: readonly Buffer[];
  readonly steps: readonly Step[];
  /** Buffers of the program's inputs and outputs. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** Buffers that a step on dense matrices reads. */
export function denseReads({ factors, overlap }: DenseStepPlan): readonly number[] {
  return [...factors.flatMap((f) => f.captured), ...(overlap ? [overlap.mass] : [])];
}
