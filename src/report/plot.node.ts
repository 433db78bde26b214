/**
 * The marks of Observable Plot that the plots are made of, in Node. The library, its scales and their dependencies are a quarter of all files that a command
 * would load, so they are loaded when the first plot is drawn. `plot.browser.ts` has the same names for pages.
 */
import { createRequire } from "node:module";
import type * as Plot from "@observablehq/plot";

export type { AreaOptions, Markish, PlotOptions, RenderFunction, TextOptions } from "@observablehq/plot";

const require = createRequire(import.meta.url);
const library = (): typeof Plot => require("@observablehq/plot") as typeof Plot;

type Function = (...given: never[]) => unknown;
type Name = { [K in keyof typeof Plot]: (typeof Plot)[K] extends Function ? K : never }[keyof typeof Plot];
const later = <K extends Name>(name: K): (typeof Plot)[K] => ((...given: never[]) => (library()[name] as Function)(...given)) as unknown as (typeof Plot)[K];

export const [axisX, axisY, dot, frame, gridX, gridY] = [later("axisX"), later("axisY"), later("dot"), later("frame"), later("gridX"), later("gridY")];
export const [line, plot, rect, ruleX, ruleY, scale] = [later("line"), later("plot"), later("rect"), later("ruleX"), later("ruleY"), later("scale")];

/** The area between two curves. By its constructor: `areaY` bins and stacks, of which a page would load 4 kB that nothing here uses. */
export function area(data: readonly object[], options: Plot.AreaOptions): Plot.Area {
  // a name of its own: after new the compiler drops the parentheses around what is called for the library
  const Area = library().Area as unknown as new (data: readonly object[], options: Plot.AreaOptions) => Plot.Area;
  return new Area(data, options);
}
