/**
 * A program as the engine computes it: shifts, adjoints and identities are part of how an operand is seen, and everything else is an item. Where an adjoint cannot
 * be left to a product, it is an item of its own.
 */
import type { Node, Op, Program, Role, ValueType } from "../../autograd/index.ts";
import { adjOp } from "../../autograd/ops/adj.ts";
import { Displacements } from "../analysis/displacements.ts";

/** A value as an operand of another. */
export interface Seen {
  readonly item: number;
  /** Number of the displacement. */
  readonly shift: number;
  readonly dagger: boolean;
  /** Type as it is seen. */
  readonly type: ValueType;
}

/** A value that is computed: the node of the program, or the adjoint of one. */
export interface Item {
  readonly op: Op;
  readonly node: Node;
  readonly type: ValueType;
  readonly operands: readonly Seen[];
  /** What has to be computed before. */
  readonly after: readonly number[];
}

/** Items by number, which is that of their node for all but adjoints; undefined for what is only seen. */
export interface Items {
  readonly items: readonly (Item | undefined)[];
  readonly outputs: readonly Seen[];
  /** The adjoint of an item that is an item. */
  readonly adjoints: ReadonlyMap<number, number>;
  readonly displacements: Displacements;
}

export const isTransparent = (n: Node): boolean => n.op.role?.is === "view" && n.type.kind !== "scalar";

export function itemsOf(program: Program): Items {
  const { nodes, outputs } = program;
  const displacements = new Displacements(program.lattice);
  const seen: Seen[] = [];
  const gates: (readonly number[])[] = [];
  const items: (Item | undefined)[] = nodes.map(() => undefined);
  const adjoints = new Map<number, number>();
  const straight = (s: Seen): Seen => {
    if (!s.dagger) return s;
    let item = adjoints.get(s.item);
    if (item === undefined) {
      const of = items[s.item]!;
      const operand: Seen = { item: s.item, shift: 0, dagger: false, type: of.type };
      item = items.push({ op: adjOp, node: { ...of.node, op: adjOp, inputs: [s.item], attributes: {} }, type: of.type, operands: [operand], after: [s.item] }) - 1;
      adjoints.set(s.item, item);
    }
    return { item, shift: s.shift, dagger: false, type: s.type };
  };
  nodes.forEach((n, id) => {
    const waits = n.op.role?.is === "view" && n.op.role.waits ? [seen[n.inputs[1]!]!.item, ...gates[n.inputs[1]!]!] : [];
    if (isTransparent(n)) {
      const inner = seen[n.inputs[0]!]!;
      const role = n.op.role as Role & { readonly is: "view" };
      const shift = role.displacement ? displacements.add(inner.shift, displacements.of(role.displacement(n.attributes))) : inner.shift;
      seen.push({ item: inner.item, shift, dagger: inner.dagger !== (role.adjoint === true), type: n.type });
      gates.push([...gates[n.inputs[0]!]!, ...waits]);
      return;
    }
    const from = n.op.role?.is === "view" ? n.inputs.slice(0, 1) : n.inputs;
    const operands = from.map((i) => (n.op.role?.is === "product" ? seen[i]! : straight(seen[i]!)));
    const after = new Set([...operands.map((o) => o.item), ...from.flatMap((i) => gates[i]!), ...waits]);
    items[id] = { op: n.op, node: n, type: n.type, operands, after: [...after] };
    seen.push({ item: id, shift: 0, dagger: false, type: n.type });
    gates.push([]);
  });
  const results = outputs.map((id) => straight(seen[id]!));
  return { items, outputs: results, adjoints, displacements };
}
