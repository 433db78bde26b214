/**
 * What a program needs, before anything is scheduled. A value needed at several displacements, in several kernels, or outside a kernel is
 * stored when storing costs less than computing it again; stored values of one stage and one domain share a kernel.
 *
 * A stage is the number of barriers before a value: loading a stored field at a displacement, or on another domain, or using a sum or the
 * result of a solver or of dense algebra, needs the next stage.
 */
import { type Program, isQuaternion, storedComponents } from "../../autograd/index.ts";
import type { LoopDomain } from "../ir.ts";
import { Roles } from "./roles.ts";

/** Most fields and sums that one kernel makes: what engines and compilers do with a function grows faster than its length. */
const MAX_STORES = 256;

/** Most values that are computed one from the other in a loop before one of them is stored: what works through them calls itself. */
const MAX_DEPTH = 400;

/** What an operand is once shifts, adjoints and identities are looked through. */
interface Operand {
  readonly id: number;
  readonly shift: number;
  readonly loaded: boolean;
}

const LOOPS: readonly LoopDomain[] = ["all", "even", "odd", "one", "shared"];
/** More kinds of loops than a program has. */
const MOST_LOOPS = 1e6;

const HOME: ReadonlySet<number> = new Set([0]);

/** Both sets, one of them itself where it holds the other. */
function union(a: ReadonlySet<number> | undefined, b: ReadonlySet<number>): ReadonlySet<number> {
  if (a === undefined || a === b) return b;
  const [large, small] = a.size >= b.size ? [a, b] : [b, a];
  for (const x of small) if (!large.has(x)) return new Set([...large, ...small]);
  return large;
}

export class Analysis extends Roles {
  /** Ids that are written to memory. */
  readonly stored = new Set<number>();
  /** Displacements at which a site value is needed. */
  readonly demands: Set<number>[] = [];
  readonly stages: number[] = [];
  /** Number of the kernel in which a stored value is made, -1 for the others; those of one stage and domain are numbered in the order in which they run. */
  readonly kernels: number[] = [];
  /** What the loops over the same sites wait for, by value and displacement, and the kernel of each stage and domain that still takes values. */
  readonly #waits = new Map<string, Map<number, number>>();
  /** Loops over tensors, numbered behind the others. */
  readonly #loops: LoopDomain[] = [...LOOPS];
  readonly #open = new Map<number, number>();
  /** Values that are stored whatever it costs, and values found not worth it. */
  readonly #required = new Set<number>();
  readonly #dropped = new Set<number>();
  readonly #storeCost: number;

  constructor(program: Program, storeCost: number, kept: readonly number[] = []) {
    super(program);
    this.#storeCost = storeCost;
    for (const id of kept) this.#require(id);
    program.nodes.forEach((n, id) => {
      if (this.isBarrier(id)) this.#require(id);
      if (n.type.kind === "scalar" && n.op.site && !this.isLeaf(id) && !this.is(id, "spread")) this.#require(id);
      if (this.ownStep(id)) for (const i of n.inputs) this.#storeSource(i);
    });
    for (const id of program.outputs) this.#storeSource(id);
    this.#settle();
    if (this.#drop()) this.#settle();
    if (this.#cut()) this.#settle();
  }

  isRequired(id: number): boolean {
    return this.#required.has(id);
  }
  /** Read from memory where it is used. */
  inMemory(id: number): boolean {
    return this.stored.has(id) || (this.isLeaf(id) && !this.inPlace(id));
  }

  /** A value outside a kernel has to be stored as it is seen, unless it is a plain stored value or an input. */
  #storeSource(id: number): void {
    const v = this.view(id);
    if (!this.isLeaf(v.id)) this.#require(v.id);
  }

  #require(id: number): void {
    this.#required.add(id);
    this.stored.add(id);
  }

  #settle(): void {
    do {
      this.#demand();
      this.#stage();
    } while (this.#storeShared());
  }

  /** Displacements at which each value is needed, consumers before producers. */
  #demand(): void {
    const { nodes } = this.program;
    this.demands.length = 0;
    nodes.forEach(() => this.demands.push(new Set()));
    const need = (id: number, shift: number): void => {
      const base = this.view(id);
      this.demands[base.id]!.add(this.displacements.add(base.shift, shift));
    };
    for (const id of this.program.outputs) need(id, 0);
    for (let id = nodes.length - 1; id >= 0; id--) {
      const demands = this.demands[id]!;
      if (this.isTransparent(id) || this.isLeaf(id) || demands.size === 0) continue;
      if (!this.stored.has(id) && !this.#dropped.has(id) && this.#pays(id, demands.size, 2)) this.stored.add(id);
      const at = this.stored.has(id) ? HOME : demands;
      for (const d of at) for (const i of this.operands(id)) need(i, this.node(i).type.kind === "scalar" ? 0 : d);
    }
  }

