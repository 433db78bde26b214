import { describe, expect, it } from "vitest";
import { GeometryError } from "../../src/errors.ts";
import { autocorrelationPlot, heatmapPlot, histogram, histogramPlot, historyPlot, linePlot, scatterPlot, seriesColours } from "../../src/report/index.ts";
import { linearTicks, logTicks, tickLabels } from "../../src/report/ticks.ts";
import { group, hostile, parseSvg, texts } from "./helpers.ts";

const wave = Array.from({ length: 50 }, (_, i) => Math.sin(i / 5));
const axis = wave.map((_, i) => i);
const labels = { title: "Title", xLabel: "x label", yLabel: "y label" };

/** Every plot with ordinary input and with a hostile name in every text. */
const all = (text: string): Record<string, () => string> => ({
  line: () => linePlot({ series: [{ name: text, x: axis, y: wave, error: wave.map(() => 0.1) }], title: text, xLabel: text, yLabel: text, references: [{ name: text, value: 0.5, error: 0.1 }] }),
  history: () => historyPlot({ chains: [{ name: text, values: wave }, { name: "b", values: wave, start: 10, step: 2 }], title: text, yLabel: text, xLabel: text, discard: 20 }),
  histogram: () => histogramPlot({ series: [{ name: text, values: wave }], bins: 10, xLabel: text }),
  scatter: () => scatterPlot({ series: [{ name: text, x: wave, y: axis, xError: wave.map(() => 0.1), error: wave.map(() => 1) }], title: text, xLabel: text, yLabel: text, identity: true }),
  heatmap: () => heatmapPlot({ values: wave, nx: 10, ny: 5, title: text, xLabel: text, yLabel: text, diverging: true }),
  autocorrelation: () => autocorrelationPlot({ series: [{ name: text, rho: [1, 0.5, 0.25], error: [0, 0.1, 0.1], tauInt: 1.5, tauIntError: 0.25, window: 2 }], title: text, xLabel: text }),
});

/** Colours of a diverging map of a few sites, lowest level first. */
function fills(values: number[]): string[] {
  const svg = parseSvg(heatmapPlot({ values, nx: values.length, ny: 1, title: "t", diverging: true }));
  return Array.from(group(svg, "sites")!.querySelectorAll("path"), (p) => p.getAttribute("fill")!);
}

