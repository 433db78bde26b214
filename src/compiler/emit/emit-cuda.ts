/**
 * Kernels as CUDA C: one site a thread, one function a micro-kernel, one a part of a kernel. Values are single doubles, so micro-kernels are those of C with one lane; scratch is
 * local to a thread. Exported libraries and the engine print their kernels here and differ in where operands lie.
 */
import { isShared } from "../../autograd/index.ts";
import { ENGINE_WORDS } from "../../backend/index.ts";
import { microSource } from "./emit-c.ts";
import type { EmitContext } from "../emitter.ts";
import { kernelParts } from "./kernel-parts.ts";
import { type KernelPlan, type Parameter, parameterKey } from "../kernels.ts";
import type { MicroKernel } from "../scalar.ts";

/** A kernel as a thread sees it. */
export interface DeviceKernel {
  /** Everything before the body. */
  readonly head: string;
  /** Statements that find the site, and end threads without one. */
  readonly site: readonly string[];
  /** Names of the functions of its parts, and what they are given besides scratch `s`, the site `b` and sums `r`. */
  readonly parts: readonly string[];
  readonly given: string;
  /** Doubles of scratch, sums, and the statement that keeps the term of sum k. */
  readonly scratch: number;
  readonly sums: number;
  readonly keep: string;
}

/** Runs the parts of a kernel at one site, and leaves its terms of the sums. */
export function deviceKernel({ head, site, parts, given, scratch, sums, keep }: DeviceKernel): string {
  return [
    `${head} {`,
    ...site,
    `  V s[${Math.max(1, scratch)}], r[${Math.max(1, sums)}];`,
    ...(sums === 0 ? [] : [`  for (int k = 0; k < ${sums}; k++) r[k] = 0;`]),
    ...parts.map((name) => `  ${name}(${given}, s, b, r);`),
    ...(sums === 0 ? [] : [`  for (int k = 0; k < ${sums}; k++) ${keep}`]),
    "}",
  ].join("\n");
}

/** Words of a kernel's argument besides its table: memory and values (two each), first, count, blocks of a copy, copies. */
export const ARGUMENT_WORDS = 8;
/** Entries of a table that is handed over with a launch: arguments are at most 4 KB. Longer tables are read in the memory. */
export const TABLE_WORDS = 1000;

/** One kernel of a program: `struct table_k` holds what a launch is told. */
function kernelSource(plan: KernelPlan, k: number, { layout }: EmitContext, copies: number, functionOf: (m: MicroKernel, inPlace: boolean) => string): string {
  const { step, parameters } = plan;
  const entry = (p: Parameter): string => `I[${plan.index.get(parameterKey(p))!}]`;
  const base = (buffer: number): string => `F + ${entry({ kind: "buffer", buffer })}`;
  const stride = (buffer: number): string => entry({ kind: "stride", buffer });
  const { parts, scratch } = kernelParts(plan, {
    home: (buffer) => `(V*)(${base(buffer)} + b * ${stride(buffer)})`,
    scalar: (a) => `(const V*)(${base(a.buffer)}${layout.scalarBlocks === 1 || isShared(a.type) ? "" : step.domain === "one" ? " + b" : " + q"})`,
    across: (buffer, displacement, copy) => `across(${base(buffer)}, ${stride(buffer)}, ((const int32_t*)F)[${entry({ kind: "table", displacement })} + b], ${copy})`,
    call: (n) => functionOf(plan.micro[n]!, plan.inPlace[n]!),
    keep: (n, x) => `  r[${n}] = *(${x});`,
  });
  const listed = parameters.length <= TABLE_WORDS;
  return [
    ...parts.flatMap((body, n) => [`PART void k${k}_${n}(double* F, const int32_t* I, int64_t q, V* s, int64_t b, V* r) {`, ...body, "}"]),
    `struct table_${k} { double* memory; double* values; int32_t first, count, blocks, copies, I[${listed ? Math.max(1, parameters.length) : 1}]; };`,
    deviceKernel({
      head: `ENTRY(k${k}, struct table_${k})`,
      site: [
        "  const int64_t t = THREAD;",
        "  if (t >= (int64_t)a.count * a.copies) return;",
        `  const int64_t q = ${copies > 1 ? "t / a.count" : "0"}, b = a.first + ${copies > 1 ? "q * a.blocks + t % a.count" : "t"};`,
        `  const int32_t* const I = ${listed ? "a.I" : "(const int32_t*)a.memory + a.I[0]"};`,
      ],
      parts: parts.map((_, n) => `k${k}_${n}`),
      given: "a.memory, I, q",
      scratch,
      sums: step.reductions.length,
      keep: "a.values[((int64_t)k * a.copies * a.count) + t] = r[k];",
    }),
  ].join("\n");
}

/** The CUDA text of a list of kernels k0, k1, ... */
export function cudaSource(plans: readonly KernelPlan[], context: EmitContext): string {
  const names = new Map<string, string>();
  const functions: string[] = [];
  const functionOf = (m: MicroKernel, inPlace: boolean): string => {
    const key = `${m.key}${inPlace ? " in place" : ""}`;
    let n = names.get(key);
    if (!n) {
      names.set(key, (n = `m${names.size}`));
      functions.push(microSource(m, n, inPlace).text);
    }
    return n;
  };
  const kernels = plans.map((p, k) => kernelSource(p, k, context, context.order(p.step.domain).copies, functionOf));
  return [ENGINE_WORDS, ...functions, ...kernels, ""].join("\n");
}
