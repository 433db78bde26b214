/** A document to draw in, in Node. */
import { createRequire } from "node:module";
import type * as Linkedom from "linkedom";
import type { SvgNode } from "./frame.ts";

/** What makes elements. */
export interface SvgDocument {
  createElementNS(namespace: string, name: string): SvgNode;
}

const require = createRequire(import.meta.url);

/** A new document of its own; its package is loaded with the first one. */
export function svgDocument(): SvgDocument {
  const { DOMParser } = require("linkedom") as typeof Linkedom;
  return new DOMParser().parseFromString('<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml") as unknown as SvgDocument;
}
