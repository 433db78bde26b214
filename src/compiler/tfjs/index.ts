/** TensorFlow.js as a backend: load an engine once, then make lattices on it. */
import type { Engine, Lattice } from "../../autograd/index.ts";
import { type LoadedEngine, type TfjsOptions, loadEngine } from "../../backend/index.ts";
import type { TfjsEngine } from "./engine.ts";

/** A loaded TensorFlow.js engine; pass it as `lattice(extents, { engine })`. */
export class TfjsBackend {
  readonly loaded: LoadedEngine;
  readonly #engine: typeof TfjsEngine;

  constructor(loaded: LoadedEngine, engine: typeof TfjsEngine) {
    this.loaded = loaded;
    this.#engine = engine;
  }

  /** cuda only when the package's addon reports a GPU device. */
  get device(): "cuda" | "cpu" | "webgpu" {
    return this.loaded.device;
  }

  /** Arrays and bytes alive on the engine. */
  memory(): { readonly arrays: number; readonly bytes: number } {
    return this.loaded.arrays.memory();
  }

  /** Ops that were started, arrays that went to the device and arrays that came back, since the engine was loaded. */
  calls(): { readonly ops: number; readonly uploads: number; readonly downloads: number } {
    return this.loaded.arrays.calls();
  }

  /** The engine of one lattice; `maxFields` is the memory budget of every program, in link fields. */
  attach(lattice: Lattice, maxFields?: number): Engine {
    return new this.#engine(lattice, this.loaded, maxFields);
  }

  toString(): string {
    const { engine, device, precision, version, formulation } = this.loaded;
    return `tfjs ${engine} ${version} on ${device}, ${precision}, ${formulation.name} products`;
  }
}

/**
 * Loads a TensorFlow.js engine and tries it against float64 arithmetic on the host.
 * @throws BackendError with one line that says what to install or set when the engine is missing, broken, computes wrong products or rounds
 * to TF32, or has no float64.
 */
export async function loadTfjs(options: TfjsOptions): Promise<TfjsBackend> {
  // the compiler of that backend is loaded with its first engine
  return new TfjsBackend(await loadEngine(options), (await import("./engine.ts")).TfjsEngine);
}

export { type EngineReport, type LoadedEngine, type TfjsOptions, type TfjsPrecision, probeEngines } from "../../backend/index.ts";
export { type TfjsEngineName, engineNames } from "../../backend/index.ts";
