/** Plots as values that notebooks draw. */
import { ConfigurationError } from "../errors.ts";
import { DISPLAY, type MimeBundle, guard, is } from "../util/index.ts";

/** A plot in a notebook: the last value of a cell is drawn as an image. */
export class Figure {
  /** The image, standing alone. */
  readonly svg: string;

  constructor(svg: string) {
    this.svg = svg;
  }

  toString(): string {
    return this.svg;
  }

  [DISPLAY](): MimeBundle {
    return { "image/svg+xml": this.svg, "text/plain": `Figure<${/aria-label="([^"]*)"/.exec(this.svg)?.[1] ?? "SVG"}>` };
  }
}

/** The SVG of a plot as a value that notebooks draw: `figure(linePlot({ ... }))`. @throws ConfigurationError for a text that is no SVG. */
export function figure(svg: string): Figure {
  guard("figure", { svg: [svg, is.text] });
  if (!/^\s*(?:<\?xml[^>]*>\s*)?<svg[\s>]/.test(svg)) throw new ConfigurationError(`figure: got ${JSON.stringify(svg.slice(0, 40))}, expected the SVG of a plot, as linePlot and its kin return it`);
  return new Figure(svg);
}
