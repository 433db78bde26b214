/**
 * Checks a schedule between the compiler's passes: everything is defined before it is used, scratch slots and buffers hold what their
 * readers expect, types and domains fit. Run by the tests on every program, and on every compilation under DEBUG=kernels.
 */
import { type Lattice, type Program, type ValueType, storedComponents, domainOf, isShared } from "../../autograd/index.ts";
import { type Argument, type Instruction, type KernelStep, type LoopStep, type Schedule, type Step, denseReads, tensorLength } from "../ir.ts";

/** Everything that is wrong with a schedule, one line each; empty for a good one. */
export function verify(schedule: Schedule, lattice: Lattice): string[] {
  const found: string[] = [];
  const { buffers, steps } = schedule;
  /** Halves of each buffer that hold values: bit 1 even, bit 2 odd. */
  const written = buffers.map((b) => (b.data || b.external?.side === "input" ? 3 : 0));
  const report = (step: number, text: string): void => void found.push(`step ${step}: ${text}`);
  steps.forEach((s, k) => {
    for (const b of buffersOf(s)) {
      if (!buffers[b]) report(k, `buffer ${b} does not exist`);
      else if (buffers[b].first > k || buffers[b].last < k) report(k, `buffer ${b} is used outside its lifetime ${buffers[b].first} to ${buffers[b].last}`);
    }
    if (found.length > 0) return;
    if (s.kind === "kernel") verifyKernel(s, schedule, lattice, written, (text) => report(k, text));
    else if (s.kind === "zero") written[s.buffer]! |= half(s.domain);
    else if (s.kind === "contraction") {
      for (const b of s.inputs) if ((written[b]! & half(domainOf(buffers[b]!.type))) === 0) report(k, `${s.op.name} reads buffer ${b} before it is written`);
      written[s.output] = 3;
    } else if (s.kind === "samples") {
      if (written[s.from] === 0) report(k, `the sum over samples reads buffer ${s.from} before it is written`);
      if (isShared(buffers[s.from]!.type) || !isShared(buffers[s.to]!.type)) report(k, `the sum over samples goes from buffer ${s.from} to ${s.to}, expected one number a sample and one for all`);
      written[s.to] = 3;
    }
    else if (s.kind === "loop") {
      for (const b of s.inputs) if ((written[b]! & half(domainOf(buffers[b]!.type))) === 0) report(k, `the loop reads buffer ${b} before it is written`);
      for (const problem of loopProblems(s, buffers)) report(k, problem);
      for (const o of s.outputs) written[o.buffer] = 3;
    } else if (s.kind === "dense") {
      for (const b of denseReads(s)) if ((written[b]! & half(domainOf(buffers[b]!.type))) === 0) report(k, `dense algebra reads buffer ${b} before it is written`);
      for (const o of s.outputs) written[o.buffer] = 3;
    } else {
      for (const b of [...s.captured, s.rhs]) if ((written[b]! & half(domainOf(buffers[b]!.type))) === 0) report(k, `the solver reads buffer ${b} before it is written`);
      for (const b of s.solutions) written[b] = 3;
    }
  });
  for (const b of schedule.outputs) {
    const need = buffers[b]!.type.kind === "scalar" ? 3 : half(domainOf(buffers[b]!.type));
    if ((written[b]! & need) !== need) found.push(`output buffer ${b} is not written on ${domainOf(buffers[b]!.type)} sites`);
  }
  return found;
}

const half = (domain: string): number => (domain === "even" ? 1 : domain === "odd" ? 2 : 3);

/** Buffers of a loop that are no place for the values that its programs take and give. */
function loopProblems({ body, back, inputs, outputs }: LoopStep, buffers: Schedule["buffers"]): string[] {
  const types = (p: Program, ids: readonly number[]): ValueType[] => ids.map((id) => p.nodes[id]!.type);
  const [steps, taken] = [types(body, body.inputs), back ? types(back, back.inputs) : []];
  const expected = [...steps.slice(0, -1), ...taken.slice(steps.length)];
  const given = back ? taken.slice(steps.length) : steps;
  const same = (b: number, t: ValueType): boolean => buffers[b]!.type.kind === t.kind && storedComponents(buffers[b]!.type) === storedComponents(t) && isShared(buffers[b]!.type) === isShared(t);
  const on = (b: number, t: ValueType): boolean => domainOf(buffers[b]!.type) === domainOf(t);
  // the half of a field lies where it does in the whole
  const holds = (b: number, t: ValueType): boolean => same(b, t) && (on(b, t) || domainOf(buffers[b]!.type) === "all");
  if (inputs.length !== expected.length) return [`the loop has ${inputs.length} operands, expected ${expected.length}`];
  return [
    ...inputs.flatMap((b, k) => (holds(b, expected[k]!) ? [] : [`the loop takes buffer ${b} for ${expected[k]!.kind}`])),
    ...outputs.flatMap((o) => (same(o.buffer, given[o.output]!) && on(o.buffer, given[o.output]!) ? [] : [`the loop writes ${given[o.output]!.kind} to buffer ${o.buffer}`])),
  ];
}

