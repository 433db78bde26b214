/**
 * Kernels as readable JavaScript on one Float64Array: the reference emitter and the debugger. One function for each instruction of a
 * schedule, as it stands there: what the other emitters join is compared with the parts. Addresses are indices into the array.
 */
import { type KernelPlan, type Parameter, atHome, chunkBlocks, parameterKey, sumScratch } from "../kernels.ts";
import type { Argument } from "../ir.ts";
import type { MicroKernel, Statement } from "../scalar.ts";
import type { CompiledKernels, Emitter, LoopOrder } from "../emitter.ts";
import { isShared } from "../../autograd/index.ts";
import { BIN_PARTS, type Layout, binnedChunk, plainMemory } from "../../backend/index.ts";

/** Blocks in a chunk; this layout has one lane. */
const CHUNK = chunkBlocks(1);
/** Instructions in one function: beyond this V8 no longer optimises it well. */
const PART = 64;

function statement(s: Statement, indent: string): string {
  switch (s.kind) {
    case "load":
      return `${indent}const v${s.id} = F[a${s.operand} + ${s.component}];`;
    case "constant":
      return `${indent}const v${s.id} = ${Object.is(s.value, -0) ? "-0" : s.value};`;
    case "binary": {
      const op = { add: "+", sub: "-", mul: "*", div: "/" }[s.name as "add"];
      return `${indent}const v${s.id} = ${s.name === "max" ? `v${s.a} > v${s.b} ? v${s.a} : v${s.b}` : `v${s.a} ${op} v${s.b}`};`;
    }
    case "unary":
      return `${indent}const v${s.id} = ${{ neg: `-v${s.a}`, sqrt: `Math.sqrt(v${s.a})`, abs: `Math.abs(v${s.a})` }[s.name]};`;
    case "fma":
      return `${indent}const v${s.id} = v${s.c} ${s.negated ? "-" : "+"} v${s.a} * v${s.b};`;
    case "positive":
      return `${indent}const v${s.id} = v${s.c} > 0 ? v${s.a} : v${s.b};`;
    case "call":
      return `${indent}const v${s.id} = Math.${s.name}(${s.args.map((a) => `v${a}`).join(", ")});`;
    case "loop": {
      const inner = `${indent}  `;
      const declare = s.variables.map((v, k) => `v${v} = v${s.initial[k]!}`).join(", ");
      const advance = s.variables.map((v, k) => `${inner}v${v} = v${s.next[k]!};`);
      // a next value that is itself a carried variable must be read before any of them changes
      const carried = new Set(s.variables);
      const keep = s.next.filter((n) => carried.has(n));
      const saved = keep.map((n) => `${inner}const k${n} = v${n};`);
      return [
        `${indent}let ${declare};`,
        `${indent}for (let i = 0; i < v${s.count}; i++) {`,
        ...s.body.map((t) => statement(t, inner)),
        ...saved,
        ...advance.map((line, k) => (carried.has(s.next[k]!) ? `${inner}v${s.variables[k]!} = k${s.next[k]!};` : line)),
        `${indent}}`,
      ].join("\n");
    }
  }
}

/** One micro-kernel as a function (F, operand addresses..., result address). */
export function microSource(m: MicroKernel, name: string): string {
  const args = Array.from({ length: m.operands }, (_, k) => `a${k}`);
  return [
    `// ${m.name}`,
    `function ${name}(F, ${[...args, "o"].join(", ")}) {`,
    ...m.statements.map((s) => statement(s, "  ")),
    ...m.results.map((v, k) => `  F[o + ${k}] = v${v};`),
    "}",
  ].join("\n");
}

