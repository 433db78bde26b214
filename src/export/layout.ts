/**
 * Memory of a portable program. Intermediate fields share an arena by their lifetimes, in numbers a site; those that live through the same steps lie block by block side by
 * side, as the directions of links and forces do (fewer streams).
 */
import type { PortableBuffer, PortableProgram } from "./portable.ts";

/** A field in the arena: doubles a site before those that it shares blocks with, and inside of a block before its own. */
export interface Place {
  readonly at: number;
  readonly inner: number;
}

/** Places of the fields of a program in the arena, and of its scalars; and what all of it takes. */
export interface Places {
  readonly arena: ReadonlyMap<number, Place>;
  readonly scalars: ReadonlyMap<number, number>;
  readonly arenaEnd: number;
  readonly scalarsEnd: number;
  /** Doubles a site from a block of a buffer to its next. */
  stride(buffer: number): number;
}

/** What the program that solves leaves to the operator of a solve: memory behind its own, and the strides of the operands. */
export interface Outer {
  readonly arenaEnd: number;
  readonly scalarsEnd: number;
  readonly operands: readonly number[];
}

const isScalar = ({ scalar, role }: PortableBuffer): boolean => scalar && role.is !== "pattern" && role.is !== "input" && role.is !== "operand";

/** Fields that are handled as a whole: by the solver, and those of one parity that are cleared. */
function whole({ steps }: PortableProgram): ReadonlySet<number> {
  return new Set(steps.flatMap((s) => (s.kind === "solve" ? [s.rhs, ...s.solutions] : s.kind === "zero" ? [s.buffer] : [])));
}

/** First fit in the order of first use. `dim`: directions of links. */
export function placesOf(p: PortableProgram, dim: number, { arenaEnd: begin, scalarsEnd: scalarsBegin, operands }: Outer = { arenaEnd: 0, scalarsEnd: 0, operands: [] }): Places {
  const scalars = new Map(p.buffers.flatMap((b, k) => (isScalar(b) ? [k] : [])).map((k, n) => [k, scalarsBegin + n]));
  const alone = whole(p);
  const groups = new Map<string, number[]>();
  p.buffers.forEach(({ scalar, role, first, last }, k) => {
    if (scalar || role.is !== "work" || first < 0) return;
    const key = alone.has(k) ? `alone${k}` : `${first}-${last}`;
    groups.set(key, [...(groups.get(key) ?? []), k]);
  });
  const arena = new Map<number, Place>();
  const strides = new Map<number, number>();
  let end = begin;
  let taken: { at: number; size: number; last: number }[] = [];
  for (const members of [...groups.values()].sort(([x], [y]) => p.buffers[x!]!.first - p.buffers[y!]!.first)) {
    const { first, last } = p.buffers[members[0]!]!;
    const size = members.reduce((s, k) => s + p.buffers[k]!.components, 0);
    taken = taken.filter((t) => t.last >= first);
    let at = begin;
    let j = 0;
    for (; j < taken.length && at + size > taken[j]!.at; j++) at = taken[j]!.at + taken[j]!.size;
    taken.splice(j, 0, { at, size, last });
    let inner = 0;
    for (const k of members) {
      arena.set(k, { at, inner });
      strides.set(k, size);
      inner += p.buffers[k]!.components;
    }
    end = Math.max(end, at + size);
  }
  const stride = (k: number): number => {
    const { role, components } = p.buffers[k]!;
    if (role.is === "operand") return operands[role.index]!;
    if ((role.is === "input" || role.is === "output") && "mu" in role.port) return dim * components;
    return strides.get(k) ?? components;
  };
  return { arena, scalars, arenaEnd: end, scalarsEnd: scalarsBegin + scalars.size, stride };
}

/** Of the operator of a solve by a program with such places. */
export function outerOf(places: Places, s: { readonly captured: readonly number[]; readonly rhs: number }): Outer {
  const { arenaEnd, scalarsEnd, stride } = places;
  return { arenaEnd, scalarsEnd, operands: [...s.captured.map(stride), stride(s.rhs), stride(s.rhs)] };
}