  /** Does computing a value that is needed so many times, each time again, cost more than storing it? */
  #pays(id: number, times: number, depth: number): boolean {
    const most = (this.#storeCost * storedComponents(this.node(id).type)) / (times - 1);
    return times > 1 && this.#cost(id, depth, most) > most;
  }

  /** Operations to compute a value, looking through a few levels of values that are not stored; counted until there are more than `most`. */
  #cost(id: number, depth: number, most: number): number {
    const n = this.node(id);
    if (this.isLeaf(id) || this.isTransparent(id)) return 0;
    // half of a quaternion is computed
    let sum = (n.op.cost?.(n.inputs.map((i) => this.node(i).type), n.attributes) ?? 0) * (isQuaternion(n.type) ? 0.5 : 1);
    if (depth === 0) return sum;
    for (const i of n.inputs) {
      if (sum > most) break;
      const v = this.view(i).id;
      if (!this.stored.has(v)) sum += this.#cost(v, depth - 1, most - sum);
    }
    return sum;
  }

  /** What stands behind operand i of a value that is computed at a displacement: it is loaded, or computed in the same loop. */
  #operand(i: number, shift: number): Operand {
    const base = this.view(i);
    const scalar = this.scalarOf(i) ?? this.scalarOf(base.id);
    if (scalar !== undefined) return { id: scalar, shift: 0, loaded: true };
    const loaded = this.inMemory(base.id);
    return { id: base.id, shift: this.displacements.add(base.shift, shift), loaded };
  }

  /** Stage before which a scalar must not be computed that waits for another value. */
  #gate(id: number): number {
    return this.waits(id) ? this.stages[this.node(id).inputs[1]!]! : 0;
  }

  /** Stage of the loop of a stored value. What its operands wait for is remembered for all loops over the same sites. */
  #stageOf(root: number, domain: LoopDomain, waits: Map<number, number>): number {
    const { lattice } = this.program;
    const frames: { readonly id: number; readonly shift: number; next: number; stage: number }[] = [{ id: root, shift: 0, next: 0, stage: this.#gate(root) }];
    for (;;) {
      const top = frames[frames.length - 1]!;
      const inputs = this.operands(top.id);
      if (top.next === inputs.length) {
        frames.pop();
        const below = frames[frames.length - 1];
        if (!below) return top.stage;
        waits.set(top.id * lattice.volume + top.shift, top.stage);
        below.stage = Math.max(below.stage, top.stage);
        continue;
      }
      const i = inputs[top.next++]!;
      for (const g of this.gates(i)) top.stage = Math.max(top.stage, this.stages[g]!);
      const { id, shift, loaded } = this.#operand(i, top.shift);
      const known = loaded ? this.stages[id]! + (this.#sameLoop(id, shift, domain, root) ? 0 : 1) : waits.get(id * lattice.volume + shift);
      if (known !== undefined) top.stage = Math.max(top.stage, known);
      else frames.push({ id, shift, next: 0, stage: this.#gate(id) });
    }
  }

  /** How often each stored value is read: once for every kernel and displacement. */
  #readers(): number[] {
    const { lattice } = this.program;
    const times = this.program.nodes.map(() => 0);
    const roots: number[][] = [];
    this.kernels.forEach((kernel, id) => {
      if (kernel >= 0) (roots[kernel] ??= []).push(id);
    });
    for (const loops of roots) {
      const seen = new Set<number>();
      const stack = loops.map((id) => ({ id, shift: 0 }));
      for (let top = stack.pop(); top; top = stack.pop())
        for (const i of this.operands(top.id)) {
          const o = this.#operand(i, top.shift);
          const key = o.id * lattice.volume + o.shift;
          if (seen.has(key)) continue;
          seen.add(key);
          if (o.loaded) times[o.id]!++;
          else stack.push(o);
        }
    }
    return times;
  }

  /** Stage of every value, and the kernels in which those that are stored are made. */
  #stage(): void {
    this.stages.length = 0;
    this.kernels.length = 0;
    this.#open.clear();
    this.#waits.clear();
    const taken: number[] = [];
    this.program.nodes.forEach((n, id) => {
      this.kernels.push(-1);
      if (!this.stored.has(id) || this.isLeaf(id)) {
        this.stages.push(n.inputs.reduce((s, i) => Math.max(s, this.stages[i]!), 0));
        return;
      }
      const { stage, loop } = this.#loop(id);
      this.stages.push(stage);
      let kernel = this.#open.get(loop);
      if (kernel === undefined || taken[kernel]! >= MAX_STORES) this.#open.set(loop, (kernel = taken.push(0) - 1));
      taken[kernel]!++;
      this.kernels[id] = kernel;
    });
  }

  /** Stage of the loop of a value that is stored, and what is common to the loops of one kernel. */
  #loop(id: number): { readonly stage: number; readonly loop: number } {
    const domain = this.loopDomain(id);
    const own = this.ownStep(id) ? 1 : 0;
    let at = this.#loops.indexOf(domain);
    if (at < 0) at = this.#loops.push(domain) - 1;
    // loops over the same sites wait alike, steps of their own longer
    const key = `${own} ${domain}`;
    let waits = this.#waits.get(key);
    if (!waits) this.#waits.set(key, (waits = new Map()));
    const stage = this.#stageOf(id, domain, waits);
    return { stage, loop: 2 * (stage * MOST_LOOPS + at) + own };
  }

  /** May the loop of `consumer` over `domain` use the value without waiting for the next stage? */
  #sameLoop(id: number, shift: number, domain: LoopDomain, consumer: number): boolean {
    const n = this.node(id);
    if (this.isLeaf(id)) return true;
    if (this.is(id, "barrier") || this.ownStep(id) || this.ownStep(consumer)) return false;
    if (n.type.kind === "scalar") return true;
    return this.loopDomain(id) === domain && shift === 0;
  }

  /** Computes again what is cheaper to compute than to store, now that its operands are known to be in memory. True when something changed. */
  #drop(): boolean {
    const times = this.#readers();
    // producers first: what they cost when they are not stored is then part of their consumers' cost
    for (const id of [...this.stored].sort((a, b) => a - b)) {
      if (this.#required.has(id) || this.isLeaf(id)) continue;
      if (this.#pays(id, times[id]!, 2)) continue;
      this.#dropped.add(id);
      this.stored.delete(id);
    }
    return this.#dropped.size > 0;
  }

  /** Stores values inside of chains that are too long to be computed in one go. True when there are some. */
  #cut(): boolean {
    const depth: number[] = [];
    let changed = false;
    this.program.nodes.forEach((n, id) => {
      let d = 0;
      for (const i of n.inputs) d = Math.max(d, depth[this.view(i).id]!);
      if (this.isTransparent(id) || this.isLeaf(id) || this.stored.has(id)) depth.push(0);
      else if (d < MAX_DEPTH || this.demands[id]!.size === 0) depth.push(d + 1);
      else {
        this.#require(id);
        depth.push(0);
        changed = true;
      }
    });
    return changed;
  }

  /**
   * Stores values that several kernels would compute again at a higher cost. Consumers come before their producers, so that what only serves to compute
   * a value that is stored from now on is needed in the kernel of that value alone. True when something changed.
   */
  #storeShared(): boolean {
    let changed = false;
    // kernels in which a value is computed; consumers with the same ones share a set
    const where: (ReadonlySet<number> | undefined)[] = [];
    const single = new Map<number, ReadonlySet<number>>();
    const only = (kernel: number): ReadonlySet<number> => {
      let set = single.get(kernel);
      if (!set) single.set(kernel, (set = new Set([kernel])));
      return set;
    };
    for (let id = this.program.nodes.length - 1; id >= 0; id--) {
      if (this.isTransparent(id) || this.isLeaf(id)) continue;
      let kernels = where[id];
      where[id] = undefined;
      if (this.stored.has(id)) kernels = this.ownStep(id) || this.kernels[id]! < 0 ? undefined : only(this.kernels[id]!);
      else if (kernels && !this.#dropped.has(id) && this.#pays(id, kernels.size, 3)) {
        const { loop } = this.#loop(id);
        this.stored.add(id);
        changed = true;
        // a kernel that there is not yet is numbered by its loop
        kernels = only(this.#open.get(loop) ?? -1 - loop);
      }
      if (!kernels) continue;
      for (const i of this.operands(id)) {
        const o = this.#operand(i, 0);
        if (!o.loaded) where[o.id] = union(where[o.id], kernels);
      }
    }
    return changed;
  }
}
