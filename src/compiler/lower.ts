/**
 * Program -> schedule. Shifts and adjoints are pushed to the operands; a value needed at several displacements, in several
 * kernels, or outside a kernel is stored when storing costs less than computing it again; stored values of one stage and one domain
 * share a kernel.
 *
 * A stage is the number of barriers before a value: loading a stored field at a displacement, or on another domain, or using a sum or the
 * result of a solver, needs the next stage.
 */
import { type Displacement, type Domain, addDisplacements } from "../autograd/lattice.ts";
import type { Node, Program } from "../autograd/tape.ts";
import { components, domainOf } from "../autograd/types.ts";
import { Scheduler } from "./schedule.ts";
import type { Schedule } from "./ir.ts";

/** Arithmetic operations that cost as much as storing and loading one real (measured ratio of a cached load and store). */
const STORE_COST = 48;

/** A node seen through shifts, adjoints and identities. */
export interface View {
  readonly id: number;
  readonly displacement: Displacement;
  readonly dagger: boolean;
}

/** Ops that only rename or move their input. */
const TRANSPARENT = new Set(["shift", "adj", "restrict", "alias", "detach", "after"]);
/** Ops whose result is never computed inside a consumer's loop. */
const BARRIERS = new Set(["sum", "merge", "extend", "solve"]);
/** Ops that are a step of their own rather than part of a loop. */
const OWN_STEP = new Set(["solve", "merge", "extend"]);
const LEAVES = new Set(["input", "constant", "number", "unit"]);

export class Analysis {
  readonly program: Program;
  /** Ids that are written to memory. */
  readonly stored = new Set<number>();
  /** Displacements at which a site value is needed. */
  readonly demands: Map<string, Displacement>[] = [];
  readonly stages: number[] = [];
  readonly #kernels = new Map<number, Set<string>>();

  constructor(program: Program) {
    this.program = program;
    program.nodes.forEach((n, id) => {
      if (this.isBarrier(id)) this.stored.add(id);
      if (n.type.kind === "scalar" && n.op.site && n.op.name !== "number") this.stored.add(id);
      if (n.op.name === "solve" || n.op.name === "merge" || n.op.name === "extend") for (const i of n.inputs) this.#storeSource(i);
    });
    for (const id of program.outputs) this.#storeSource(id);
    for (;;) {
      this.#demand();
      this.#stage();
      if (!this.#storeShared()) break;
    }
  }

  node(id: number): Node {
    return this.program.nodes[id]!;
  }
  isBarrier(id: number): boolean {
    return BARRIERS.has(this.node(id).op.name);
  }
  isLeaf(id: number): boolean {
    return LEAVES.has(this.node(id).op.name);
  }
  isTransparent(id: number): boolean {
    const n = this.node(id);
    return TRANSPARENT.has(n.op.name) && n.type.kind !== "scalar";
  }

  /** The value behind shifts, adjoints and identities. */
  view(id: number, displacement?: Displacement): View {
    let d = displacement ?? this.program.lattice.wrap([]);
    let dagger = false;
    for (;;) {
      const n = this.node(id);
      if (!this.isTransparent(id)) return { id, displacement: d, dagger };
      if (n.op.name === "shift") d = this.program.lattice.wrap(addDisplacements(d, n.attributes["displacement"] as Displacement));
      if (n.op.name === "adj") dagger = !dagger;
      id = n.inputs[0]!;
    }
  }

  /** Scalar behind a broadcast. */
  scalarOf(id: number): number | undefined {
    const n = this.node(id);
    if (n.type.kind === "scalar") return id;
    return n.op.name === "broadcast" ? n.inputs[0]! : undefined;
  }

  /** A value outside a kernel has to be stored as it is seen, unless it is a plain stored value or an input. */
  #storeSource(id: number): void {
    const v = this.view(id);
    if (!this.isLeaf(v.id)) this.stored.add(v.id);
  }

  /** Displacements at which each value is needed, consumers before producers. */
  #demand(): void {
    const { nodes, lattice } = this.program;
    const zero = lattice.wrap([]);
    this.demands.length = 0;
    nodes.forEach(() => this.demands.push(new Map()));
    const need = (id: number, d: Displacement): void => {
      const v = this.view(id, d);
      this.demands[v.id]!.set(v.displacement.join(","), v.displacement);
    };
    for (const id of this.program.outputs) need(id, zero);
    const used = (id: number): boolean => this.demands[id]!.size > 0;
    for (let id = nodes.length - 1; id >= 0; id--) {
      const n = nodes[id]!;
      if (this.isTransparent(id) || this.isLeaf(id) || !used(id)) continue;
      if (!this.stored.has(id) && this.#worthStoring(id)) this.stored.add(id);
      const at = this.stored.has(id) ? [zero] : [...this.demands[id]!.values()];
      for (const d of at) for (const i of n.inputs) need(i, this.node(i).type.kind === "scalar" ? zero : d);
    }
  }

