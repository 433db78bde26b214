/** A document to draw in: the page's own. */
import { BackendError } from "../errors.ts";
import type { SvgDocument } from "./document.node.ts";

export type { SvgDocument } from "./document.node.ts";

/** The document of the page. @throws BackendError in a worker, which has none unless the program sets one. */
export function svgDocument(): SvgDocument {
  const { document } = globalThis as unknown as { readonly document?: SvgDocument };
  if (!document) throw new BackendError("plots: got a worker without a document, expected the thread of the page: send the numbers there, or set globalThis.document to one of the package linkedom");
  return document;
}