/** One kernel as a function (F, I, P, S, c0, c1): parameter table at I[P], scratch at F[S], chunks c0 <= c < c1. */
export function kernelSource(plan: KernelPlan, name: string, functionOf: (m: MicroKernel) => string, { first, last, half, copies, chunks }: LoopOrder, { copyBlocks, copiesPerScalar, scalarBlocks }: Layout): string {
  const { step, index, slotOffsets } = plan;
  const entry = (p: Parameter): string => `I[P + ${index.get(parameterKey(p))!}]`;
  const parts: string[] = [];
  for (let k = 0; k < step.instructions.length || k === 0; k += PART) {
    const addresses = new Map<string, string>();
    const address = (a: Argument): string => {
      if (a.kind === "slot") return `S + ${slotOffsets[a.slot]!}`;
      const base = entry({ kind: "buffer", buffer: a.buffer });
      if (a.kind === "scalar") return scalarBlocks === 1 || isShared(a.type) ? base : `${base} + ${step.domain === "one" ? "b" : "q"}`;
      const key = `${a.buffer}@${a.displacement.join(",")}`;
      let v = addresses.get(key);
      if (!v) {
        const block = atHome(a.displacement) ? "b" : `I[${entry({ kind: "table", displacement: a.displacement })} + b]`;
        v = `x${addresses.size}`;
        addresses.set(key, v);
        lines.unshift(`  const ${v} = ${base} + ${block} * ${entry({ kind: "stride", buffer: a.buffer })};`);
      }
      return v;
    };
    const lines: string[] = [];
    for (const [j, ins] of step.instructions.slice(k, k + PART).entries()) {
      const args = ins.args.map(address);
      const target =
        ins.target.kind === "slot"
          ? `S + ${slotOffsets[ins.target.slot]!}`
          : `${entry({ kind: "buffer", buffer: ins.target.buffer })} + b * ${entry({ kind: "stride", buffer: ins.target.buffer })}`;
      lines.push(`  ${functionOf(plan.micro[k + j]!)}(F, ${[...args, target].join(", ")});`);
    }
    const end = k + PART >= step.instructions.length;
    if (end) step.reductions.forEach((r, i) => lines.push(`  F[S + ${sumScratch(plan, i, CHUNK)} + k] = F[${address(r.value)}];`));
    parts.push([`function ${name}_${parts.length}(F, I, P, S, b, k${copies > 1 ? ", q" : ""}) {`, ...lines, "}"].join("\n"));
  }
  const partial = step.reductions.map((_, k) => `    binned(F, S + ${sumScratch(plan, k, CHUNK)}, end - begin, ${entry({ kind: "partials", reduction: k })} + c * ${BIN_PARTS});`);
  return [
    ...parts,
    `function ${name}(F, I, P, S, c0, c1) {`,
    "  for (let c = c0; c < c1; c++) {",
    ...(copies > 1 ? [`    const copy = Math.floor(c / ${chunks}), q = Math.floor(copy / ${copiesPerScalar}), begin = ${first} + (c % ${chunks}) * ${CHUNK};`] : [`    const begin = ${first} + c * ${CHUNK};`]),
    `    const end = Math.min(${last}, begin + ${CHUNK});`,
    "    for (let i = begin; i < end; i++) {",
    `      const b = ${copies > 1 ? `copy * ${copyBlocks} + ` : ""}${half > 0 ? `(i >> 1) + (i & 1) * ${half}` : "i"};`,
    ...parts.map((_, k) => `      ${name}_${k}(F, I, P, S, b, i - begin${copies > 1 ? ", q" : ""});`),
    "    }",
    ...partial,
    "  }",
    "}",
  ].join("\n");
}

type Launch = (F: Float64Array, I: Int32Array, P: number, S: number, c0: number, c1: number) => void;

/** Emits JavaScript; addresses count doubles. */
export const jsEmitter: Emitter = {
  name: "js",
  lanes: 1,
  addressUnit: 8,
  parameterWords: 1,
  threads: 1,
  joins: false,
  memory: () => plainMemory(),
  compile(plans, context): CompiledKernels {
    const names = new Map<MicroKernel, string>();
    const sources: string[] = [];
    const functionOf = (m: MicroKernel): string => {
      let n = names.get(m);
      if (!n) {
        n = `m${names.size}`;
        names.set(m, n);
        sources.push(microSource(m, n));
      }
      return n;
    };
    const kernels = plans.map((p, k) => {
      return kernelSource(p, `kernel${k}`, functionOf, context.order(p.step.domain), context.layout);
    });
    const source = `"use strict";\n${[...sources, ...kernels].join("\n")}\nreturn [${plans.map((_, k) => `kernel${k}`).join(", ")}];`;
    const launches = new Function("binned", source)(binnedChunk) as Launch[];
    return {
      source,
      launch: (k, heap, parameters, scratch, chunks, _bytes, first = 0, last = chunks) => launches[k]!(heap.f64, heap.i32, parameters, scratch, first, last),
    };
  },
};