/** Relative luminance of an sRGB colour, as the contrast rules of WCAG define it. */
function luminance(hex: string): number {
  const linear = channels(hex).map((v) => v / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
}

function channels(hex: string): number[] {
  return [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
}

describe.each(Object.keys(all("")))("%s", (name) => {
  it("is a standalone, scalable, named drawing and the same every time", () => {
    const svg = all("name")[name]!();
    const root = parseSvg(svg);
    expect(root.getAttribute("xmlns")).toBe("http://www.w3.org/2000/svg");
    expect(root.getAttribute("viewBox")).toMatch(/^0 0 480 \d+(\.\d+)?$/);
    expect(root.getAttribute("width")).toBeNull();
    expect(root.getAttribute("style")).toContain("width:100%");
    expect(root.getAttribute("fill")).toBe("currentColor");
    expect(root.getAttribute("aria-label")).toContain("name");
    expect(svg).not.toMatch(/<style|\bclass=|\bid=|NaN|undefined|Infinity|⚠/);
    expect(all("name")[name]!()).toBe(svg);
  });
  it("escapes hostile text", () => {
    const svg = all(hostile)[name]!();
    const root = parseSvg(svg);
    expect(root.querySelector("script, img")).toBeNull();
    expect(svg.replace("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:\/\//);
  });
});

describe("marks", () => {
  it("puts points where the data are", () => {
    const svg = parseSvg(linePlot({ series: [{ name: "A", x: [0, 1, 2], y: [0, 10, 5], error: [1, 2, 0] }], ...labels }));
    const dots = Array.from(group(svg, "A: points")!.querySelectorAll("circle"), (c) => [Number(c.getAttribute("cx")), Number(c.getAttribute("cy"))] as const);
    expect(dots).toHaveLength(3);
    expect(dots[1]![0] - dots[0]![0]).toBeCloseTo(dots[2]![0] - dots[1]![0], 1);
    expect((dots[0]![1] - dots[2]![1]) / (dots[0]![1] - dots[1]![1])).toBeCloseTo(0.5, 2);
    const bars = Array.from(group(svg, "A: error bars")!.querySelectorAll("line"), (l) => Math.abs(Number(l.getAttribute("y1")) - Number(l.getAttribute("y2"))));
    expect(bars[1]! / bars[0]!).toBeCloseTo(2, 2);
    expect(texts(svg)).toEqual(expect.arrayContaining(["Title", "x label", "y label", "A"]));
  });
  it("keeps the extremes of a history that it thins, and stays small", () => {
    const values = Float64Array.from({ length: 200_000 }, (_, i) => (i === 123_456 ? 50 : Math.sin(i)));
    const svg = historyPlot({ chains: [{ name: "long", values }], title: "t", yLabel: "y" });
    expect(svg.length).toBeLessThan(60_000);
    const ys = [...group(parseSvg(svg), "long")!.querySelector("path")!.getAttribute("d")!.matchAll(/,(-?[\d.]+)/g)].map((m) => Number(m[1]));
    expect(Math.min(...ys)).toBeLessThan(Math.max(...ys) - 100);
  });
  it("breaks lines at values that are not finite, and says how many", () => {
    const y = [1, 2, Number.NaN, 4, Infinity, 6, 7];
    const svg = parseSvg(linePlot({ series: [{ name: "A", x: y.map((_, i) => i), y }], ...labels }));
    expect(group(svg, "A")!.querySelector("path")!.getAttribute("d")!.match(/M/g)).toHaveLength(3);
    expect(texts(svg)).toContain("A: 2 values not finite, not shown");
  });
  it("names powers of ten on a logarithmic axis and what it cannot show there", () => {
    const svg = parseSvg(linePlot({ series: [{ name: "A", x: [1, 2, 3, 4], y: [1e-8, 1e-4, 1, 0] }], ...labels, logY: true }));
    expect(texts(svg)).toEqual(expect.arrayContaining(["10⁻⁸", "10⁻⁴", "10⁰", "A: 1 value not positive, not shown on the logarithmic axis"]));
  });
  it("normalises histograms to densities", () => {
    const values = Array.from({ length: 1000 }, (_, i) => Math.sqrt(i));
    const { edges, density } = histogram([...values, Number.NaN], 0, 32, 16);
    expect(edges).toHaveLength(17);
    expect(density.reduce((sum, d) => sum + d * 2, 0)).toBeCloseTo(1, 12);
    expect(histogram([0, 1, 1], 0, 1, 2).density).toEqual([2 / 3, 4 / 3]);
    const svg = parseSvg(histogramPlot({ series: [{ name: "a", values }, { name: "b", values: values.map((v) => v + 3) }], bins: 16, xLabel: "x" }));
    expect(group(svg, "a")!.querySelector("path")!.getAttribute("d")!.match(/L/g)).toHaveLength(33);
    expect(group(svg, "b")).toBeDefined();
  });
  it("shows every site of a heat map once, first row at the bottom", () => {
    const svg = parseSvg(heatmapPlot({ values: [0, 1, 2, Number.NaN, 4, 5], nx: 3, ny: 2, title: "t" }));
    const squares = Array.from(group(svg, "sites")!.querySelectorAll("path"), (p) => p.getAttribute("d")!);
    expect(squares.join("").match(/M/g)).toHaveLength(5);
    expect(texts(svg)).toContain("1 site without a finite value left empty");
    const [x, y] = squares[0]!.slice(1).split("H")[0]!.split(",").map(Number) as [number, number];
    const [, top] = squares.at(-1)!.slice(1).split("H")[0]!.split(",").map(Number) as [number, number];
    expect(top).toBeLessThan(y);
    expect(x).toBeLessThan(100);
  });
  it("makes zero the middle colour of a diverging map", () => {
    const [, zero] = fills([-1, 0, 1]);
    expect(fills([-1, 0, 0.2])[1]).toBe(zero);
    expect(Math.min(...channels(zero!))).toBeGreaterThan(225);
  });
  it("writes tau_int and the window of an autocorrelation function", () => {
    const svg = parseSvg(all("HMC")["autocorrelation"]!());
    expect(texts(svg)).toContain("HMC, τ = 1.5 ± 0.25");
    expect(group(svg, "HMC: window")!.querySelector("line")).not.toBeNull();
  });
  it("thins a large cloud without losing its outline", () => {
    const n = 100_000;
    const x = Float64Array.from({ length: n }, (_, i) => Math.cos(i));
    const svg = scatterPlot({ series: [{ name: "A", x, y: Float64Array.from({ length: n }, (_, i) => Math.sin(i)) }], ...labels });
    const count = [...group(parseSvg(svg), "A")!.querySelectorAll("circle")].length;
    expect(count).toBeGreaterThan(500);
    expect(count).toBeLessThan(5000);
  });
});

describe("ticks", () => {
  it("are round numbers inside the interval", () => {
    expect(linearTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearTicks(-0.31, 0.31, 6)).toEqual([-0.2, 0, 0.2]);
    expect(tickLabels(linearTicks(0.7, 0.72, 4))).toEqual(["0.700", "0.705", "0.710", "0.715", "0.720"]);
    expect(logTicks(0.5, 20, 5)).toEqual([0.5, 1, 2, 5, 10, 20]);
    expect(logTicks(1e-12, 1, 4)).toEqual([1e-12, 1e-9, 1e-6, 1e-3, 1]);
    expect(tickLabels([0.01, 1, 100], true)).toEqual(["0.01", "1", "100"]);
    expect(logTicks(3, 4, 4).length).toBeGreaterThan(2);
  });
});

describe("awkward input", () => {
  const empty = { name: "A", x: [], y: [] };
  const nan = { name: "A", x: [1, 2], y: [Number.NaN, -Infinity] };
  it.each([
    ["no series", () => linePlot({ series: [], ...labels })],
    ["empty line", () => linePlot({ series: [empty], ...labels })],
    ["NaN line, logarithmic", () => linePlot({ series: [nan], ...labels, logY: true })],
    ["empty history", () => historyPlot({ chains: [{ name: "A", values: [] }], title: "t", yLabel: "y", discard: 10 })],
    ["NaN cloud", () => scatterPlot({ series: [nan], ...labels, identity: true })],
    ["empty histogram", () => histogramPlot({ series: [{ name: "A", values: [] }], xLabel: "x" })],
    ["NaN map", () => heatmapPlot({ values: [Number.NaN], nx: 1, ny: 1, title: "t" })],
    ["empty autocorrelation", () => autocorrelationPlot({ series: [{ name: "A", rho: [] }], title: "t" })],
  ])("%s: says that there is nothing to show", (_, plot) => {
    const svg = plot();
    expect(texts(parseSvg(svg))).toContain("no finite values to show");
    expect(svg).not.toMatch(/NaN|Infinity/);
  });
  it.each([0, 5e-324, 1e-280, -3, 1e15, 1e299, 5 + Number.EPSILON])("constant %d has an axis with different labels around it", (c) => {
    for (const svg of [linePlot({ series: [{ name: "A", x: [1, 2, 3], y: [c, c, c] }], ...labels }), histogramPlot({ series: [{ name: "A", values: [c, c] }], xLabel: "x" })]) {
      const ticks = Array.from(group(parseSvg(svg), "y-axis tick label")!.querySelectorAll("text"), (t) => t.textContent);
      expect(new Set(ticks).size).toBe(ticks.length);
      expect(ticks.length).toBeGreaterThan(1);
      expect(svg).not.toMatch(/NaN|Infinity/);
    }
  });
  it("names wrong lengths, errors, sizes and ranges", () => {
    expect(() => linePlot({ series: [{ name: "A", x: [1, 2], y: [1] }], ...labels })).toThrow('linePlot: series "A" has 2 x and 1 y values, expected equal lengths');
    expect(() => linePlot({ series: [{ name: "A", x: [1], y: [1], error: [-1] }], ...labels })).toThrow("negative error -1");
    expect(() => heatmapPlot({ values: [1, 2, 3], nx: 2, ny: 2, title: "t" })).toThrow("got 3 values for 2 x 2 sites, expected 4");
    expect(() => heatmapPlot({ values: [1], nx: 1, ny: 1, title: "t", range: [1, 1] })).toThrow("colour range");
    expect(() => histogramPlot({ series: [], bins: 0, xLabel: "x" })).toThrow(GeometryError);
    expect(() => linePlot({ series: [], ...labels, width: Number.NaN })).toThrow("got width NaN");
  });
});

it("series colours stand out on white and on a dark page", () => {
  for (const colour of seriesColours) {
    expect(1.05 / (luminance(colour) + 0.05)).toBeGreaterThanOrEqual(3);
    expect((luminance(colour) + 0.05) / (luminance("#15181c") + 0.05)).toBeGreaterThanOrEqual(3);
  }
});
