/** Builds the steps of a schedule from an analysed program: kernels by stage and domain, buffers with their lifetimes. */
import { type Op, type Program, type Role, type ValueType, components, domainOf, isShared } from "../../autograd/index.ts";
import { combine } from "../../autograd/ops/combine.ts";
import { multiplyAdd } from "./accumulate.ts";
import { withoutNeedlessZeros } from "./needless-zeros.ts";
import { packSlots } from "./slots.ts";
import { type Argument, type Buffer, type DenseStepPlan, type Instruction, type KernelStep, type LoopDomain, type LoopStep, type Reduction, type Schedule, type Step, denseReads, tensorLength, tensorLoop } from "../ir.ts";
import type { Analysis } from "./analysis.ts";
import type { View } from "./views.ts";

/** Copies a value: stores a leaf, or a value seen through shifts and adjoints, as it is seen. */
export const copyOp: Op = {
  name: "copy",
  infer: ([t]) => t!,
  vjp: () => [],
  site: (_b, [x], _attributes, types) => Array.from({ length: components(types[0]!) }, (_, i) => x!(i)),
};

/** How often each value is an operand. */
export function usesOf(analysis: Analysis): number[] {
  const uses = analysis.program.nodes.map(() => 0);
  uses.forEach((_, id) => {
    if (analysis.isTransparent(id) || (!analysis.isLeaf(id) && analysis.demands[id]!.size === 0)) return;
    for (const i of analysis.operands(id)) uses[analysis.view(i).id]!++;
  });
  return uses;
}

interface Product {
  readonly coefficient: number;
  readonly op: Op;
  readonly factors: readonly { readonly node: number; readonly shift: number; readonly flip: boolean }[];
}

type Draft = { domain: LoopDomain; instructions: Instruction[]; reductions: Reduction[]; values: Map<string, number>; slotTypes: ValueType[] };

export class Scheduler {
  readonly #a: Analysis;
  readonly #program: Program;
  readonly #buffers: Buffer[] = [];
  readonly #bufferOf = new Map<number, number>();
  /** Steps before they are ordered: stage, position inside the stage, step. */
  readonly #ordered: { stage: number; rank: number; make: () => Step }[] = [];
  readonly #drafts = new Map<number, Draft>();
  readonly #systems = new Map<string, { readonly shifts: number[]; readonly solutions: number[]; readonly ids: number[] }>();
  readonly #products = new Map<string, { readonly outputs: DenseStepPlan["outputs"][number][]; readonly ids: number[] }>();
  readonly #loops = new Map<string, LoopStep["outputs"][number][]>();
  /** How often each value is an operand. */
  readonly #uses: readonly number[];

  constructor(analysis: Analysis) {
    this.#a = analysis;
    this.#program = analysis.program;
    this.#uses = usesOf(analysis);
  }

