/**
 * A browser has neither a C compiler nor the addons of TensorFlow.js, and pages do without what checks the backends: the names of `optional.node.ts`, which say so.
 */
import { BackendError } from "../errors.ts";
import type { Engine, Lattice } from "../autograd/index.ts";
import type { Emitter } from "./emitter.ts";
import type { Schedule } from "./ir.ts";
import type { NativeEmitterOptions } from "./emit/native.ts";
import type { EngineReport, TfjsOptions } from "./tfjs/index.ts";

export type { EngineReport, TfjsEngineName, TfjsOptions, TfjsPrecision } from "./tfjs/index.ts";

/** @throws BackendError always. */
export function nativeEmitter(_options?: NativeEmitterOptions): Emitter {
  throw new BackendError("backend native: got a browser, expected Node with a C compiler: use backend wasm");
}

/** @throws BackendError always. */
export function cudaEmitter(_options?: { readonly strict?: boolean }): Emitter {
  throw new BackendError("backend cuda: got a browser, expected Node with an NVIDIA card: use backend wasm");
}

/** There is none in a browser. */
export const InterpretEngine = class {
  constructor() {
    throw new BackendError("backend interpret: got a browser, expected Node: it is what the other backends are tested against: use backend js");
  }
} as unknown as new (lattice: Lattice, maxFields?: number) => Engine;

/** Nothing: a page has no DEBUG. */
export const verify = (_schedule: Schedule, _lattice: Lattice): string[] => [];

const NO_TFJS = "tfjs: got a browser, expected Node: use backend wasm";

/** There is none in a browser. */
export class TfjsBackend {
  constructor() {
    throw new BackendError(NO_TFJS);
  }
}

/** @throws BackendError always. */
export async function loadTfjs(_options: TfjsOptions): Promise<TfjsBackend> {
  return new TfjsBackend();
}

/** None. */
export async function probeEngines(): Promise<EngineReport[]> {
  return [];
}
