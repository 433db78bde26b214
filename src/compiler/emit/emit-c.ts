/**
 * Kernels as C with vector extensions (gcc, clang): a value is a vector with one site in each lane. One function a micro-kernel, one a
 * kernel, as in the other emitters; lanes are permuted where a displacement leaves a sub-lattice. The text depends on the
 * kernels and the cuts but not on the extents, so programs on many lattices share one compiled file.
 */
import { isShared } from "../../autograd/index.ts";
import { BIN_PARTS, KERNEL_TYPE, POOL_TYPE, binnedSource, lanePermutation } from "../../backend/index.ts";
import type { EmitContext } from "../emitter.ts";
import { CHUNK_SITES, type KernelPlan, type Parameter, parameterKey, sumScratch } from "../kernels.ts";
import { kernelParts } from "./kernel-parts.ts";
import { type Elementary, elementary, isElementary } from "./elementary.ts";
import { type MicroKernel, type Statement, earlyStores } from "../scalar.ts";

const BINARY = { add: "+", sub: "-", mul: "*", div: "/" } as const;

function literal(x: number): string {
  if (Number.isNaN(x)) return "NAN";
  if (!Number.isFinite(x)) return x > 0 ? "INFINITY" : "-INFINITY";
  return Object.is(x, -0) ? "-0.0" : Number.isInteger(x) && Math.abs(x) < 1e21 ? `${x}.0` : String(x);
}

/** `vectors`: elementary functions work on all lanes. */
function statement(s: Statement, indent: string, vectors = false): string {
  const define = (id: number, text: string): string => `${indent}const V v${id} = ${text};`;
  switch (s.kind) {
    case "load":
      return define(s.id, `a${s.operand}[${s.component}]`);
    case "constant":
      return define(s.id, `ALL(${literal(s.value)})`);
    case "binary":
      return define(s.id, s.name === "max" ? `choose(v${s.a} > v${s.b}, v${s.a}, v${s.b})` : `v${s.a} ${BINARY[s.name]} v${s.b}`);
    case "unary":
      return define(s.id, s.name === "neg" ? `-v${s.a}` : `${{ sqrt: "root", abs: "magnitude" }[s.name]}(v${s.a})`);
    case "fma":
      return define(s.id, `v${s.c} ${s.negated ? "-" : "+"} v${s.a} * v${s.b}`);
    case "positive":
      return define(s.id, `choose(v${s.c} > ALL(0.0), v${s.a}, v${s.b})`);
    case "call":
      if (vectors && isElementary(s.name)) return define(s.id, `${s.name}_lanes(${s.args.map((a) => `v${a}`).join(", ")})`);
      return `${indent}V v${s.id}; for (int l = 0; l < W; l++) LANE(v${s.id}, l) = ${s.name}(${s.args.map((a) => `LANE(v${a}, l)`).join(", ")});`;
    case "loop":
      return [
        `${indent}V ${s.variables.map((v, k) => `v${v} = v${s.initial[k]!}`).join(", ")};`,
        `${indent}for (double i = 0, end = ${s.uniform ? `LANE(v${s.count}, 0)` : `lane_max(v${s.count})`}; i < end; i++) {`,
        ...s.body.map((t) => statement(t, `${indent}  `, vectors)),
        // all next values are read before a carried variable changes
        ...(s.uniform ? [] : [`${indent}  const M more = ALL(i) < v${s.count};`]),
        ...s.next.map((n, k) => `${indent}  const V n${s.variables[k]!} = ${s.uniform ? `v${n}` : `choose(more, v${n}, v${s.variables[k]!})`};`),
        ...s.variables.map((v) => `${indent}  v${v} = n${v};`),
        `${indent}}`,
      ].join("\n");
  }
}

/** One micro-kernel as a C function of that name: its head, and its text in terms of V, M, W, ALL, LANE, choose, root, magnitude and lane_max; with `vectors` also of the functions of `elementarySource`. */
export function microSource(m: MicroKernel, name: string, inPlace: boolean, vectors = false): { readonly head: string; readonly text: string } {
  const args = Array.from({ length: m.operands }, (_, k) => `const V* a${k}`);
  const head = `HIDDEN MICRO void ${name}(${[...args, `V* ${inPlace ? "" : "restrict "}o`].join(", ")})`;
  const early = inPlace ? undefined : earlyStores(m);
  const put = (k: number): string => `  o[${k}] = v${m.results[k]!};`;
  const text = [
    `/* ${m.name} */`,
    `${head} {`,
    ...m.statements.flatMap((s, i) => [statement(s, "  ", vectors), ...(early?.[i]!.map(put) ?? [])]),
    ...(early ? [] : m.results.map((_, k) => put(k))),
    "}",
  ].join("\n");
  return { head: `${head};`, text };
}

