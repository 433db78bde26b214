/**
 * What each value of a program is: its part in the program, and what it is behind shifts, adjoints and identities, which are pushed to the operands
 * and leave no value of their own.
 */
import { type Node, type Program, type Role, domainOf, isShared } from "../../autograd/index.ts";
import { Displacements } from "./displacements.ts";
import { type LoopDomain, tensorLoop } from "../ir.ts";
import { type View, halfOf } from "./views.ts";

const NONE: readonly number[] = [];

export class Roles {
  readonly program: Program;
  readonly displacements: Displacements;
  /** Every node behind shifts, adjoints and identities. */
  readonly #base: View[] = [];
  readonly #gates: (readonly number[])[] = [];

  constructor(program: Program) {
    this.program = program;
    this.displacements = new Displacements(program.lattice);
    this.#see();
  }

  node(id: number): Node {
    return this.program.nodes[id]!;
  }
  isBarrier(id: number): boolean {
    return this.is(id, "barrier") || this.ownStep(id);
  }
  /** The inputs that a value is computed from; what `after` waits for is not among them. */
  operands(id: number): readonly number[] {
    const { inputs } = this.node(id);
    return this.waits(id) ? inputs.slice(0, 1) : inputs;
  }
  isLeaf(id: number): boolean {
    return this.is(id, "leaf");
  }
  /** A leaf that is written into the loops that use it, not read from memory. */
  inPlace(id: number): boolean {
    const { role } = this.node(id).op;
    return role?.is === "leaf" && role.inPlace === true;
  }
  is(id: number, role: Role["is"]): boolean {
    return this.node(id).op.role?.is === role;
  }
  /** Does the value wait for its second operand? */
  waits(id: number): boolean {
    const { role } = this.node(id).op;
    return role?.is === "view" && role.waits === true;
  }
  /** What has to be computed before the value, seen through others, may be. */
  gates(id: number): readonly number[] {
    return this.#gates[id]!;
  }
  gated(id: number): boolean {
    return this.#gates[id]!.length > 0;
  }
  isTransparent(id: number): boolean {
    return this.is(id, "view") && this.node(id).type.kind !== "scalar";
  }

  /** The value behind shifts, adjoints and identities. */
  view(id: number, shift = 0): View {
    const base = this.#base[id]!;
    if (shift === 0) return base;
    const sum = this.displacements.add(base.shift, shift);
    return { id: base.id, shift: sum, displacement: this.displacements.list[sum]!, dagger: base.dagger };
  }

  /** Scalar behind a broadcast, the shared one behind that of each sample. */
  scalarOf(id: number): number | undefined {
    const n = this.node(id);
    if (this.is(id, "broadcast") || this.is(id, "spread")) return this.scalarOf(n.inputs[0]!);
    return n.type.kind === "scalar" ? id : undefined;
  }

  /** Sites over which the loop of a stored value runs. */
  loopDomain(id: number): LoopDomain {
    const n = this.node(id);
    if (this.is(id, "barrier")) return domainOf(this.node(n.inputs[0]!).type);
    if (n.type.kind === "scalar") return isShared(n.type) ? "shared" : "one";
    if (n.type.kind === "tensor") return tensorLoop(n.type.shape);
    return domainOf(n.type);
  }

  /** Ops that are a step of their own rather than part of a loop. */
  ownStep(id: number): boolean {
    return this.is(id, "solve") || this.is(id, "dense") || this.is(id, "join") || this.is(id, "samples") || this.is(id, "contraction") || this.is(id, "loop");
  }

  #see(): void {
    this.program.nodes.forEach((n, id) => {
      if (!this.isTransparent(id)) {
        this.#base.push({ id, shift: 0, displacement: this.displacements.list[0]!, dagger: false });
        this.#gates.push(NONE);
        return;
      }
      const inner = this.#base[n.inputs[0]!]!;
      const role = n.op.role as Role & { readonly is: "view" };
      const shift = role.displacement ? this.displacements.add(inner.shift, this.displacements.of(role.displacement(n.attributes))) : inner.shift;
      const seen = { id: inner.id, shift, displacement: this.displacements.list[shift]!, dagger: inner.dagger !== (role.adjoint === true) };
      this.#base.push(halfOf(seen, domainOf(n.type), this.program, this.#base, this.displacements));
      const gates = this.#gates[n.inputs[0]!]!;
      this.#gates.push(role.waits ? [...gates, n.inputs[1]!] : gates);
    });
  }
}
