/** The gate for SVG that goes into a page unescaped: drawings pass, anything that could run or load something does not. */
import { GaugegradError } from "../errors.ts";

const elements = new Set([
  "svg", "g", "path", "line", "rect", "circle", "ellipse", "polyline", "polygon", "text", "tspan", "title", "desc", "defs", "clipPath", "linearGradient",
  "radialGradient", "stop", "pattern", "marker",
]);

/** A tag with double-quoted attributes, or text: the strict form that serialisers write. Nothing else is accepted, so nothing can hide from the check. */
const token = /<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+="[^"<>]*")*)\s*\/?>|[^<>]+/gy;

/** Returns the SVG unchanged, or throws with `where` and what was found. */
export function passiveSvg(svg: string, where: string): string {
  const text = svg.trim();
  const refuse = (found: string): never => {
    throw new GaugegradError("E_REPORT", `${where} has ${found}, expected a plain SVG drawing as the plots return it`);
  };
  if (!/^<svg[\s>]/.test(text) || !text.endsWith("</svg>")) refuse("content that is not one <svg> element");
  let [end, depth] = [0, 0];
  for (const match of text.matchAll(token)) {
    end = match.index + match[0].length;
    const [tag, slash, name, attributes] = match;
    if (name === undefined) continue;
    if (!elements.has(name)) refuse(`the element <${name}>`);
    depth += slash === "/" ? -1 : tag.endsWith("/>") ? 0 : 1;
    if (depth <= 0 && end < text.length) refuse("content after its root element");
    for (const [, key, value] of attributes!.matchAll(/([\w:-]+)="([^"]*)"/g)) {
      if (/^on|^src$|(?:^|:)href$/i.test(key!)) refuse(`the attribute ${key}`);
      if (key !== "aria-label" && /(?:url\s*\((?!\s*#)|javascript:|@import|image-set|expression\s*\()/i.test(value!)) refuse(`an address in the attribute ${key}`);
    }
  }
  if (end !== text.length || depth !== 0) refuse(`malformed markup at character ${end}`);
  return text;
}