  build(): Schedule {
    const { nodes, inputs, outputs } = this.#program;
    const inputBuffers = inputs.map((id, index) => this.#assign(id, { type: nodes[id]!.type, external: { side: "input", index }, first: -1, last: -1 }));
    const copies: { view: View; type: ValueType; buffer: number }[] = [];
    const outputBuffers = outputs.map((id, index) => {
      const view = this.#a.view(id);
      const type = nodes[id]!.type;
      const buffer: Buffer = { type, external: { side: "output", index }, first: -1, last: -1 };
      const plain = this.#a.stored.has(view.id) && !this.#bufferOf.has(view.id) && this.#straight(view, type);
      if (plain) return this.#assign(view.id, buffer);
      this.#buffers.push(buffer);
      copies.push({ view, type, buffer: this.#buffers.length - 1 });
      return this.#buffers.length - 1;
    });
    this.#joinParities();
    nodes.forEach((_, id) => {
      if (this.#a.stored.has(id) && !this.#a.isLeaf(id)) this.#emit(id);
    });
    for (const { view, type, buffer } of copies) this.#copy(view, type, buffer);
    const steps = withoutNeedlessZeros(this.#ordered.sort((x, y) => x.stage - y.stage || x.rank - y.rank).map((o) => o.make()), this.#buffers);
    lifetimes(steps, this.#buffers);
    return { buffers: this.#buffers, steps, inputs: inputBuffers, outputs: outputBuffers };
  }

  #assign(id: number, buffer: Buffer): number {
    this.#buffers.push(buffer);
    this.#bufferOf.set(id, this.#buffers.length - 1);
    return this.#buffers.length - 1;
  }

  /** Buffer of a stored value or leaf. */
  #buffer(id: number): number {
    const known = this.#bufferOf.get(id);
    if (known !== undefined) return known;
    const n = this.#a.node(id);
    const { role } = n.op;
    const data = role?.is === "leaf" ? role.data?.(n.attributes) : undefined;
    return this.#assign(id, { type: n.type, ...(data ? { data } : {}), first: -1, last: -1 });
  }

  /** Values on one parity that only feed a merge or extend are written straight into its memory. */
  #joinParities(): void {
    this.#program.nodes.forEach((n, id) => {
      if (!this.#a.is(id, "join") || this.#a.demands[id]!.size === 0) return;
      const buffer = this.#buffer(id);
      for (const i of n.inputs) {
        const v = this.#a.view(i);
        if (this.#movable(v, this.#a.node(i).type)) this.#bufferOf.set(v.id, buffer);
      }
    });
  }

  #movable(v: View, seen: ValueType): boolean {
    return this.#a.stored.has(v.id) && !this.#bufferOf.has(v.id) && !this.#a.ownStep(v.id) && this.#straight(v, seen);
  }

  /** Is the value seen as it is? A field on all sites and its half behind a restriction are two. */
  #straight(v: View, seen: ValueType): boolean {
    return !v.dagger && v.shift === 0 && domainOf(seen) === domainOf(this.#a.node(v.id).type);
  }

  #emit(id: number): void {
    const n = this.#a.node(id);
    if (this.#a.demands[id]!.size === 0) return;
    const stage = this.#a.stages[id]!;
    if (this.#a.is(id, "solve")) {
      this.#solve(id, stage);
      return;
    }
    if (this.#a.is(id, "contraction")) {
      const [inputs, output] = [n.inputs.map((i) => this.#plain(i, stage)), this.#buffer(id)];
      const types = n.inputs.map((i) => this.#a.node(i).type);
      this.#ordered.push({ stage, rank: 2, make: () => ({ kind: "contraction", op: n.op, attributes: n.attributes, inputs, types, output }) });
      return;
    }
    if (this.#a.is(id, "samples")) {
      const [from, to] = [this.#plain(n.inputs[0]!, stage), this.#buffer(id)];
      this.#ordered.push({ stage, rank: 2, make: () => ({ kind: "samples", from, to }) });
      return;
    }
    if (this.#a.is(id, "dense")) {
      this.#dense(id, stage);
      return;
    }
    if (this.#a.is(id, "loop")) {
      this.#loop(id, stage);
      return;
    }
    if (this.#a.is(id, "join")) {
      const buffer = this.#buffer(id);
      for (const i of n.inputs) {
        const [v, seen] = [this.#a.view(i), this.#a.node(i).type];
        // one half may also be the other, displaced
        if (this.#bufferOf.get(v.id) !== buffer || !this.#straight(v, seen)) this.#copyAt(stage, v, seen, buffer);
      }
      if (n.inputs.length === 1) {
        const domain = domainOf(this.#a.node(n.inputs[0]!).type) === "even" ? "odd" : "even";
        this.#ordered.push({ stage, rank: 2, make: () => ({ kind: "zero", buffer, domain }) });
      }
      return;
    }
    const domain = this.#a.loopDomain(id);
    const draft = this.#draft(this.#a.kernels[id]!, stage, domain);
    if (this.#a.is(id, "barrier")) {
      const value = this.#argument(draft, n.inputs[0]!, 0, domain);
      draft.reductions.push({ value, buffer: this.#buffer(id) });
      return;
    }
    this.#instruction(draft, id, 0, domain, { kind: "buffer", buffer: this.#buffer(id) });
  }

  /** Solves of one operator and right-hand side that differ in their shift are one step. */
  #solve(id: number, stage: number): void {
    const { op, inputs, attributes } = this.#a.node(id);
    const { operator, shift, tolerance, maxIterations, method, modes, mixed } = (op.role as Role & { readonly is: "solve" }).system(attributes);
    const special = { ...(method === "cg" ? {} : { method }), ...(modes > 0 ? { modes } : {}), ...(mixed ? { mixed } : {}) };
    const alone = Object.keys(special).length > 0 ? `${JSON.stringify(special)}${shift}` : "";
    const key = `${stage}|${inputs.map((i) => JSON.stringify(this.#a.view(i))).join()}|${tolerance}|${maxIterations}|${alone}|${operator.key}`;
    let system = this.#systems.get(key);
    if (!system) {
      const operands = inputs.map((i) => this.#plain(i, stage));
      const made = { shifts: [] as number[], solutions: [] as number[] };
      this.#systems.set(key, (system = { ...made, ids: [] }));
      this.#ordered.push({
        stage,
        rank: 2,
        make: () => ({ kind: "solve", operator, captured: operands.slice(0, -1), rhs: operands[operands.length - 1]!, ...made, tolerance, maxIterations, ...special }),
      });
    }
    const same = system.shifts.indexOf(shift);
    // values of two names are one solution
    if (same >= 0) return this.#copyAt(stage + 0.5, this.#a.view(system.ids[same]!), this.#a.node(id).type, this.#buffer(id));
    system.shifts.push(shift);
    system.solutions.push(this.#buffer(id));
    system.ids.push(id);
  }

  /** A determinant and its derivatives are one step; values of two names are one result. */
  #dense(id: number, stage: number): void {
    const { op, inputs, attributes } = this.#a.node(id);
    const { factors, gradient, positive, overlap } = (op.role as Role & { readonly is: "dense" }).work(attributes);
    const key = `${JSON.stringify(overlap)}|${stage}|${inputs.map((i) => JSON.stringify(this.#a.view(i))).join()}|${positive}|${factors.map((f) => `${f.inverse}${f.operator.key}`).join()}`;
    let product = this.#products.get(key);
    if (!product) {
      const operands = inputs.map((i) => this.#plain(i, stage));
      const made: DenseStepPlan["outputs"][number][] = [];
      this.#products.set(key, (product = { outputs: made, ids: [] }));
      let first = 0;
      const captured = factors.map(({ operator, inverse }) => {
        const count = operator.inputs.length - 1;
        return { operator, inverse, captured: operands.slice(first, (first += count)) };
      });
      this.#ordered.push({ stage, rank: 2, make: () => ({ kind: "dense", factors: captured, outputs: made, positive, ...(overlap ? { overlap: { ...overlap, mass: operands[first]! } } : {}) }) });
    }
    const same = product.outputs.findIndex((o) => o.gradient?.factor === gradient?.factor && o.gradient?.input === gradient?.input);
    if (same >= 0) return this.#copyAt(stage + 0.5, this.#a.view(product.ids[same]!), this.#a.node(id).type, this.#buffer(id));
    product.outputs.push({ buffer: this.#buffer(id), ...(gradient ? { gradient } : {}) });
    product.ids.push(id);
  }

  /** The values of a loop are made by one step. */
  #loop(id: number, stage: number): void {
    const { op, inputs: from, attributes } = this.#a.node(id);
    const { output, ...work } = (op.role as Role & { readonly is: "loop" }).work(attributes);
    const key = `${stage}|${from.map((i) => JSON.stringify(this.#a.view(i))).join()}|${work.count}|${work.checkpoints}|${work.body.key}|${work.back?.key}`;
    let outputs = this.#loops.get(key);
    // the same loop once more, for a checkpoint region, is a step of its own
    if (!outputs || outputs.some((o) => o.output === output)) {
      const inputs = from.map((i) => this.#plain(i, stage));
      const made: LoopStep["outputs"][number][] = [];
      this.#loops.set(key, (outputs = made));
      this.#ordered.push({ stage, rank: 2, make: () => ({ kind: "loop", ...work, inputs, outputs: made }) });
    }
    outputs.push({ output, buffer: this.#buffer(id) });
  }

  /** Emits the instructions of one value: sums of products as chains of multiply-add, everything else as one call. */
  #instruction(draft: Draft, id: number, d: number, domain: LoopDomain, target: Instruction["target"]): void {
    const n = this.#a.node(id);
    const { role } = n.op;
    const coefficients = role?.is === "combination" ? role.coefficients(n.attributes) : [];
    const products = coefficients.map((c, k) => this.#product(draft, n.inputs[k]!, d, c));
    const chain = products.filter((p) => p !== undefined);
    const size = Math.abs(chain[0]?.coefficient ?? 0);
    const startable = chain.some((p) => p.coefficient > 0) || (size === 1 && chain.length < n.inputs.length);
    if (chain.length < 2 || !startable || chain.some((p) => Math.abs(p.coefficient) !== size)) {
      const args = this.#a.operands(id).map((i) => this.#argument(draft, i, d, domain));
      draft.instructions.push({ op: n.op, attributes: n.attributes, args, type: n.type, target });
      return;
    }
    const others = n.inputs.map((i, k) => ({ i, c: coefficients[k]! })).filter((_, k) => products[k] === undefined);
    const fold = size === 1;
    let sum: Argument | undefined;
    if (fold && others.length > 0) sum = this.#combine(draft, others.map((o) => this.#argument(draft, o.i, d, domain)), others.map((o) => o.c), n.type, undefined);
    const start = chain.findIndex((p) => p.coefficient > 0);
    if (start > 0) chain.unshift(chain.splice(start, 1)[0]!);
    for (const [k, p] of chain.entries()) {
      const last = k === chain.length - 1;
      const own: Instruction["target"] = last && fold ? target : this.#slot(draft, n.type);
      const [a, b] = p.factors.map(({ node, shift, flip }) => this.#factor(draft, node, shift, flip, domain));
      if (sum) draft.instructions.push({ op: multiplyAdd, attributes: { sign: Math.sign(p.coefficient) }, args: [sum, a!, b!], type: n.type, target: own });
      else draft.instructions.push({ op: p.op, attributes: {}, args: [a!, b!], type: n.type, target: own });
      if (own.kind === "slot") sum = { ...own, dagger: false, type: n.type };
    }
    if (!fold) this.#combine(draft, [sum!, ...others.map((o) => this.#argument(draft, o.i, d, domain))], [size, ...others.map((o) => o.c)], n.type, target);
  }

  #slot(draft: Draft, type: ValueType): { kind: "slot"; slot: number; value: number } {
    draft.slotTypes.push(type);
    const value = draft.slotTypes.length - 1;
    return { kind: "slot", slot: value, value };
  }

  #combine(draft: Draft, args: Argument[], coefficients: number[], type: ValueType, target: Instruction["target"] | undefined): Argument {
    const to = target ?? this.#slot(draft, type);
    draft.instructions.push({ op: combine, attributes: { coefficients }, args, type, target: to });
    return { kind: "slot", slot: to.kind === "slot" ? to.slot : -1, value: to.kind === "slot" ? to.value : -1, dagger: false, type };
  }

  /** An operand of a sum that is a product used nowhere else, seen through its adjoint: (A B)^+ = B^+ A^+. */
  #product(draft: Draft, i: number, d: number, coefficient: number): Product | undefined {
    const v = this.#a.view(i, d);
    const n = this.#a.node(v.id);
    if (!this.#a.is(v.id, "product") || this.#uses[v.id] !== 1 || this.#a.stored.has(v.id)) return undefined;
    if (draft.values.has(`${v.id}@${v.shift}`)) return undefined;
    const factors = n.inputs.map((node) => ({ node, shift: v.shift, flip: v.dagger }));
    return { coefficient, op: n.op, factors: v.dagger ? factors.reverse() : factors };
  }

  #factor(draft: Draft, node: number, d: number, flip: boolean, domain: LoopDomain): Argument {
    const a = this.#argument(draft, node, d, domain);
    return flip && a.kind !== "scalar" ? { ...a, dagger: !a.dagger } : a;
  }

  /** Buffer that holds an operand of a step as it is seen. */
  #plain(i: number, stage: number): number {
    const v = this.#a.view(i);
    if (this.#straight(v, this.#a.node(i).type) && this.#a.inMemory(v.id) && !this.#a.inPlace(v.id)) return this.#buffer(v.id);
    const buffer = this.#buffers.push({ type: this.#a.node(i).type, first: -1, last: -1 }) - 1;
    // what is copied may get a buffer of its own now
    this.#copyAt(stage, v, this.#a.node(i).type, buffer);
    return buffer;
  }

  /** Copies after everything of the view's own stage is known. */
  #copy(view: View, type: ValueType, buffer: number): void {
    this.#copyAt(this.#a.stages[view.id]! + 1, view, type, buffer);
  }

  /** Copies in a kernel of its own at the beginning of a stage. */
  #copyAt(stage: number, view: View, type: ValueType, buffer: number): void {
    const domain = loopOver(type);
    const draft: Draft = { domain, instructions: [], reductions: [], values: new Map(), slotTypes: [] };
    const source = this.#a.node(view.id);
    const arg: Argument =
      this.#a.inPlace(view.id) || this.#a.is(view.id, "broadcast")
        ? this.#viewArgument(draft, view, domain)
        : type.kind === "scalar"
          ? { kind: "scalar", buffer: this.#buffer(view.id), dagger: false, type }
          : { kind: "field", buffer: this.#buffer(view.id), displacement: view.displacement, dagger: view.dagger, type: source.type };
    draft.instructions.push({ op: copyOp, attributes: {}, args: [arg], type, target: { kind: "buffer", buffer } });
    this.#ordered.push({ stage, rank: 0, make: () => finish(draft) });
  }

  #draft(kernel: number, stage: number, domain: LoopDomain): Draft {
    let d = this.#drafts.get(kernel);
    if (!d) {
      const made: Draft = { domain, instructions: [], reductions: [], values: new Map(), slotTypes: [] };
      this.#drafts.set(kernel, made);
      this.#ordered.push({ stage, rank: domain === "shared" ? 0.4 : tensorLength(domain) !== undefined ? 0.6 : domain === "one" ? 0.5 : 1, make: () => finish(made) });
      d = made;
    }
    return d;
  }

  #argument(draft: Draft, i: number, d: number, domain: LoopDomain): Argument {
    const scalar = this.#a.scalarOf(i);
    if (scalar !== undefined) return { kind: "scalar", buffer: this.#buffer(scalar), dagger: false, type: this.#a.node(scalar).type };
    return this.#viewArgument(draft, this.#a.view(i, d), domain);
  }

  #viewArgument(draft: Draft, v: View, domain: LoopDomain): Argument {
    const n = this.#a.node(v.id);
    const scalar = this.#a.scalarOf(v.id);
    if (scalar !== undefined) return { kind: "scalar", buffer: this.#buffer(scalar), dagger: false, type: this.#a.node(scalar).type };
    if (this.#a.inMemory(v.id))
      return { kind: "field", buffer: this.#buffer(v.id), displacement: v.displacement, dagger: v.dagger, type: n.type };
    const key = `${v.id}@${v.shift}`;
    let slot = draft.values.get(key);
    if (slot === undefined) {
      const target = this.#slot(draft, n.type);
      slot = target.slot;
      this.#instruction(draft, v.id, v.shift, domain, target);
      draft.values.set(key, slot);
    }
    return { kind: "slot", slot, value: slot, dagger: v.dagger, type: n.type };
  }
}

/** Loop that stores a value of this type. */
function loopOver(type: ValueType): LoopDomain {
  if (type.kind === "scalar") return isShared(type) ? "shared" : "one";
  return type.kind === "tensor" ? tensorLoop(type.shape) : domainOf(type);
}

function finish(draft: Draft): KernelStep {
  return { kind: "kernel", domain: draft.domain, ...packSlots(draft.instructions, draft.reductions) };
}

/** First and last step in which each buffer is used. */
export function lifetimes(steps: readonly Step[], buffers: readonly Buffer[]): void {
  const touch = (b: number, k: number): void => {
    const x = buffers[b]!;
    if (x.first < 0) x.first = k;
    x.last = Math.max(x.last, k);
  };
  steps.forEach((s, k) => {
    if (s.kind === "zero") touch(s.buffer, k);
    else if (s.kind === "contraction") for (const b of [...s.inputs, s.output]) touch(b, k);
    else if (s.kind === "samples") for (const b of [s.from, s.to]) touch(b, k);
    else if (s.kind === "solve") for (const b of [...s.captured, s.rhs, ...s.solutions]) touch(b, k);
    else if (s.kind === "loop") for (const b of [...s.inputs, ...s.outputs.map((o) => o.buffer)]) touch(b, k);
    else if (s.kind === "dense") for (const b of [...denseReads(s), ...s.outputs.map((o) => o.buffer)]) touch(b, k);
    else {
      for (const i of s.instructions) {
        for (const a of i.args) if (a.kind !== "slot") touch(a.buffer, k);
        if (i.target.kind === "buffer") touch(i.target.buffer, k);
      }
      for (const r of s.reductions) {
        if (r.value.kind !== "slot") touch(r.value.buffer, k);
        touch(r.buffer, k);
      }
    }
  });
}
