/** Compiler room: programs to kernels to executables. */
import { Lattice } from "../autograd/lattice.ts";
import { KernelEngine } from "./engine.ts";
import { jsEmitter } from "./emit-js.ts";

/** Backends of the compiler. */
export type BackendName = "js";

/** A lattice whose programs run on the given backend. */
export function makeLattice(extents: readonly number[], _options: { backend?: BackendName | "auto"; threads?: number } = {}): Lattice {
  return new Lattice(extents, (lattice) => new KernelEngine(lattice, jsEmitter));
}
