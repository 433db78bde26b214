import { describe, expect, it } from "vitest";
import { type Report, type Section, htmlReport, linePlot } from "../../src/report/index.ts";
import { hostile, parsePage } from "./helpers.ts";

const svg = linePlot({ series: [{ name: "A", x: [1, 2], y: [3, 4] }], title: "t", xLabel: "x", yLabel: "y" });
const generated = { command: "gaugegrad quickstart", version: "0.1.0", seed: 7, elapsedSeconds: 125, environment: { node: "20.20.2" } };
const report = (sections: Section[], more: Partial<Report> = {}): string => htmlReport({ title: "A run", sections, generated, ...more });
const table = { header: ["sampler", "plaquette", "tau"], rows: [["HMC", "0.7069(2)", "6.1 ± 0.7"], ["SLHMC", "−1.5×10⁻⁵", "–"]], note: "one sigma" };
const full: Section[] = [
  { heading: "One", text: "First.\n\nSecond line\nof the second.", keyValues: { beta: 2.7, exact: true } },
  { heading: "Two", table },
  { heading: "Three", figures: [{ svg, caption: "A figure" }, { svg, caption: "Another" }] },
  { heading: "Four", code: "a = 1\n  b < 2" },
];

describe("htmlReport", () => {
  it("has every part in its semantic element", () => {
    const page = parsePage(report(full, { subtitle: "of a test" }));
    const text = (selector: string): string[] => Array.from(page.querySelectorAll(selector), (e) => e.textContent);
    expect(page.getAttribute("lang")).toBe("en");
    expect(text("title")).toEqual(["A run"]);
    expect(text("main h2")).toEqual(["One", "Two", "Three", "Four"]);
    expect(text("nav a")).toEqual(["One", "Two", "Three", "Four"]);
    expect(text("main section p:not(.note)")).toEqual(["First.", "Second line\nof the second."]);
    expect(text("main dd")).toEqual(["2.7", "true"]);
    expect(text("thead th")).toEqual(table.header);
    expect(text("tbody th")).toEqual(["HMC", "SLHMC"]);
    expect(text("tbody td.n")).toEqual(["0.7069(2)", "6.1 ± 0.7", "−1.5×10⁻⁵", "–"]);
    expect(text(".scroll table")).toHaveLength(1);
    expect(text("figure figcaption")).toEqual(["A figure", "Another"]);
    expect([...page.querySelectorAll("figure svg path")].length).toBeGreaterThan(0);
    expect(text("pre code")).toEqual(["a = 1\n  b < 2"]);
    expect(text("footer dd")).toEqual(["gaugegrad quickstart", "0.1.0", "7", "2 min 05 s", "20.20.2"]);
  });
  it("is self-contained, follows the colour scheme and prints", () => {
    const html = report(full);
    expect(html.replaceAll('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/https?:\/\/|\/\/[a-z]+\./i);
    expect(html).not.toMatch(/<script|<link|<iframe|<img|\bsrc=|@import|url\(/i);
    expect([...html.matchAll(/href="([^"]*)"/g)].every((m) => m[1]!.startsWith("#section-"))).toBe(true);
    expect(html).toContain("default-src 'none'");
    expect(html).toContain("prefers-color-scheme: dark");
    expect(html).toContain("@media print");
    expect(report(full)).toBe(html);
  });
  it("escapes every text", () => {
    const html = htmlReport({
      title: hostile, subtitle: hostile,
      sections: [1, 2, 3, 4].map(() => ({ heading: hostile, text: hostile, keyValues: { [hostile]: hostile }, table: { header: [hostile], rows: [[hostile]], note: hostile }, figures: [{ svg, caption: hostile }], code: hostile })),
      generated: { command: hostile, version: hostile, seed: hostile, elapsedSeconds: Number.NaN, environment: { [hostile]: hostile } },
    });
    const page = parsePage(html);
    expect([...page.querySelectorAll("script, img, [onerror], [src]")]).toEqual([]);
    expect(html).not.toMatch(/<script|<img/i);
    expect(html).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
    expect(page.querySelector("h1")!.textContent).toContain("<script>alert(1)</script>");
  });
  it("holds empty sections, empty tables and no sections", () => {
    expect(report([])).toContain("How this was made");
    expect(parsePage(report([{ heading: "Empty", text: "", keyValues: {}, figures: [], table: { header: ["a", "b"], rows: [] } }])).querySelector("tbody td")!.textContent).toBe("no entries");
  });
  it("refuses a table whose rows do not fit its header", () => {
    expect(() => report([{ heading: "T", table: { header: ["a", "b"], rows: [["1", "2"], ["1"]] } }])).toThrow('row 2 of the table in "T" has 1 cells, expected 2');
  });
  it.each([
    ["text", "not a drawing"],
    ["a script", "<svg><script>alert(1)</script></svg>"],
    ["a handler", '<svg><g onload="a()"></g></svg>'],
    ["a hidden handler", '<svg><g data-a=">" onload="a()"></g></svg>'],
    ["an unquoted handler", "<svg><g onload=a()></g></svg>"],
    ["a link", '<svg><g xlink:href="data:x"></g></svg>'],
    ["a foreign address", '<svg><rect fill="url(//host/x)"/></svg>'],
    ["an image", '<svg><image width="1"/></svg>'],
    ["a second root", "<svg></svg><svg></svg>"],
    ["an early end", '<svg><g></svg>'],
    ["a comment", "<svg><!-- --></svg>"],
  ])("refuses a figure with %s", (_, figure) => {
    expect(() => report([{ heading: "F", figures: [{ svg: figure, caption: "c" }] }])).toThrow(/figure in "F" has .*, expected a plain SVG/);
  });
});
