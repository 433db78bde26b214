/** The frame every plot shares: axes, title, legend, notes, and an SVG that stands alone and follows the page's colours. */
import * as Plot from "#platform/report/plot";
import { svgDocument } from "#platform/report/document";
import { GeometryError } from "../errors.ts";
import type { SeriesStyle } from "./palette.ts";
import { ellipsis, plainText, wrapText } from "./text.ts";
import { linearTicks, logTicks, tickLabels } from "./ticks.ts";

/** What the plots need of an element; the DOM library of TypeScript describes browsers and is not loaded. */
export interface SvgNode {
  readonly attributes: Iterable<{ name: string; value: string }>;
  textContent: string;
  readonly outerHTML: string;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  append(...nodes: SvgNode[]): void;
  remove(): void;
  querySelectorAll(selector: string): Iterable<SvgNode>;
}

/** Makes an SVG element; what a `decorate` callback draws with. */
export type Draw = (name: string, attributes: Record<string, string | number>, text?: string) => SvgNode;

/** The data area in the coordinates of the viewBox. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Everything {@link frame} needs to know. */
export interface FrameOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly x: AxisInput;
  readonly y: AxisInput;
  readonly marks: readonly Plot.Markish[];
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
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
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
  const svg = Plot.plot({
    document, width, height: top + tall + bottom, marginTop: top, marginBottom: bottom, marginLeft: left, marginRight: width - left - inner,
    x: { domain: options.x.domain, axis: null },
    y: { domain: options.y.domain, axis: null, ...(options.y.log === true && { type: "log" }) },
    marks: [
      Plot.gridX(horizontal.ticks), Plot.gridY(vertical.ticks), Plot.axisX(horizontal.ticks, labelled(horizontal.labels)),
      Plot.axisY(vertical.ticks, labelled(vertical.labels)), Plot.frame({ strokeOpacity: 0.4 }), ...options.marks,
    ],
  } as unknown as Plot.PlotOptions) as unknown as SvgNode;

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
  svg.append(draw("text", { transform: `translate(15,${centre}) rotate(-90)` }, ellipsis(plainText(options.yLabel), Math.floor(box.height / 6))));
  if (options.message !== undefined) svg.append(draw("text", { x: middle, y: centre, "font-style": "italic" }, options.message));
  noteLines.forEach((line, i) => svg.append(draw("text", { x: 10, y: base + 50 + 13 * i, "text-anchor": "start", "font-size": 10, opacity: 0.8 }, line)));
  options.decorate?.(draw, svg, box);
  return finish(svg, options);
}

/** Domain of an axis; ticks are chosen if not given. */
interface AxisInput {
  readonly domain: readonly [number, number];
  readonly log?: boolean;
  readonly ticks?: readonly number[];
}

function ticksOf(size: number, spacing: number, { domain: [low, high], log = false, ticks }: AxisInput): { ticks: number[]; labels: string[] } {
  const chosen = [...(ticks ?? (log ? logTicks : linearTicks)(low, high, Math.max(2, Math.round(size / spacing))))];
  return { ticks: chosen, labels: tickLabels(chosen, log) };
}

/** Labels go in as a channel: a logarithmic axis would pass a tick format through its own filter. */
function labelled(labels: readonly string[]): Plot.TextOptions & { label: null } {
  return { label: null, text: (_: number, i: number) => labels[i] ?? "" };
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

/** Drops what ties the SVG to Plot's own page style, rounds coordinates to a hundredth, and lets the container set the width. */
function finish(svg: SvgNode, options: FrameOptions): string {
  for (const style of Array.from(svg.querySelectorAll("style"))) style.remove();
  for (const name of ["class", "width", "height"]) svg.removeAttribute(name);
  const names = (options.legend ?? []).map((entry) => plainText(entry.name)).join(", ");
  const label = `${plainText(options.title)}: ${plainText(options.yLabel)} against ${plainText(options.xLabel)}${names === "" ? "" : `; ${names}`}`;
  const set = { xmlns: svgNamespace, role: "img", "aria-label": label, "font-size": String(fontSize), style: "display:block;width:100%;height:auto" };
  for (const [key, value] of Object.entries(set)) svg.setAttribute(key, value);
  const coordinates = new Set(["x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "transform", "viewBox"]);
  for (const node of [svg, ...svg.querySelectorAll("*")])
    for (const { name, value } of Array.from(node.attributes))
      if (coordinates.has(name)) node.setAttribute(name, value.replace(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (n) => String(Number(Number(n).toFixed(2)))));
  return svg.outerHTML;
}