function buffersOf(s: Step): number[] {
  if (s.kind === "zero") return [s.buffer];
  if (s.kind === "contraction") return [...s.inputs, s.output];
  if (s.kind === "samples") return [s.from, s.to];
  if (s.kind === "loop") return [...s.inputs, ...s.outputs.map((o) => o.buffer)];
  if (s.kind === "solve") return [...s.captured, s.rhs, ...s.solutions];
  if (s.kind === "dense") return [...denseReads(s), ...s.outputs.map((o) => o.buffer)];
  const fields = (a: Argument): number[] => (a.kind === "slot" ? [] : [a.buffer]);
  return [
    ...s.instructions.flatMap((i) => [...i.args.flatMap(fields), ...(i.target.kind === "buffer" ? [i.target.buffer] : [])]),
    ...s.reductions.flatMap((r) => [...fields(r.value), r.buffer]),
  ];
}

function verifyKernel(s: KernelStep, { buffers }: Schedule, lattice: Lattice, written: number[], report: (text: string) => void): void {
  const holds = new Map<number, { value: number; type: ValueType }>();
  const before = [...written];
  const scalars = s.domain === "one" || s.domain === "shared";
  const loop = half(scalars ? "all" : s.domain);
  const read = (a: Argument, where: string): void => {
    if (a.kind === "slot") {
      const held = holds.get(a.slot);
      if (!held) report(`${where} reads slot ${a.slot} before it is written`);
      else if (held.value !== a.value) report(`${where} reads value ${a.value} from slot ${a.slot}, which holds value ${held.value} by then`);
      else if (held.type.kind !== a.type.kind || storedComponents(held.type) !== storedComponents(a.type))
        report(`${where} reads slot ${a.slot} as ${a.type.kind} of ${storedComponents(a.type)}, it holds ${held.type.kind} of ${storedComponents(held.type)}`);
      return;
    }
    const b = buffers[a.buffer]!;
    if (storedComponents(b.type) !== storedComponents(a.type)) report(`${where} reads buffer ${a.buffer} with ${storedComponents(a.type)} components, it has ${storedComponents(b.type)}`);
    if (a.kind === "scalar") {
      if (b.type.kind !== "scalar") report(`${where} reads buffer ${a.buffer} as a scalar, it is a field`);
      if (isShared(b.type) !== isShared(a.type)) report(`${where} reads buffer ${a.buffer} as ${isShared(a.type) ? "one number for all samples" : "one a sample"}`);
      if (s.domain === "shared" && !isShared(b.type)) report(`${where} reads the numbers of the samples in arithmetic on shared ones`);
      if (written[a.buffer] === 0) report(`${where} reads scalar ${a.buffer} before it is written`);
      return;
    }
    if (scalars) return report(`${where} loads a field in arithmetic on scalars`);
    if ((tensorLength(s.domain) !== undefined) !== (b.type.kind === "tensor")) report(`${where} reads buffer ${a.buffer}, ${b.type.kind}, in a loop over ${s.domain}`);
    if (a.displacement.length !== lattice.dim) report(`${where} loads buffer ${a.buffer} at a displacement of ${a.displacement.length} directions on a lattice of ${lattice.dim}`);
    const steps = a.displacement.reduce((n, x) => n + x, 0);
    const site = steps % 2 === 0 || s.domain === "all" ? loop : 3 - loop;
    const home = a.displacement.every((x) => x === 0);
    // a displaced site may belong to another chunk, so it has to be complete before this kernel begins
    if (((home ? written : before)[a.buffer]! & site) !== site) report(`${where} loads buffer ${a.buffer} at (${a.displacement.join(",")}) before it is written there`);
  };
  s.instructions.forEach((ins, k) => {
    const where = `instruction ${k} (${ins.op.name})`;
    for (const a of ins.args) read(a, where);
    if (ins.target.kind === "slot") {
      const { slot } = ins.target;
      if (slot < 0 || slot >= s.slots.length) report(`${where} writes slot ${slot} of ${s.slots.length}`);
      else if (s.slots[slot]! < storedComponents(ins.type)) report(`${where} writes ${storedComponents(ins.type)} components to slot ${slot} of ${s.slots[slot]!}`);
      if (ins.args.some((a) => a.kind === "slot" && a.slot === slot)) report(`${where} overwrites its operand in slot ${slot}`);
      holds.set(slot, { value: ins.target.value, type: ins.type });
    } else writeBuffer(ins, ins.target.buffer, where);
  });
  s.reductions.forEach((r, k) => {
    read(r.value, `sum ${k}`);
    if (buffers[r.buffer]!.type.kind !== "scalar") report(`sum ${k} goes to buffer ${r.buffer}, which is no scalar`);
    written[r.buffer] = 3;
  });

  function writeBuffer(ins: Instruction, buffer: number, where: string): void {
    const b = buffers[buffer]!;
    if (b.data) report(`${where} writes constant buffer ${buffer}`);
    if (storedComponents(b.type) !== storedComponents(ins.type)) report(`${where} writes ${storedComponents(ins.type)} components to buffer ${buffer} of ${storedComponents(b.type)}`);
    if ((tensorLength(s.domain) !== undefined) !== (b.type.kind === "tensor")) report(`${where} writes buffer ${buffer}, ${b.type.kind}, in a loop over ${s.domain}`);
    if (scalars !== (b.type.kind === "scalar") || (s.domain === "shared") !== isShared(b.type)) report(`${where} writes a ${b.type.kind} in a loop over ${s.domain}`);
    written[buffer]! |= loop;
  }
}
