/** What a kernel does at one block, in C: calls of its micro-kernels, in parts, each a function of its own. Backends differ in where they find their operands. */
import { storedComponents } from "../../autograd/index.ts";
import type { Argument } from "../ir.ts";
import { type KernelPlan, atHome } from "../kernels.ts";

/** Instructions in one function: compilers take more than linear time for many calls in one. */
const PART = 40;

/** Where operands lie, as expressions of C. `n`: numbers of a value. */
export interface KernelWords {
  readonly home: (buffer: number, n: number) => string;
  readonly scalar: (a: Argument & { readonly kind: "scalar" }) => string;
  /** At a displaced block; `copy`: an expression for scratch that holds it where its lanes are permuted. */
  readonly across: (buffer: number, displacement: readonly number[], copy: string, n: number) => string;
  /** The function of an instruction. */
  readonly call: (instruction: number) => string;
  /** A statement that keeps the value at an address for a sum. */
  readonly keep: (reduction: number, address: string) => string;
}

/** Lines of every part, and the vectors of scratch `s` that they need: operands are addressed once a part, permuted copies share scratch over all of them. */
export function kernelParts({ step, slotOffsets, scratch: first }: KernelPlan, words: KernelWords): { readonly parts: readonly (readonly string[])[]; readonly scratch: number } {
  const copies = new Map<string, number>();
  let scratch = first;
  const parts: string[][] = [];
  for (let from = 0; from < step.instructions.length || from === 0; from += PART) {
    const body: string[] = [];
    const addresses = new Map<string, string>();
    const address = (a: Argument): string => {
      if (a.kind === "slot") return `s + ${slotOffsets[a.slot]!}`;
      if (a.kind === "scalar") return words.scalar(a);
      const key = `${a.buffer}@${a.displacement.join(",")}`;
      let x = addresses.get(key);
      if (x) return x;
      addresses.set(key, (x = `x${addresses.size}`));
      const n = storedComponents(a.type);
      if (atHome(a.displacement)) {
        body.push(`  const V* ${x} = ${words.home(a.buffer, n)};`);
        return x;
      }
      let copy = copies.get(key);
      if (copy === undefined) {
        copies.set(key, (copy = scratch));
        scratch += n;
      }
      body.push(`  const V* ${x} = ${words.across(a.buffer, a.displacement, `s + ${copy}`, n)};`);
      return x;
    };
    step.instructions.slice(from, from + PART).forEach((ins, k) => {
      const args = ins.args.map(address);
      const target = ins.target.kind === "slot" ? `s + ${slotOffsets[ins.target.slot]!}` : words.home(ins.target.buffer, storedComponents(ins.type));
      body.push(`  ${words.call(from + k)}(${[...args, target].join(", ")});`);
    });
    if (from + PART >= step.instructions.length) step.reductions.forEach((r, k) => body.push(words.keep(k, address(r.value))));
    parts.push(body);
  }
  return { parts, scratch };
}