/** An elementary function of all lanes; those outside of its interval one by one. */
function elementarySource({ name, least, most, micro, form }: Elementary): string {
  const [y, k] = micro.results;
  const [angle, value] = [form === "angle", { in: `v${y!}`, none: `v${y!}`, out: `v${y!} * power(v${k!})`, angle: `(V)((M)v${y!} | ((M)x & (M)ALL(-0.0)))` }[form]];
  return [
    `static MICRO V ${name}_lanes(V x${angle ? ", V along" : ""}) {`,
    ...(form === "in" ? ["  const V e = exponent(x), m = x * power(-e);", "  const V *a0 = &m, *a1 = &e;"] : [`  const V *a0 = &x${angle ? ", *a1 = &along" : ""};`]),
    ...micro.statements.map((s) => statement(s, "  ")),
    `  V y = ${value};`,
    ...(angle ? ["  const V larger = choose(magnitude(x) > magnitude(along), magnitude(x), magnitude(along));"] : []),
    `  const M inside = (${angle ? "larger" : "x"} >= ALL(${literal(least)})) & (${angle ? "larger" : "x"} <= ALL(${literal(most)}));`,
    "  int64_t all = -1;",
    "  for (int l = 0; l < W; l++) all &= inside[l];",
    `  for (int l = 0; all == 0 && l < W; l++) if (!inside[l]) y[l] = ${name}(x[l]${angle ? ", along[l]" : ""});`,
    "  return y;",
    "}",
  ].join("\n");
}

/** The functions that kernels call. */
function elementarySources(plans: readonly KernelPlan[]): string {
  const used = new Set<Parameters<typeof elementary>[0]>();
  const visit = (s: Statement): void => {
    if (s.kind === "call" && isElementary(s.name)) used.add(s.name);
    if (s.kind === "loop") s.body.forEach(visit);
  };
  for (const p of plans) for (const m of p.micro) m.statements.forEach(visit);
  if (used.size === 0) return "";
  return [
    // the exponent e of 2^e m, from its bits behind those of 2^52; 2^k from the last bits of 1.5 2^52 + k + 1023
    "static inline V exponent(V x) { return (V)(((M)x >> 52) | (M)ALL(4503599627370496.0)) - ALL(4503599627371519.0); }",
    "static inline V power(V k) { return (V)((M)(k + ALL(6755399441056767.0)) << 52); }",
    ...[...used].map((name) => elementarySource(elementary(name))),
  ].join("\n");
}

const kernelHead = (name: string): string => `HIDDEN void ${name}(double* memory, const int32_t* I, int64_t P, int64_t S, int64_t first, int64_t last, int32_t c0, int32_t c1)`;

