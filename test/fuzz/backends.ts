/** The backends that random programs run on: those that are present, one lattice of each for every set of extents. */
import type { Lattice } from "../../src/autograd/index.ts";
import type { Engine } from "../../src/autograd/engine.ts";
import { type EngineOptions, makeLattice } from "../../src/compiler/index.ts";
import { nativeMissing } from "../compiler/backends.ts";
import { loadTfjs } from "../../src/compiler/tfjs/index.ts";
import { fakeCuda } from "../cuda/fake.ts";
import { fakeNodeModule } from "../tfjs/fake-node.ts";
import { presentEngines } from "../tfjs/helpers.ts";
import { type FuzzProgram, noise } from "./program.ts";

export interface FuzzBackend {
  readonly name: string;
  /** Relative error of one operation. */
  readonly roundoff: number;
  /** Programs in a thousand that run on it: what it costs decides. */
  readonly share: number;
  /** Has it batches of samples? */
  readonly batches: boolean;
  /** Can it store quaternions? */
  readonly quaternions: boolean;
  lattice(extents: readonly number[], batch?: number, quaternions?: boolean): Lattice;
  engine(extents: readonly number[], batch?: number): Engine;
}

function backend(name: string, options: EngineOptions, share: number, roundoff = 2 ** -53): FuzzBackend {
  const lattices = new Map<string, Lattice>();
  const made = (extents: readonly number[], batch = 1, quaternions = false): Lattice => {
    const key = `${batch}:${extents.join("x")}${quaternions}`;
    let found = lattices.get(key);
    if (!found) lattices.set(key, (found = makeLattice(extents, { ...options, batch, ...(quaternions && { quaternions }) })));
    return found;
  };
  return {
    name,
    roundoff,
    share,
    batches: options.engine === undefined,
    quaternions: options.engine === undefined,
    lattice: made,
    engine: (extents, batch) => made(extents, batch).engine,
  };
}

export async function presentBackends(): Promise<FuzzBackend[]> {
  const missing = nativeMissing();
  if (missing) console.log(`native backend skipped: ${missing}`);
  const cuda = fakeCuda();
  const tfjs = await presentEngines(["wasm", "cpu", "tfjs-node", "tfjs-node-gpu"]);
  return [
    backend("js", { backend: "js" }, 1000),
    backend("wasm", { backend: "wasm", threads: 1 }, 1000),
    backend("wasm, divided", { backend: "wasm", threads: 1, ghosts: true }, 150),
    backend("js, divided", { backend: "js", ghosts: true }, 100),
    backend("wasm, two threads", { backend: "wasm", threads: 2 }, 250),
    ...(missing ? [] : [backend("native", { backend: "native", threads: 1 }, 12)]),
    ...(cuda ? [backend("cuda on the processor", { backend: "cuda" }, 5)] : []),
    backend("single precision, wasm", { backend: "wasm", precision: "f32", threads: 1 }, 400, 2 ** -24),
    ...(missing ? [] : [backend("single precision, native", { backend: "native", precision: "f32", threads: 1 }, 10, 2 ** -24)]),
    // packed complex numbers, which the engines of the registry do not have
    backend("tfjs stand-in", { engine: await loadTfjs({ engine: "tfjs-node", module: fakeNodeModule() }) }, 40, 2 ** -24),
    ...tfjs.map((engine) => backend(`tfjs ${engine.loaded.engine}`, { engine }, engine.loaded.engine === "cpu" ? 50 : 80, engine.loaded.arrays.roundoff)),
  ];
}

/** Every program on the backends whose share it falls into; its seed decides. */
export const scheduled = (backends: readonly FuzzBackend[]) => (p: FuzzProgram): FuzzBackend[] => backends.filter((b, k) => Math.floor(1000 * Math.abs(noise(1, p.seed, 900 + k)[0]!)) < b.share || backends.length === 1);
