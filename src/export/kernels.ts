/** Kernels of portable programs as C: one function a micro-kernel, one a part of a kernel, and one a kernel, which loops over blocks of sites. */
import { type MicroKernel, deviceKernel, kernelParts, microSource } from "../compiler/index.ts";
import { withoutDead } from "./live.ts";
import type { PortableProgram, PortableStep } from "./portable.ts";

type KernelStep = PortableStep & { readonly kind: "kernel" };

/** Numbers of micro-kernels, and of displacements in the tables of neighbours, over all programs of a library. */
export class Names {
  readonly micro = new Map<string, string>();
  readonly texts: string[] = [];
  readonly displacements: number[][] = [];
  readonly #shifts = new Map<string, number>();

  /** The function of a micro-kernel; printed at its first use. */
  function(m: MicroKernel): string {
    const { text } = microSource({ ...withoutDead(m), name: described(m.name) }, "NAME", false);
    let name = this.micro.get(text);
    if (name === undefined) {
      this.micro.set(text, (name = `m${this.micro.size}`));
      // a mask is not read where it selects nothing: compilers warn of arguments that nothing uses
      const idle = Array.from({ length: m.operands }, (_, k) => `a${k}`).filter((a) => !text.includes(`${a}[`));
      this.texts.push(text.replace("HIDDEN MICRO void NAME(", `MICRO void ${name}(`).replace(" {\n", ` {\n${idle.map((a) => `  (void)${a};\n`).join("")}`));
    }
    return name;
  }

  /** Number of the table of a displacement. */
  next(d: readonly number[]): number {
    const key = d.join(",");
    let k = this.#shifts.get(key);
    if (k === undefined) {
      this.#shifts.set(key, (k = this.displacements.length));
      this.displacements.push([...d]);
    }
    return k;
  }
}

/** The op of a micro-kernel; of a joined one those of its parts. */
function described(name: string): string {
  const short = name.replaceAll(/[^a-zA-Z0-9+*^_(),. -]/g, " ");
  return short.length > 90 ? `${short.slice(0, 87)}...` : short;
}

/** A printed kernel. */
export interface PrintedKernel {
  readonly text: string;
  /** Vectors of scratch that a thread needs. */
  readonly scratch: number;
  readonly sums: number;
}

/** A thread has one site; its terms of the sums lie one sum after the other. */
const ON_DEVICE = {
  site: ["  const int64_t b = first + (int64_t)blockIdx.x * blockDim.x + threadIdx.x;", "  if (b >= last) return;", "  (void)partial;"],
  given: "f.at, next",
  keep: "partial[k * (last - first) + b - first] = r[k];",
};

/** One kernel in parts of a block each. `f` are the buffers, `next` the tables of neighbours (block times W, plus the lanes to exchange), `s` scratch, `r` sums. */
export function printKernel({ plan, name }: KernelStep, names: Names, device: boolean): PrintedKernel {
  const { step } = plan;
  const { parts: bodies, scratch } = kernelParts(plan, {
    home: (buffer, n) => `(V*)(f[${buffer}] + b * ${n} * W)`,
    scalar: ({ buffer }) => `(const V*)f[${buffer}]`,
    across: (buffer, displacement, copy, n) => `across(f[${buffer}], ${n}, next[${names.next(displacement)}][b], ${copy})`,
    call: (k) => names.function(plan.micro[k]!),
    keep: (k, x) => `  r[${k}] += *(${x});`,
  });
  const parts = bodies.map((body, n) => {
    const text = body.join("\n");
    const unused = (["f", "next", "s", "r"] as const).filter((p) => !new RegExp(`\\b${p}\\b`).test(text)).map((p) => ` (void)${p};`);
    return [`PART void ${name}_part${n}(double* const* f, int32_t* const* next, V* s, int64_t b, V* r) {${/\bb\b/.test(text) ? "" : " (void)b;"}${unused.join("")}`, text, "}"].join("\n");
  });
  const sums = step.reductions.length;
  if (device) return { text: [...parts, deviceKernel({ ...ON_DEVICE, head: `KERNEL void ${name}(const __grid_constant__ table f, int32_t* const* next, V* partial, int64_t first, int64_t last)`, parts: bodies.map((_, n) => `${name}_part${n}`), scratch, sums })].join("\n"), scratch, sums };
  const text = [
    ...parts,
    `KERNEL void ${name}(double* const* f, int32_t* const* next, V* s, V* partial, int64_t first, int64_t last, int64_t half) {`,
    ...(sums === 0 ? ["  V* r = partial;"] : [`  V r[${sums}];`, `  for (int k = 0; k < ${sums}; k++) r[k] = ALL(0.0);`]),
    "  for (int64_t i = first; i < last; i++) {",
    "    const int64_t b = half > 0 ? (i >> 1) + (i & 1) * half : i;",
    ...parts.map((_, k) => `    ${name}_part${k}(f, next, s, b, r);`),
    "  }",
    ...(sums === 0 ? [] : [`  for (int k = 0; k < ${sums}; k++) partial[k] = r[k];`]),
    "}",
  ].join("\n");
  return { text, scratch, sums };
}

/** Every kernel of a program, those of its solvers included. */
export function kernelsOf(p: PortableProgram): readonly KernelStep[] {
  return p.steps.flatMap((s) => (s.kind === "kernel" ? [s] : s.kind === "solve" ? kernelsOf(s.operator) : []));
}