/** One kernel: its instructions in parts, each a function of one block, and the loop over chunks of blocks. */
function kernelSource(plan: KernelPlan, name: string, context: EmitContext, functionOf: (m: MicroKernel, inPlace: boolean) => string): string {
  const { step } = plan;
  const { sampleLanes, copyBlocks, copiesPerScalar, scalarBlocks } = context.layout;
  const { half, copies, chunk, chunks } = context.order(step.domain);
  const entry = (p: Parameter): string => `T[${plan.index.get(parameterKey(p))!}]`;
  const base = (buffer: number): string => `F + ${entry({ kind: "buffer", buffer })}`;
  const stride = (buffer: number): string => entry({ kind: "stride", buffer });
  const home = (buffer: number): string => `(V*)(${base(buffer)} + b * ${stride(buffer)})`;
  const { parts } = kernelParts(plan, {
    home,
    scalar: (a) => (scalarBlocks === 1 || isShared(a.type) ? `(V*)(${base(a.buffer)})` : `(V*)(${base(a.buffer)} + ${step.domain === "one" ? "b" : "q"} * W)`),
    across: (buffer, displacement, copy, n) => `across(${base(buffer)}, ${stride(buffer)}, I[${entry({ kind: "table", displacement })} + b], ${copy}, ${n})`,
    call: (k) => functionOf(plan.micro[k]!, plan.inPlace[k]!),
    keep: (k, x) => {
      const values = sumScratch(plan, k, chunk);
      // samples apart, one after the other
      return sampleLanes > 1 ? `  for (int l = 0; l < W; l++) ((R*)(s + ${values}))[l * ${chunk} + k] = (*(${x}))[l];` : `  s[${values} + k] = *(${x});`;
    },
  });
  return [
    ...parts.flatMap((body, n) => [`static MICRO void ${name}_${n}(R* F, const int32_t* I, const int64_t* T, V* s, int64_t b, int64_t k${copies > 1 ? ", int64_t q" : ""}) {`, ...body, "}"]),
    `${kernelHead(name)} {`,
    "  R* F = (R*)memory;",
    "  const int64_t* T = (const int64_t*)(I + P);",
    "  V* s = (V*)(F + S);",
    "  for (int64_t c = c0; c < c1; c++) {",
    ...(copies > 1 ? [`    const int64_t copy = c / ${chunks}, q = copy / ${copiesPerScalar};`] : []),
    `    const int64_t begin = first + ${copies > 1 ? `(c % ${chunks})` : "c"} * ${chunk}, end = begin + ${chunk} < last ? begin + ${chunk} : last;`,
    "    for (int64_t i = begin; i < end; i++) {",
    `      const int64_t b = ${copies > 1 ? `copy * ${copyBlocks} + ` : ""}${half > 0 ? `(i >> 1) + (i & 1) * ${half}` : "i"};`,
    ...parts.map((_, k) => `      ${name}_${k}(F, I, T, s, b, i - begin${copies > 1 ? ", q" : ""});`),
    "    }",
    ...step.reductions.map((_, k) => {
      const [values, partials] = [`(const R*)(s + ${sumScratch(plan, k, chunk)})`, `(double*)(F + ${entry({ kind: "partials", reduction: k })})`];
      if (sampleLanes === 1) return `    binnedReals(${values}, (end - begin) * W, ${partials} + c * ${BIN_PARTS});`;
      const each = copiesPerScalar * chunks;
      return `    for (int64_t l = 0; l < W; l++) binnedReals(${values} + l * ${chunk}, end - begin, ${partials} + ((c / ${each} * W + l) * ${each} + c % ${each}) * ${BIN_PARTS});`;
    }),
    "  }",
    "}",
  ].join("\n");
}

/**
 * Where a site has a block of its own, as in boxes of divided lattices that cannot be cut further, gcc would move what elementary functions compute for all lanes into the branch
 * in which it is not replaced, away from the sum with which it is fused in wider blocks.
 */
const ONE_LANE = `#ifndef __clang__
#pragma GCC optimize("no-tree-sink")
#endif
`;

