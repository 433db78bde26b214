/** Compiler room: programs to kernels to executables. */
import { type Engine, Lattice } from "../autograd/index.ts";
import { type Lanes, type PartOptions, canThread, hasSimd, processors } from "../backend/index.ts";
import { BackendError, ConfigurationError } from "../errors.ts";
import { describe, environmentVariable, notice } from "../util/index.ts";
import { KernelEngine } from "./engine.ts";
import { jsEmitter } from "./emit/emit-js.ts";
import type { Emitter } from "./emitter.ts";
import { wasmEmitter } from "./emit/emit-wasm.ts";
import { partOf } from "#platform/compiler/divide/divided";
import { InterpretEngine, cudaEmitter, nativeEmitter } from "#platform/compiler/optional";

/** Backends of the compiler (cuda was never run on a device), and the interpreter that they are tested against: slow, for debugging. */
export type BackendName = "js" | "wasm" | "native" | "cuda" | "interpret";

/** Backend, threads and arithmetic of a lattice. */
export interface EngineOptions extends PartOptions {
  readonly backend?: BackendName | "auto";
  /** Threads, counting the main one; "auto" (default) takes one for small lattices and two for larger ones. */
  readonly threads?: number | "auto";
  /** Multiply then add instead of fused multiply-add. */
  readonly strict?: boolean;
  /** Most memory for the intermediate fields of a program, in link fields of its N: more is computed again instead of kept. */
  readonly maxFields?: number;
  /**
   * Check the results of every plan, and name op, site and layer of the first value that is not finite: NaNError. Several times slower. Default:
   * GAUGEGRAD_DEBUG_NAN=1 in the environment, which `--debug-nan` sets.
   */
  readonly debugNaN?: boolean;
  /** Sites in a vector of the native backend: a power of two up to 8; the machine's widest vector when left out. */
  readonly lanes?: Lanes;
  /**
   * Numbers of fields and scalars: "f64" (default), or "f32" for lattices on which forces are computed or systems solved to a few digits. Sums over sites
   * are made in float64, and rounded. Backends wasm (default) and native, with twice as many sites in a vector.
   */
  readonly precision?: "f64" | "f32";
  /**
   * Store fields of SU(2), and all that is recorded to lie in their real span, as quaternions: four numbers a link in place of eight, half of the arithmetic, results equal up to rounding.
   * Default false. For other N it changes nothing. Backends js, wasm, native and cuda.
   */
  readonly quaternions?: boolean;
  /** Independent samples in every field; default 1. Programs run on all of them, a sum gives one number a sample. */
  readonly batch?: number;
  /** A loaded backend to use instead of one of the names. */
  readonly engine?: EngineSource;
}

/** A loaded backend that makes the engine of a lattice, for instance what `loadTfjs` returns. */
export interface EngineSource {
  attach(lattice: Lattice, maxFields?: number): Engine;
}

/** Sites above which a second thread pays. */
const THREADED_VOLUME = 2048;

/** Threads wait by turning: more of them than twice the processors keep each other from work. */
const mostThreads = (): number => (canThread() ? Math.max(4, 2 * processors()) : 1);

function emitter(volume: number, options: EngineOptions): Emitter {
  const { strict = false, precision = "f64" } = options;
  if (precision !== "f64" && precision !== "f32") throw new ConfigurationError(`precision: got ${describe(precision)}, expected "f64" or "f32"`);
  const single = precision === "f32";
  const backend = options.backend ?? "auto";
  if (backend === "cuda") return cudaEmitter({ strict });
  if (single && (backend === "js" || (backend === "auto" && !hasSimd()))) throw new ConfigurationError(`precision "f32": got backend js, expected wasm or native: the others compute in float64`);
  const asked = options.threads === undefined || options.threads === "auto" ? (volume >= THREADED_VOLUME && canThread() ? 2 : 1) : options.threads;
  if (!Number.isInteger(asked) || asked < 1) throw new BackendError(`threads: got ${asked}, expected "auto" or a positive integer`);
  const threads = Math.min(asked, mostThreads());
  if (threads < asked) notice(canThread() ? `threads: got ${asked}, expected at most ${threads}, twice the processors of this machine: ${threads} are used` : `threads: got ${asked}, expected a page that is cross-origin isolated, where threads can share memory: one is used`);
  if (backend === "js" || (backend === "auto" && !hasSimd())) return jsEmitter;
  if (backend === "native") return nativeEmitter({ strict, threads, single, ...(options.lanes === undefined ? {} : { lanes: options.lanes }) });
  if ((backend as string) === "tfjs") throw new BackendError('backend tfjs: it is loaded first, expected { engine: await loadTfjs({ engine: "tfjs-node-gpu" }) } in place of { backend: "tfjs" }');
  if (backend !== "auto" && backend !== "wasm") throw new BackendError(`backend: got "${backend as string}", expected auto, js, wasm, native, cuda or interpret`);
  if (!hasSimd()) throw new BackendError("backend wasm: this engine has no WebAssembly SIMD, expected Node 20 or newer on a 64-bit machine: use backend js");
  return wasmEmitter({ strict, threads, single });
}

