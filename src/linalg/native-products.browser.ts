/** A page has no C compiler: the name of `native-products.node.ts`, which says so. */
import { BackendError } from "../errors.ts";
import type { Kernel } from "./products.ts";

/** @throws BackendError always. */
export function nativeKernel(_length: number): [Float64Array, Kernel, undefined] {
  throw new BackendError("backend native: got a browser, expected Node with a C compiler: use backend wasm");
}
