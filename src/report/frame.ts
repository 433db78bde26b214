/** The frame every plot shares: axes, title, legend, notes, and an SVG that stands alone and follows the page's colours. */
import { svgDocument } from "#platform/report/document";
import { GeometryError } from "../errors.ts";
import { type Axes, type Box, type Domain, type Draw, type Mark, type SvgNode, axesOf, rounded } from "./marks.ts";
import type { SeriesStyle } from "./palette.ts";
import { ellipsis, plainText, wrapText } from "./text.ts";
import { linearTicks, logTicks, tickLabels } from "./ticks.ts";

/** Everything {@link frame} needs to know. */
export interface FrameOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly x: AxisInput;
  readonly y: AxisInput;
  readonly marks: readonly Mark[];
  readonly legend?: readonly { name: string; style: Pick<SeriesStyle, "stroke" | "dash">; thick?: boolean }[];
  /** Small print below the axis: what is not shown and why. */
  readonly notes?: readonly string[];
  /** Shown in the middle instead of data. */
  readonly message?: string | undefined;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** Height over width of the data area; replaces the fixed height. */
  readonly aspect?: number;
  readonly marginRight?: number;
  readonly decorate?: (draw: Draw, svg: SvgNode, box: Box) => void;
}

const svgNamespace = "http://www.w3.org/2000/svg";
const fontSize = 12;
/** Mean width of a character of the sans-serif fonts in use, in units of the font size. */
const characterWidth = 0.56;

