/** A document to draw in, in Node. */
import { DOMParser } from "linkedom";
import type { SvgNode } from "./frame.ts";

/** What makes elements. */
export interface SvgDocument {
  createElementNS(namespace: string, name: string): SvgNode;
}

/** A new document of its own. */
export function svgDocument(): SvgDocument {
  return new DOMParser().parseFromString('<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml") as unknown as SvgDocument;
}
