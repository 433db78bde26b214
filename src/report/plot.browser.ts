/** The marks of Observable Plot that the plots are made of: a bundle for pages has them and nothing else of it. */
import { Area, type AreaOptions } from "@observablehq/plot";

export type { AreaOptions, Markish, PlotOptions, RenderFunction, TextOptions } from "@observablehq/plot";
export { axisX, axisY, dot, frame, gridX, gridY, line, plot, rect, ruleX, ruleY, scale } from "@observablehq/plot";

/** The area between two curves. */
export function area(data: readonly object[], options: AreaOptions): Area {
  return new (Area as unknown as new (data: readonly object[], options: AreaOptions) => Area)(data, options);
}