/** What a lattice of single precision beside one with these options has: all but what is of that backend alone, and a budget counted in its fields. */
function inSingle({ backend, threads, strict, quaternions, batch, comm, grid, ghosts }: EngineOptions): EngineOptions {
  const given = { threads, strict, quaternions, batch, comm, grid, ghosts, ...(backend === "native" ? { backend } : {}) };
  return { ...(Object.fromEntries(Object.entries(given).filter(([, x]) => x !== undefined)) as EngineOptions), precision: "f32" };
}

/** A lattice whose programs run on the given backend. */
export function makeLattice(extents: readonly number[], options: EngineOptions = {}): Lattice {
  const debugNaN = options.debugNaN ?? environmentVariable("GAUGEGRAD_DEBUG_NAN") === "1";
  const engine = (lattice: Lattice): Engine => {
    const alone = options.engine ? "a loaded backend" : options.backend === "interpret" || options.backend === "cuda" ? `backend ${options.backend}` : undefined;
    if (alone && ((options.comm?.size ?? 1) > 1 || (options.ghosts && options.backend === "cuda"))) throw new ConfigurationError(`${alone}: got ${options.comm?.size ?? 1} ranks${options.ghosts ? " with ghosts" : ""}, expected one: use wasm, native or js to divide a lattice`);
    if (options.precision === "f32" && alone) throw new ConfigurationError(`precision "f32": got ${alone}, expected backend wasm or native`);
    if (options.quaternions && (options.engine || options.backend === "interpret")) throw new ConfigurationError(`quaternions: got ${alone}, expected backend js, wasm, native or cuda`);
    if (options.engine) return options.engine.attach(lattice, options.maxFields);
    const part = partOf(lattice, options);
    if (options.backend === "interpret") return new InterpretEngine(lattice, options.maxFields);
    return new KernelEngine(lattice, emitter((lattice.batch * lattice.volume) / (part?.comm.size ?? 1), options), options.maxFields, part, options.precision === "f32" || options.backend === "cuda" ? undefined : () => makeLattice(extents, inSingle(options)));
  };
  const { quaternions = false } = options;
  if (typeof quaternions !== "boolean") throw new ConfigurationError(`quaternions: got ${describe(quaternions)}, expected true or false`);
  return new Lattice(extents, engine, { debugNaN, quaternions, ...(options.batch === undefined ? {} : { batch: options.batch }) });
}

export { microSource } from "./emit/emit-c.ts";
export { type DeviceKernel, deviceKernel } from "./emit/emit-cuda.ts";
export { type FlatFormula, FlatKernel } from "./emit/flat-kernel.ts";
export { kernelParts } from "./emit/kernel-parts.ts";
export type { Argument, Buffer, Instruction, KernelStep, Schedule, SolveStep, Step } from "./ir.ts";
export { REFINEMENTS } from "./refine/refinements.ts";
export { type KernelPlan, atHome, planKernel } from "./kernels.ts";
export { lower } from "./lower.ts";
export { type MicroKernel, operandsOf } from "./scalar.ts";
export { type MixedReport, mixedGradient } from "./solve/mixed-gradient.ts";
export { transfer } from "./twin.ts";
export type { SolveReport, SolverEngine } from "./solve/solver-programs.ts";
export { solverOf } from "./solve/solvers.ts";
export { type EngineReport, TfjsBackend, type TfjsEngineName, type TfjsOptions, type TfjsPrecision, loadTfjs, probeEngines } from "#platform/compiler/optional";