/** `single`: numbers of fields are floats. */
function prelude(context: EmitContext, single: boolean): string {
  const { width, cuts } = context.layout;
  const permuted = cuts.reduce((n, c) => n * c, 1);
  const permutations = Array.from({ length: permuted }, (_, k) => `{${lanePermutation(cuts, k).join(", ")}}`);
  const cases = permutations.slice(1).map((p, k) => `    case ${k + 1}: for (int i = 0; i < n; i++) to[i] = SHUFFLE(from[i], ${p.slice(1, -1)}); break;`);
  return `#include <math.h>
#include <stdint.h>
${width === 1 ? ONE_LANE : ""}enum { W = ${width} };
typedef ${single ? "float" : "double"} R;
typedef R V __attribute__((vector_size(${(single ? 4 : 8) * width})));
typedef ${single ? "int32_t" : "int64_t"} M __attribute__((vector_size(${(single ? 4 : 8) * width})));
#define MICRO __attribute__((noinline))
#define HIDDEN __attribute__((visibility("hidden")))
#define LANE(v, l) (v)[l]
#define ALL(x) ((V){${Array.from({ length: width }, () => "x").join(", ")}})
#ifdef __clang__
#define SHUFFLE(x, ...) __builtin_shufflevector(x, x, __VA_ARGS__)
#else
#define SHUFFLE(x, ...) __builtin_shuffle(x, (M){__VA_ARGS__})
#endif
${KERNEL_TYPE}
${POOL_TYPE}
static inline V choose(M c, V a, V b) { return (V)(((M)a & c) | ((M)b & ~c)); }
static inline V magnitude(V a) { return (V)((M)a & (${single ? "INT32_MAX" : "INT64_MAX"} + (M){0})); }
static inline V root(V a) { V r; for (int l = 0; l < W; l++) r[l] = __builtin_sqrt${single ? "f" : ""}(a[l]); return r; }
static inline double lane_max(V a) { double m = a[0]; for (int l = 1; l < W; l++) m = a[l] > m ? a[l] : m; return m; }
/* Copies a value with its lanes permuted. */
static MICRO void permute(V* to, const V* from, int n, int k) {
  switch (k) {
${cases.join("\n")}
  }
}
/* The operand at a displaced block: in place, or as a copy where the displacement leaves the sub-lattice. */
static MICRO const V* across(const R* base, int64_t stride, int32_t entry, V* copy, int n) {
  const V* x = (const V*)(base + (entry / W) * stride);
  if (entry % W == 0) return x;
  permute(copy, x, n, entry % W);
  return copy;
}
${binnedSource()}
/* Sums are made in float64. */
static void binnedReals(const R* values, int64_t n, double* out) {
${single ? `  double wide[${CHUNK_SITES}];
  for (int64_t j = 0; j < n; j++) wide[j] = values[j];
  binned(wide, n, out);` : "  binned(values, n, out);"}
}`;
}

/** Characters of C in one file; compilers work on several at a time. */
const UNIT = 150_000;

/** The C text of a list of kernels, with one entry point `launch`, as files that are linked together. */
export function cSource(plans: readonly KernelPlan[], context: EmitContext, single = false): readonly string[] {
  const names = new Map<string, string>();
  const functions: string[] = [];
  const heads: string[] = [];
  const functionOf = (m: MicroKernel, inPlace: boolean): string => {
    const key = `${m.key}${inPlace ? " in place" : ""}`;
    let n = names.get(key);
    if (!n) {
      names.set(key, (n = `m${names.size}`));
      const { head, text } = microSource(m, n, inPlace, !single);
      heads.push(head);
      functions.push(text);
    }
    return n;
  };
  plans.forEach((p, k) => functions.push(kernelSource(p, `k${k}`, context, functionOf)));
  const count = Math.ceil(functions.reduce((n, f) => n + f.length, 0) / UNIT);
  const units = Array.from({ length: Math.max(1, Math.min(4, count)) }, () => [] as string[]);
  const size = (u: readonly string[]): number => u.reduce((n, f) => n + f.length, 0);
  // the longest first, each to the shortest file
  for (const f of [...functions].sort((x, y) => y.length - x.length)) units.reduce((x, y) => (size(y) < size(x) ? y : x)).push(f);
  const begin = `${prelude(context, single)}\n${single ? "" : elementarySources(plans)}\n${heads.join("\n")}`;
  const [first, ...others] = units.map((u) => `${begin}\n${u.join("\n")}\n`);
  const launch = `${plans.map((_, k) => `${kernelHead(`k${k}`)};`).join("\n")}
static const kernel kernels[] = {${plans.map((_, k) => `k${k}`).join(", ")}};
/* What lists of launches call kernel k by. */
int64_t name(int32_t k) { return (int64_t)kernels[k]; }
/* Runs chunks c0 <= c < c1 of kernel k on the blocks first <= b < last, all of them with threads; P counts 32-bit words, S and scratch numbers of fields. */
void launch(int64_t memory, int32_t k, int64_t P, int64_t S, int64_t scratch, int64_t first, int64_t last, int32_t c0, int32_t c1, int64_t threads) {
  double* F = (double*)memory;
  struct pool* pool = (struct pool*)threads;
  if (pool && c1 - c0 >= 2 * pool->threads) pool->run(pool, kernels[k], F, P, S, scratch, first, last, c0, c1);
  else kernels[k](F, (const int32_t*)F, P, S, first, last, c0, c1);
}
`;
  return [`${first!}${launch}`, ...others];
}
