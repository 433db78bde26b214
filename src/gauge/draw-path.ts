/** Pictures of paths in text. */
import { type Lattice, kind } from "../autograd/index.ts";
import { type Path, parsePath, pathText } from "./loops.ts";
import { guard } from "../util/index.ts";
import { aPath } from "./kinds.ts";

/** One step on the page along the first, second, third and fourth axis of a path: columns, rows (downwards). */
const PAGE = [
  [6, 0],
  [0, -3],
  [2, -2],
  [-2, -2],
] as const;
const NAMES = ["right", "up", "up right", "up left"];

/**
 * A path as a picture: its axes in the order of their first use point right, up, up right, up left; `o` is the start, `+` the other
 * sites, arrows give the sense. The first line names the steps and axes.
 * ```
 * +x +y -x -y   (right x, up y)
 * +--<--+
 * v     |
 * |     ^
 * o-->--+
 * ```
 */
export function drawPath(lattice: Lattice, path: Path | string): string {
  guard("drawPath", { lattice: [lattice, kind.lattice], path: [path, aPath] });
  const steps = typeof path === "string" ? parsePath(lattice, path) : path;
  const axes = [...new Set(steps.map((s) => Math.abs(s)))];
  const marks = new Map<string, string>([["0,0", "o"]]);
  let [x, y] = [0, 0];
  const mark = (dx: number, dy: number, c: string): void => {
    const key = `${x + dx},${y + dy}`;
    if (!marks.has(key)) marks.set(key, c);
  };
  for (const s of steps) {
    const axis = axes.indexOf(Math.abs(s));
    const sign = Math.sign(s);
    const [dx, dy] = PAGE[axis]!.map((d) => sign * d) as [number, number];
    if (axis === 0) for (let k = 1; k < 6; k++) mark(k * sign, 0, k !== 3 ? "-" : s > 0 ? ">" : "<");
    else if (axis === 1) {
      mark(0, -sign, s > 0 ? "^" : "v");
      mark(0, -2 * sign, "|");
    } else mark(dx / 2, dy / 2, axis === 2 ? "/" : "\\");
    [x, y] = [x + dx, y + dy];
    mark(0, 0, "+");
  }
  const legend = axes.map((a, k) => `${NAMES[k]} ${lattice.axis(a - 1)}`).join(", ");
  return [`${pathText(lattice, steps)}   (${legend})`, ...page(marks)].join("\n");
}

function page(marks: ReadonlyMap<string, string>): string[] {
  const at = [...marks].map(([key, c]) => [...key.split(",").map(Number), c] as [number, number, string]);
  const [left, top] = [Math.min(...at.map(([x]) => x)), Math.min(...at.map(([, y]) => y))];
  const rows: string[][] = [];
  for (const [x, y, c] of at) {
    const row = (rows[y - top] ??= []);
    row[x - left] = c;
  }
  return Array.from(rows, (row) => Array.from(row ?? [], (c) => c ?? " ").join(""));
}