  #worthStoring(id: number): boolean {
    const k = this.demands[id]!.size;
    return k > 1 && (k - 1) * this.#cost(id, 2) > STORE_COST * components(this.node(id).type);
  }

  /** Operations to compute a value, looking through a few levels of values that are not stored. */
  #cost(id: number, depth: number): number {
    const n = this.node(id);
    if (this.isLeaf(id) || this.isTransparent(id)) return 0;
    const own = n.op.cost?.(n.inputs.map((i) => this.node(i).type), n.attributes) ?? 0;
    if (depth === 0) return own;
    let sum = own;
    for (const i of n.inputs) {
      const v = this.view(i).id;
      if (!this.stored.has(v)) sum += this.#cost(v, depth - 1);
    }
    return sum;
  }

  /** What a stored value's loop loads and computes: visited once for every (value, displacement). */
  traverse(root: number, visit: { load?(v: View): void; compute?(id: number, d: Displacement): void; gate?(id: number): void }): void {
    const zero = this.program.lattice.wrap([]);
    const seen = new Set<string>();
    const inputsOf = (id: number, d: Displacement): void => {
      for (const i of this.node(id).inputs) {
        const scalar = this.scalarOf(i);
        if (visit.gate) for (let t = i; this.isTransparent(t); t = this.node(t).inputs[0]!) if (this.node(t).op.name === "after") visit.gate(this.node(t).inputs[1]!);
        if (scalar !== undefined) visit.load?.({ id: scalar, displacement: zero, dagger: false });
        else walk(this.view(i, d));
      }
    };
    const walk = (v: View): void => {
      const inner = this.scalarOf(v.id);
      if (inner !== undefined) return visit.load?.({ id: inner, displacement: zero, dagger: false });
      if (this.stored.has(v.id) || (this.isLeaf(v.id) && this.node(v.id).op.name !== "unit")) return visit.load?.(v);
      const key = `${v.id}@${v.displacement.join(",")}`;
      if (seen.has(key)) return;
      seen.add(key);
      visit.compute?.(v.id, v.displacement);
      inputsOf(v.id, v.displacement);
    };
    inputsOf(root, zero);
  }

  /** Sites over which the loop of a stored value runs. */
  loopDomain(id: number): Domain | "one" {
    const n = this.node(id);
    if (n.op.name === "sum") return domainOf(this.node(n.inputs[0]!).type);
    return n.type.kind === "scalar" ? "one" : domainOf(n.type);
  }

  /** Ops that are a step of their own rather than part of a loop. */
  ownStep(id: number): boolean {
    return OWN_STEP.has(this.node(id).op.name);
  }

  /** Stage of every value, and the kernels in which a value that is not stored is computed. */
  #stage(): void {
    const { nodes } = this.program;
    this.stages.length = 0;
    this.#kernels.clear();
    nodes.forEach((n, id) => {
      let stage = 0;
      if (!this.stored.has(id) || this.isLeaf(id)) {
        for (const i of n.inputs) stage = Math.max(stage, this.stages[i]!);
        this.stages.push(stage);
        return;
      }
      const domain = this.loopDomain(id);
      this.traverse(id, {
        load: (v) => (stage = Math.max(stage, this.stages[v.id]! + (this.#sameLoop(v, domain, id) ? 0 : 1))),
        gate: (g) => (stage = Math.max(stage, this.stages[g]!)),
      });
      this.stages.push(stage);
      if (this.ownStep(id)) return;
      const kernel = `${stage}|${domain}`;
      this.traverse(id, {
        compute: (i) => {
          const set = this.#kernels.get(i);
          if (set) set.add(kernel);
          else this.#kernels.set(i, new Set([kernel]));
        },
      });
    });
  }

  /** May the loop of `consumer` over `domain` use the value without waiting for the next stage? */
  #sameLoop(v: View, domain: Domain | "one", consumer: number): boolean {
    const n = this.node(v.id);
    if (this.isLeaf(v.id)) return true;
    if (n.op.name === "sum" || this.ownStep(v.id) || this.ownStep(consumer)) return false;
    if (n.type.kind === "scalar") return true;
    return this.loopDomain(v.id) === domain && v.displacement.every((x) => x === 0);
  }

  /**
   * Stores values that several kernels would compute again at a higher cost, those nearest to their consumers first: what only serves to
   * compute a stored value need not be stored itself. True when something changed.
   */
  #storeShared(): boolean {
    const candidates = new Set<number>();
    for (const [id, kernels] of this.#kernels) {
      const k = kernels.size;
      if (k > 1 && (k - 1) * this.#cost(id, 3) > STORE_COST * components(this.node(id).type)) candidates.add(id);
    }
    const covered = new Set<number>();
    for (const id of candidates)
      for (const i of this.node(id).inputs) {
        const v = this.view(i).id;
        if (candidates.has(v)) covered.add(v);
      }
    let changed = false;
    for (const id of candidates) {
      if (covered.has(id)) continue;
      this.stored.add(id);
      changed = true;
    }
    return changed;
  }
}

/** Compiles a program to a schedule of kernels. */
export function lower(program: Program): Schedule {
  return new Scheduler(new Analysis(program)).build();
}
