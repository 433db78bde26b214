/** Memory of a portable program: buffers of intermediate fields share an arena by their lifetimes, in numbers a site. */
import type { PortableProgram } from "./portable.ts";

/** Offsets of the fields of a program in the arena, in doubles a site, and of its scalars; and what all of it takes. */
export interface Places {
  readonly arena: ReadonlyMap<number, number>;
  readonly scalars: ReadonlyMap<number, number>;
  readonly arenaEnd: number;
  readonly scalarsEnd: number;
}

/** First fit in the order of first use, from the given offsets on: an operator's fields lie behind those of the program that solves. */
export function placesOf(p: PortableProgram, arenaBegin = 0, scalarsBegin = 0): Places {
  const arena = new Map<number, number>();
  const scalars = new Map<number, number>();
  let end = arenaBegin;
  let taken: { at: number; size: number; last: number }[] = [];
  const work = p.buffers.map((b, k) => ({ ...b, k })).filter(({ role }) => role.is === "work" || role.is === "number" || role.is === "output" || role.is === "operand");
  for (const { k, scalar, role } of work) if (scalar && role.is !== "operand") scalars.set(k, scalarsBegin + scalars.size);
  for (const { k, components: size, first, last } of work.filter((b) => !b.scalar && b.role.is === "work" && b.first >= 0).sort((x, y) => x.first - y.first)) {
    taken = taken.filter((t) => t.last >= first);
    let at = arenaBegin;
    let j = 0;
    for (; j < taken.length && at + size > taken[j]!.at; j++) at = taken[j]!.at + taken[j]!.size;
    taken.splice(j, 0, { at, size, last });
    arena.set(k, at);
    end = Math.max(end, at + size);
  }
  return { arena, scalars, arenaEnd: end, scalarsEnd: scalarsBegin + scalars.size };
}
