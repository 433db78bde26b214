/**
 * A value on one parity that is seen as a field on all sites has zeros on the other parity. The reverse pass makes many of them, as the cotangents of halves. In sums on one
 * parity their zeros are left out; a loop over all sites that adds them becomes one on either parity; and they are written only where some step still reads them.
 */
import { combine } from "../../autograd/ops/combine.ts";
import { multiplyAdd } from "./accumulate.ts";
import { type Argument, type Buffer, type Instruction, type KernelStep, type Step, denseReads, tensorLength } from "../ir.ts";

/** Bit 1 even, bit 2 odd. */
const half = (domain: string): number => (domain === "even" ? 1 : domain === "odd" ? 2 : 3);

/** Parities of a field that a kernel reads through an argument. */
function parities({ domain }: KernelStep, a: Argument & { readonly kind: "field" }): number {
  if (tensorLength(domain) !== undefined || half(domain) === 3) return 3;
  const steps = a.displacement.reduce((n, x) => n + x, 0);
  return steps % 2 === 0 ? half(domain) : 3 - half(domain);
}

/** The kernel with sums that leave out terms which are zero on its sites, and without what only they needed. `zeros`: halves of each buffer that hold zeros. */
function withoutZeroTerms(s: KernelStep, zeros: readonly number[]): KernelStep {
  if (half(s.domain) === 3) return s;
  const zeroValues = new Set<number>();
  const isZero = (a: Argument): boolean => (a.kind === "field" ? (zeros[a.buffer]! & parities(s, a)) !== 0 : a.kind === "slot" && zeroValues.has(a.value));
  const instructions = s.instructions.map((given): Instruction => {
    const i = withoutTerms(given, isZero);
    const zero = i.op.role?.is === "product" ? i.args.some(isZero) : i.op.linear === true && i.args.every(isZero);
    if (zero && i.target.kind === "slot") zeroValues.add(i.target.value);
    return i;
  });
  return zeroValues.size === 0 && instructions.every((i, k) => i === s.instructions[k]) ? s : { ...s, instructions: needed(instructions, s) };
}

/** A loop over all sites with terms that are zero on one parity as a loop on either, and one that sums over all sites what they leave. */
function onParities(s: KernelStep, zeros: readonly number[]): readonly KernelStep[] {
  if (s.domain !== "all") return [withoutZeroTerms(s, zeros)];
  const sums = new Set(needed(s.instructions.filter((i) => i.target.kind === "slot"), s));
  const stores = needed(s.instructions, { reductions: [] });
  if (stores.some((i) => sums.has(i))) return [s];
  const whole = (["even", "odd"] as const).map((domain): KernelStep => ({ ...s, domain, instructions: stores, reductions: [] }));
  const halves = whole.map((h) => withoutZeroTerms(h, zeros));
  if (halves.every((h, k) => h === whole[k])) return [s];
  return s.reductions.length === 0 ? halves : [...halves, { ...s, instructions: s.instructions.filter((i) => sums.has(i)) }];
}

/** A sum with some of its terms that are not zero. */
function withoutTerms(i: Instruction, isZero: (a: Argument) => boolean): Instruction {
  if (i.op === multiplyAdd) return isZero(i.args[1]!) || isZero(i.args[2]!) ? { ...i, op: combine, args: [i.args[0]!], attributes: { coefficients: [1] } } : i;
  if (i.op !== combine || !i.args.some(isZero) || i.args.every(isZero)) return i;
  const coefficients = i.attributes["coefficients"] as readonly number[];
  return { ...i, args: i.args.filter((a) => !isZero(a)), attributes: { ...i.attributes, coefficients: coefficients.filter((_, k) => !isZero(i.args[k]!)) } };
}

/** The instructions whose values are stored, summed or read. */
function needed(instructions: readonly Instruction[], { reductions }: Pick<KernelStep, "reductions">): readonly Instruction[] {
  const wanted = new Set<number>();
  const want = (a: Argument): void => void (a.kind === "slot" && wanted.add(a.value));
  for (const r of reductions) want(r.value);
  return [...instructions].reverse().filter((i) => {
    const kept = i.target.kind === "buffer" || wanted.has(i.target.value);
    if (kept) i.args.forEach(want);
    return kept;
  }).reverse();
}

/** The steps without zeros that no step needs. Fields of the caller keep theirs, as does everything that other steps than kernels read. */
export function withoutNeedlessZeros(given: readonly Step[], buffers: readonly Buffer[]): readonly Step[] {
  const zeros = buffers.map(() => 0);
  for (const s of given) if (s.kind === "zero") zeros[s.buffer]! |= half(s.domain);
  if (zeros.every((z) => z === 0)) return given;
  const steps = given.flatMap((s): readonly Step[] => (s.kind === "kernel" ? onParities(s, zeros) : [s]));
  const read = buffers.map((b) => (b.external ? 3 : 0));
  const all = (b: number): void => void (read[b] = 3);
  const argument = (s: KernelStep, a: Argument): void => void (a.kind === "field" && (read[a.buffer]! |= parities(s, a)));
  for (const s of steps) {
    if (s.kind === "kernel") {
      for (const i of s.instructions) for (const a of i.args) argument(s, a);
      for (const r of s.reductions) argument(s, r.value);
    } else if (s.kind === "solve") [...s.captured, s.rhs].forEach(all);
    else if (s.kind === "dense") denseReads(s).forEach(all);
    else if (s.kind === "samples") all(s.from);
    else if (s.kind !== "zero") s.inputs.forEach(all);
  }
  return steps.filter((s) => s.kind !== "zero" || (read[s.buffer]! & half(s.domain)) !== 0);
}
