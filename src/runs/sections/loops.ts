/** Loops as run files say them, and what may be wrong with them on a lattice. */
import { z } from "zod";
import { type Loop, lattice, pathsOf } from "../../gauge/index.ts";
import { name } from "./schema-values.ts";

/** A loop of an action. */
export const weightedLoop = z.strictObject({
  name: name.optional().describe("plaquette, rectangle, chair, parallelogram, polyakov, polyakov-space, polyakov-t, ..., and kinked in place of polyakov"),
  path: name.optional().describe("one closed path from every site, such as +x +y -x -y"),
  weight: z.number(),
});

type WeightedLoop = z.output<typeof weightedLoop>;

/** As `loopAction` takes them. */
export const loopsOf = (list: readonly WeightedLoop[]): (Loop & { readonly weight: number })[] =>
  list.map(({ name: family, path, weight }) => (family === undefined ? { path: path!, weight } : { name: family as "plaquette", weight }));

/** What is wrong with a loop on a lattice of these extents. */
export function loopProblem(loop: Loop, extents: readonly number[]): string | undefined {
  try {
    const open = pathsOf(lattice(extents, { backend: "interpret" }), loop).some((path) => extents.some((L, mu) => path.reduce((x, s) => x + (Math.abs(s) - 1 === mu ? Math.sign(s) : 0), 0) % L !== 0));
    return open ? `got the path ${"path" in loop ? String(loop.path) : loop.name}, expected one that returns to its start` : undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What is wrong with the loops of an action. */
export function loopsProblem(list: readonly WeightedLoop[], extents: readonly number[]): string | undefined {
  for (const [k, l] of list.entries()) {
    const wrong = (l.name === undefined) === (l.path === undefined) ? "got neither or both of name and path, expected one of them" : loopProblem(loopsOf([l])[0]!, extents);
    if (wrong !== undefined) return `loops[${k}]: ${wrong}`;
  }
  return undefined;
}
