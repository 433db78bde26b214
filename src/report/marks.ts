/** Marks of plots: shapes at data values, on axes that are linear or logarithmic. Each is a function from axes to an element of the drawing. */
import type { SeriesStyle } from "./palette.ts";
import type { Point } from "./series.ts";
import { plainText } from "./text.ts";

/** What the plots need of an element; the DOM library of TypeScript describes browsers and is not loaded. */
export interface SvgNode {
  textContent: string;
  readonly outerHTML: string;
  setAttribute(name: string, value: string): void;
  append(...nodes: SvgNode[]): void;
}

/** Makes an SVG element, numbers to a hundredth; what marks and a `decorate` callback draw with. */
export type Draw = (name: string, attributes: Readonly<Record<string, string | number | undefined>>, text?: string) => SvgNode;

/** The data area in the coordinates of the viewBox. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** From data to coordinates of the drawing. */
export interface Axes {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

/** Something that can be drawn once the axes are known. */
export type Mark = (draw: Draw, axes: Axes) => SvgNode;

/** Attributes of the group of a mark; what is undefined is left out. */
export type Look = Readonly<Record<string, string | number | undefined>>;

/** Domain of an axis. */
export interface Domain {
  readonly domain: readonly [number, number];
  readonly log?: boolean;
}

/** Axes over the data area of a drawing; y points up. */
export function axesOf(x: Domain, y: Domain, { left, top, width, height }: Box): Axes {
  return { x: axis(x, left, left + width), y: axis(y, top + height, top) };
}

function axis({ domain: [low, high], log = false }: Domain, from: number, to: number): (value: number) => number {
  const place = log ? Math.log : (v: number): number => v;
  const [start, length] = [place(low), place(high) - place(low)];
  return (value) => {
    const t = (place(value) - start) / length;
    return from * (1 - t) + to * t;
  };
}

/** A coordinate to a hundredth: more digits cannot be seen. */
export function rounded(value: number): string {
  return String(Number(value.toFixed(2)));
}

/** A group with a name for screen readers and one child an entry of `parts`. */
function group(draw: Draw, name: string, look: Look, parts: readonly SvgNode[]): SvgNode {
  const g = draw("g", { "aria-label": plainText(name), ...look });
  g.append(...parts);
  return g;
}

/** A filled rectangle between two corners. */
export function rectangle(name: string, [x1, y1]: readonly [number, number], [x2, y2]: readonly [number, number], look: Look): Mark {
  return (draw, { x, y }) => {
    const [a, b, c, d] = [x(x1), x(x2), y(y1), y(y2)];
    return group(draw, name, look, [draw("rect", { x: Math.min(a, b), y: Math.min(c, d), width: Math.abs(b - a), height: Math.abs(d - c) })]);
  };
}

/** Straight pieces [x1, y1, x2, y2]: error bars, lines across the plot. */
export function segments(name: string, pieces: readonly (readonly [number, number, number, number])[], look: Look): Mark {
  return (draw, { x, y }) => group(draw, name, look, pieces.map(([x1, y1, x2, y2]) => draw("line", { x1: x(x1), y1: y(y1), x2: x(x2), y2: y(y2) })));
}

/** Runs of points between those for which `holds` fails. */
function runsOf<P>(points: readonly P[], holds: (p: P) => boolean): P[][] {
  const runs: P[][] = [];
  points.forEach((p, i) => {
    if (!holds(p)) return;
    if (i === 0 || !holds(points[i - 1]!)) runs.push([]);
    runs.at(-1)!.push(p);
  });
  return runs;
}

/** A line through points; it breaks where y is NaN, and a point alone is a dot. */
export function line(name: string, points: readonly Pick<Point, "x" | "y">[], look: Look): Mark {
  return (draw, { x, y }) => {
    const d = runsOf(points, (p) => !Number.isNaN(p.y)).map((run) => `M${run.map((p) => `${rounded(x(p.x))},${rounded(y(p.y))}`).join("L")}${run.length === 1 ? "Z" : ""}`);
    return group(draw, name, { fill: "none", "stroke-linecap": "round", "stroke-linejoin": "round", ...look }, [draw("path", { d: d.join("") })]);
  };
}

/** The area between `low` and `high`; it breaks where one of them is NaN. */
export function area(name: string, points: readonly Pick<Point, "x" | "low" | "high">[], look: Look): Mark {
  return (draw, { x, y }) => {
    const edge = (run: readonly Pick<Point, "x" | "low" | "high">[], end: "low" | "high"): string[] => run.map((p) => `${rounded(x(p.x))},${rounded(y(p[end]))}`);
    const d = runsOf(points, (p) => !Number.isNaN(p.low + p.high)).map((run) => `M${[...edge(run, "high"), ...edge(run, "low").reverse()].join("L")}Z`);
    return group(draw, name, look, [draw("path", { d: d.join("") })]);
  };
}

/** Corners of the symbols that are polygons, about the origin, and the area that they enclose. */
const POLYGONS: { readonly [S in Exclude<SeriesStyle["symbol"], "circle">]: readonly (readonly [number, number])[] } = {
  square: [[-1, -1], [1, -1], [1, 1], [-1, 1]],
  diamond: [[0, -1], [0.577, 0], [0, 1], [-0.577, 0]],
  triangle: [[0, -1], [0.866, 0.5], [-0.866, 0.5]],
  star: Array.from({ length: 10 }, (_, k) => [(k % 2 === 0 ? 1 : 0.382) * Math.sin((k * Math.PI) / 5), -(k % 2 === 0 ? 1 : 0.382) * Math.cos((k * Math.PI) / 5)] as const),
  cross: [[-3, -1], [-1, -1], [-1, -3], [1, -3], [1, -1], [3, -1], [3, 1], [1, 1], [1, 3], [-1, 3], [-1, 1], [-3, 1]],
};

/** Path of a symbol with the area of a circle of radius r. */
function symbolPath(symbol: keyof typeof POLYGONS, r: number): string {
  const corners = POLYGONS[symbol];
  const twice = corners.reduce((sum, [x, y], k) => sum + x * corners[(k + 1) % corners.length]![1] - y * corners[(k + 1) % corners.length]![0], 0);
  const scale = r * Math.sqrt((2 * Math.PI) / Math.abs(twice));
  return `M${corners.map(([x, y]) => `${rounded(scale * x)},${rounded(scale * y)}`).join("L")}Z`;
}

/** Points as symbols of the area of a circle of radius r. */
export function dots(name: string, points: readonly Pick<Point, "x" | "y">[], symbol: SeriesStyle["symbol"], r: number, look: Look): Mark {
  return (draw, { x, y }) => {
    const path = symbol === "circle" ? "" : symbolPath(symbol, r);
    const one = (cx: number, cy: number): SvgNode => (symbol === "circle" ? draw("circle", { cx, cy, r }) : draw("path", { d: path, transform: `translate(${rounded(cx)},${rounded(cy)})` }));
    return group(draw, name, look, points.filter((p) => !Number.isNaN(p.y)).map((p) => one(x(p.x), y(p.y))));
  };
}
