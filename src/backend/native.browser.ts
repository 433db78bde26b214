/** No C compiler in a browser: the names of `native.node.ts`, which say so. */
import { BackendError } from "../errors.ts";
import type { NativeBytes } from "./native-memory.ts";
import type { NativeOptions, Toolchain } from "./native.node.ts";

export type { NativeOptions, Toolchain } from "./native.node.ts";

function noCompiler(): never {
  throw new BackendError("backend native: got a browser, expected Node with a C compiler: use backend wasm");
}

/** @throws BackendError always. */
export function findToolchain(_options?: NativeOptions): Toolchain {
  return noCompiler();
}

/** @throws BackendError always. */
export function openCache(_options?: NativeOptions): string {
  return noCompiler();
}

/** @throws BackendError always. */
export function loadNative(_sources: readonly string[], _flags: readonly string[], _options?: NativeOptions): { func(prototype: string): (...args: (number | ArrayBufferLike)[]) => number } {
  return noCompiler();
}

/** @throws BackendError always. */
export function nativeMemory(_addressOf: (buffer: ArrayBuffer) => number, _limit?: number): NativeBytes {
  return noCompiler();
}

/** @throws BackendError always. */
export function nativeLimit(): number {
  return noCompiler();
}
