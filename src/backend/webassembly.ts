/** The part of the WebAssembly interface in use, typed here because Node's own types leave it to the browser's. */

/** Linear memory; `grow` adds pages of 64 KiB, after which `buffer` has to be taken anew. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}
/** Functions that modules call by their numbers; a number without one is null. */
export interface WasmTable {
  readonly length: number;
  grow(by: number): number;
  set(index: number, f: unknown): void;
}
declare const moduleBrand: unique symbol;
/** A compiled module; it can be posted to workers. */
export interface WasmModule {
  readonly [moduleBrand]: true;
}
/** A module with its memory: functions by name. */
export interface WasmInstance {
  readonly exports: Readonly<Record<string, (...args: number[]) => number | void>>;
}
interface Api {
  readonly Memory: new (options: { initial: number; maximum: number; shared?: boolean }) => WasmMemory;
  readonly Table: new (options: { element: "anyfunc"; initial: number }) => WasmTable;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>) => WasmInstance;
  validate(bytes: Uint8Array): boolean;
}

/** The WebAssembly interface of the runtime. */
export const Wasm = (globalThis as unknown as { readonly WebAssembly: Api }).WebAssembly;
