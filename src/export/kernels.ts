/** Kernels of portable programs as C: one function a micro-kernel, one a part of a kernel, and one a kernel, which loops over blocks of sites. */
import { type MicroKernel, deviceKernel, kernelParts, microSource } from "../compiler/index.ts";
import { type Places, outerOf, placesOf } from "./layout.ts";
import { withoutDead } from "./live.ts";
import type { PortableProgram, PortableStep } from "./portable.ts";

type KernelStep = PortableStep & { readonly kind: "kernel" };
type Argument = KernelStep["plan"]["step"]["reductions"][number]["value"];

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

/** Results that a kernel leaves in scratch, and hands over to the host block by block while they are in the cache. */
export interface Handed {
  readonly step: KernelStep["plan"]["step"];
  /** Vectors from the beginning of the scratch for each buffer. */
  readonly places: ReadonlyMap<number, number>;
  readonly components: number;
  /** The statement that hands over a block \`out\` of them, and the memory of the host that they go to without it, or none. */
  readonly hand: string;
  readonly own: string;
}

/** The force or the links that a program returns, where one kernel at all sites writes them and nothing else touches them. */
export function handedBy(p: PortableProgram): Handed | undefined {
  const places = new Map<number, number>();
  let components = 0;
  let kind = "";
  p.buffers.forEach(({ role, components: n }, k) => {
    if (role.is !== "output" || (role.port.kind !== "force" && role.port.kind !== "smeared")) return;
    components = n;
    kind = role.port.kind;
    places.set(k, role.port.mu * n);
  });
  const reads = (a: Argument): boolean => a.kind === "field" && places.has(a.buffer);
  const displaced = (a: Argument): boolean => a.kind === "field" && reads(a) && a.displacement.some((x) => x !== 0);
  const touching = p.steps.filter((s) => {
    if (s.kind === "zero") return places.has(s.buffer);
    if (s.kind === "solve") return [s.rhs, ...s.captured, ...s.solutions].some((b) => places.has(b));
    const { instructions, reductions } = s.plan.step;
    return instructions.some((i) => (i.target.kind === "buffer" && places.has(i.target.buffer)) || i.args.some(reads)) || reductions.some((r) => reads(r.value));
  });
  const [only] = touching;
  if (touching.length !== 1 || only!.kind !== "kernel") return undefined;
  const { step } = only!.plan;
  const written = new Set(step.instructions.flatMap((i) => (i.target.kind === "buffer" ? [i.target.buffer] : [])));
  if (step.domain !== "all" || [...places.keys()].some((b) => !written.has(b)) || step.instructions.some((i) => i.args.some(displaced))) return undefined;
  return { step, places, components, hand: kind === "force" ? "hand_force(w, b, out);" : "hand_links(w, b, out, 1);", own: `own_block(w, ${kind === "force" ? 1 : 0})` };
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

/**
 * One kernel in parts of a block each. `f` are the buffers, `next` the tables of neighbours (block times W, plus the lanes to exchange), `s` scratch, `r` sums; `stride` counts the
 * doubles a site from a block of a buffer to its next.
 */
export function printKernel({ plan, name }: KernelStep, stride: (buffer: number) => number, names: Names, device: boolean, handed?: Handed): PrintedKernel {
  const { step } = plan;
  const given = handed?.step === plan.step ? handed : undefined;
  const inner = given ? Math.max(...given.places.values()) + given.components : 0;
  const { parts: bodies, scratch: used } = kernelParts(plan, {
    home: (buffer) => (given?.places.has(buffer) ? `out + ${given.places.get(buffer)!}` : `(V*)(f[${buffer}] + b * ${stride(buffer)} * W)`),
    scalar: ({ buffer }) => `(const V*)f[${buffer}]`,
    across: (buffer, displacement, copy, n) => `across(f[${buffer}], ${device ? "" : `${n}, `}${stride(buffer)}, next[${names.next(displacement)}][b], ${copy})`,
    call: (k) => names.function(plan.micro[k]!),
    keep: (k, x) => `  r[${k}] += *(${x});`,
  });
  const scratch = used + inner;
  const parts = bodies.map((body, n) => {
    const text = body.join("\n");
    const unused = ["f", "next", "s", "r", ...(given ? ["out"] : [])].filter((p) => !new RegExp(`\\b${p}\\b`).test(text)).map((p) => ` (void)${p};`);
    return [`PART void ${name}_part${n}(double* const* f, int32_t* const* next, V* s, int64_t b, V* r${given ? ", V* out" : ""}) {${/\bb\b/.test(text) ? "" : " (void)b;"}${unused.join("")}`, text, "}"].join("\n");
  });
  const sums = step.reductions.length;
  if (device) return { text: [...parts, deviceKernel({ ...ON_DEVICE, head: `KERNEL void ${name}(const __grid_constant__ table f, int32_t* const* next, V* partial, int64_t first, int64_t last)`, parts: bodies.map((_, n) => `${name}_part${n}`), scratch, sums })].join("\n"), scratch, sums };
  const text = [
    ...parts,
    `KERNEL void ${name}(double* const* f, int32_t* const* next, V* s, V* partial, int64_t first, int64_t last, int64_t half, struct work* w) {${given ? "" : " (void)w;"}`,
    ...(given ? [`  V* own = ${given.own};`, "  V marks[2] = {ALL(0.0), ALL(0.0)};"] : []),
    ...(sums === 0 ? ["  V* r = partial;"] : [`  V r[${sums}];`, `  for (int k = 0; k < ${sums}; k++) r[k] = ALL(0.0);`]),
    "  for (int64_t i = first; i < last; i++) {",
    "    const int64_t b = half > 0 ? (i >> 1) + (i & 1) * half : i;",
    ...(given ? [`    V* out = own ? own + b * SITE : s + ${used};`] : []),
    ...parts.map((_, k) => `    ${name}_part${k}(f, next, s, b, r${given ? ", out" : ""});`),
    ...(given ? ["    mark(out, marks);", `    if (!own) ${given.hand}`] : []),
    "  }",
    ...(given ? ["  judge(w, marks);"] : []),
    ...(sums === 0 ? [] : [`  for (int k = 0; k < ${sums}; k++) partial[k] = r[k];`]),
    "}",
  ].join("\n");
  return { text, scratch, sums };
}

/** Every kernel of a program with the places of its fields, those of its solvers included. */
export function kernelsOf(p: PortableProgram, dim: number, places = placesOf(p, dim)): readonly { readonly kernel: KernelStep; readonly places: Places }[] {
  return p.steps.flatMap((s) => (s.kind === "kernel" ? [{ kernel: s, places }] : s.kind === "solve" ? kernelsOf(s.operator, dim, placesOf(s.operator, dim, outerOf(places, s))) : []));
}