/** Draws one framed plot and returns it as an SVG string. */
export function frame(options: FrameOptions): string {
  const { width = 480, height = 300, notes = [], legend = [] } = options;
  for (const [name, value] of [["width", width], ["height", height]] as const)
    if (!(value >= 160 && value <= 4000)) throw new GeometryError(`plot "${options.title}": got ${name} ${value}, expected 160 to 4000`);
  const document = svgDocument();
  const draw: Draw = (name, attributes, text) => {
    const node = document.createElementNS(svgNamespace, name);
    for (const [key, value] of Object.entries(attributes)) if (value !== undefined) node.setAttribute(key, typeof value === "number" ? rounded(value) : value);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const columns = Math.floor((width - 20) / (fontSize * 1.08 * characterWidth));
  const titleLines = wrapText(plainText(options.title), columns, 2);
  const rows = legendRows(legend, width - 20);
  const noteLines = notes.flatMap((note) => wrapText(plainText(note), Math.floor(columns * 1.2), 2));
  const top = 12 + 16 * titleLines.length + 17 * rows.length;
  const bottom = 42 + 13 * noteLines.length;
  const vertical = ticksOf(Math.max(height - top - bottom, 60), 42, options.y);
  const left = Math.ceil(34 + vertical.labels.reduce((m, label) => Math.max(m, label.length), 3) * fontSize * characterWidth);
  const room = width - left - (options.marginRight ?? 16);
  const inner = options.aspect === undefined ? room : Math.min(room, 420 / options.aspect);
  const tall = options.aspect === undefined ? Math.max(height - top - bottom, 60) : inner * options.aspect;
  const box: Box = { left, top, width: inner, height: tall };
  const horizontal = ticksOf(inner, 75, options.x);
  const svg = draw("svg", rootOf(options, width, top + tall + bottom));
  const axes = axesOf(options.x, options.y, box);
  svg.append(...axisMarks(draw, axes, box, horizontal, vertical), ...options.marks.map((mark) => mark(draw, axes)));

  const bold = { "font-size": fontSize * 1.08, "font-weight": 600, "text-anchor": "start" };
  titleLines.forEach((line, i) => svg.append(draw("text", { x: 10, y: 18 + 16 * i, ...bold }, line)));
  rows.forEach((row, r) => {
    for (const { name, style, x, thick } of row) {
      const y = 16 * titleLines.length + 17 * r + 14;
      const dash = style.dash === undefined || thick === true ? {} : { "stroke-dasharray": style.dash };
      svg.append(draw("line", { x1: x, x2: x + 20, y1: y, y2: y, stroke: style.stroke, "stroke-width": thick === true ? 5 : 2, ...dash }));
      svg.append(draw("text", { x: x + 26, y: y + 4, "text-anchor": "start" }, name));
    }
  });
  const middle = box.left + box.width / 2;
  const [centre, base] = [box.top + box.height / 2, box.top + box.height];
  svg.append(draw("text", { x: middle, y: base + 34 }, ellipsis(plainText(options.xLabel), columns)));
  svg.append(draw("text", { transform: `translate(15,${rounded(centre)}) rotate(-90)` }, ellipsis(plainText(options.yLabel), Math.floor(box.height / 6))));
  if (options.message !== undefined) svg.append(draw("text", { x: middle, y: centre, "font-style": "italic" }, options.message));
  noteLines.forEach((line, i) => svg.append(draw("text", { x: 10, y: base + 50 + 13 * i, "text-anchor": "start", "font-size": 10, opacity: 0.8 }, line)));
  options.decorate?.(draw, svg, box);
  return svg.outerHTML;
}

/** Domain of an axis; ticks are chosen if not given. */
interface AxisInput extends Domain {
  readonly ticks?: readonly number[];
}

interface Ticks {
  readonly ticks: readonly number[];
  readonly labels: readonly string[];
}

function ticksOf(size: number, spacing: number, { domain: [low, high], log = false, ticks }: AxisInput): Ticks {
  const chosen = [...(ticks ?? (log ? logTicks : linearTicks)(low, high, Math.max(2, Math.round(size / spacing))))];
  return { ticks: chosen, labels: tickLabels(chosen, log) };
}

/** Lines of the grid, ticks with their labels, and the border of the data area. */
function axisMarks(draw: Draw, { x, y }: Axes, { left, top, width, height }: Box, across: Ticks, up: Ticks): SvgNode[] {
  const [right, base] = [left + width, top + height];
  const group = (attributes: Record<string, string | number>, parts: readonly SvgNode[]): SvgNode => {
    const g = draw("g", attributes);
    g.append(...parts);
    return g;
  };
  const hidden = { stroke: "currentColor", "aria-hidden": "true" };
  const lines = (of: Ticks, line: (v: number) => Record<string, number>): SvgNode[] => of.ticks.map((v) => draw("line", line(v)));
  const labels = (of: Ticks, place: (v: number) => Record<string, number>, dy: string): SvgNode[] => of.ticks.map((v, i) => draw("text", { ...place(v), dy }, of.labels[i]));
  return [
    group({ ...hidden, "stroke-opacity": 0.1 }, lines(across, (v) => ({ x1: x(v), y1: top, x2: x(v), y2: base }))),
    group({ ...hidden, "stroke-opacity": 0.1 }, lines(up, (v) => ({ x1: left, y1: y(v), x2: right, y2: y(v) }))),
    group(hidden, lines(across, (v) => ({ x1: x(v), y1: base, x2: x(v), y2: base + 6 }))),
    group({ "aria-label": "x-axis tick label", "font-variant": "tabular-nums" }, labels(across, (v) => ({ x: x(v), y: base + 9 }), "0.71em")),
    group(hidden, lines(up, (v) => ({ x1: left - 6, y1: y(v), x2: left, y2: y(v) }))),
    group({ "aria-label": "y-axis tick label", "font-variant": "tabular-nums", "text-anchor": "end" }, labels(up, (v) => ({ x: left - 9, y: y(v) }), "0.32em")),
    draw("rect", { "aria-label": "frame", x: left, y: top, width, height, fill: "none", stroke: "currentColor", "stroke-opacity": 0.4 }),
  ];
}

interface Placed {
  readonly name: string;
  readonly style: Pick<SeriesStyle, "stroke" | "dash">;
  readonly thick: boolean | undefined;
  readonly x: number;
}

function legendRows(legend: NonNullable<FrameOptions["legend"]>, width: number): Placed[][] {
  const rows: Placed[][] = [];
  let x = Infinity;
  for (const { name, style, thick } of legend) {
    const text = ellipsis(plainText(name), Math.floor((width - 30) / (fontSize * characterWidth)));
    const needed = 26 + text.length * fontSize * characterWidth + 14;
    if (x + needed > width + 14) [x] = [10, rows.push([])];
    rows.at(-1)!.push({ name: text, style, thick, x });
    x += needed;
  }
  return rows;
}

/** Attributes of the drawing: a name that says what is shown, the colour of the text around it, and the width of its container. */
function rootOf(options: FrameOptions, width: number, height: number): Record<string, string | number> {
  const names = (options.legend ?? []).map((entry) => plainText(entry.name)).join(", ");
  const label = `${plainText(options.title)}: ${plainText(options.yLabel)} against ${plainText(options.xLabel)}${names === "" ? "" : `; ${names}`}`;
  return {
    xmlns: svgNamespace, role: "img", "aria-label": label, viewBox: `0 0 ${rounded(width)} ${rounded(height)}`, fill: "currentColor", "text-anchor": "middle",
    "font-family": "system-ui, sans-serif", "font-size": fontSize, style: "display:block;width:100%;height:auto",
  };
}
