/** The TensorFlow.js engines: their packages, how each is installed, and the product formulations that suit it, best first. */
import type { FormulationName } from "./products.ts";

/** Name of an engine of TensorFlow.js: CUDA or CPU through the node packages, WebAssembly, plain JavaScript, WebGPU. */
export type TfjsEngineName = "tfjs-node-gpu" | "tfjs-node" | "wasm" | "cpu" | "webgpu";

export interface EngineFacts {
  /** Packages to load in order; the first one is the module with the API. */
  readonly packages: readonly string[];
  /** Name under which the engine is registered in TensorFlow.js. */
  readonly backend: string;
  readonly formulations: readonly FormulationName[];
  /** Largest batch of one matrix product. */
  readonly maxBatch: number;
  /** True for the packages with a native addon. */
  readonly node: boolean;
}

const node = (name: string): EngineFacts => ({ packages: [name], backend: "tensorflow", formulations: ["complex", "embedding", "planes"], maxBatch: Infinity, node: true });

export const engines: Readonly<Record<TfjsEngineName, EngineFacts>> = {
  "tfjs-node-gpu": node("@tensorflow/tfjs-node-gpu"),
  "tfjs-node": node("@tensorflow/tfjs-node"),
  wasm: { packages: ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-wasm"], backend: "wasm", formulations: ["planes", "embedding"], maxBatch: Infinity, node: false },
  cpu: { packages: ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-cpu"], backend: "cpu", formulations: ["embedding", "planes"], maxBatch: Infinity, node: false },
  webgpu: { packages: ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-webgpu"], backend: "webgpu", formulations: ["planes", "embedding"], maxBatch: 65535, node: false },
};

/** All engines of TensorFlow.js that a backend can be loaded on. */
export const engineNames = Object.keys(engines) as readonly TfjsEngineName[];

/** The command that installs an engine. */
export function installLine(engine: TfjsEngineName): string {
  return `npm install ${engines[engine].packages.map((p) => `${p}@4.22`).join(" ")}`;
}
