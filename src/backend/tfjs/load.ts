/** Loads a TensorFlow.js engine, finds out what it is, and tries it before anything depends on it. */
import { BackendError } from "../../errors.ts";
import { type Kind, guard, is } from "../../util/index.ts";
import type { Arrays } from "./arrays.ts";
import { type EngineFacts, type TfjsEngineName, engineNames, engines, installLine } from "./engines.ts";
import { NodeArrays } from "./node-arrays.ts";
import { importPackage, prepareNode } from "#platform/backend/tfjs/packages";
import type { Formulation } from "./products.ts";
import { selfTest } from "./self-test.ts";
import { TfArrays } from "./tf-arrays.ts";
import type { NodeKernelBackend, TfModule } from "./tf.ts";

/** Format of the reals: unit roundoff 2^-24 (f32) or 2^-53 (f64). */
export type TfjsPrecision = "f32" | "f64";

/** Which engine of TensorFlow.js to load, and how. */
export interface TfjsOptions {
  readonly engine: TfjsEngineName;
  /** f32 (default), or f64 on tfjs-node and tfjs-node-gpu. */
  readonly precision?: TfjsPrecision;
  /** A TensorFlow.js module in use already, instead of the engine's own packages. */
  readonly module?: TfModule;
  /** How packages are imported; for tests. */
  readonly importer?: (name: string) => Promise<unknown>;
}

/** An engine that has passed its self-test. */
export interface LoadedEngine {
  readonly engine: TfjsEngineName;
  readonly precision: TfjsPrecision;
  /** Where the arithmetic runs: cuda only when the addon reports a GPU device. */
  readonly device: "cuda" | "cpu" | "webgpu";
  readonly version: string;
  readonly formulation: Formulation;
  /** Largest relative error of the self-test's products. */
  readonly error: number;
  readonly arrays: Arrays;
}

const anImporter: Kind = { text: "a function that imports a package by its name or nothing", holds: (x) => x === undefined || typeof x === "function", error: BackendError };

function expectOptions(options: TfjsOptions): void {
  guard("loadTfjs", { options: [options, { ...is.object, text: 'an object with engine, for instance { engine: "tfjs-node" }', error: BackendError }] });
  const module = { ...is.optional(is.withMethods("a TensorFlow.js module", "setBackend", "backend")), error: BackendError };
  guard("loadTfjs", { module: [options.module, module], importer: [options.importer, anImporter] });
}

/**
 * Imports, starts and tests an engine.
 * @throws BackendError that says what to install when a package is missing or broken, when the self-test fails, or when the
 * engine has no float64.
 */
export async function loadEngine(options: TfjsOptions): Promise<LoadedEngine> {
  expectOptions(options);
  const { engine, precision = "f32" } = options;
  const facts = engines[engine] as EngineFacts | undefined;
  if (!facts) throw new BackendError(`tfjs: got engine "${engine as string}", expected ${engineNames.join(", ")}`);
  if (precision !== "f32" && precision !== "f64") throw new BackendError(`tfjs: got precision "${precision as string}", expected f32 or f64`);
  if (precision === "f64" && !facts.node) throw new BackendError(`tfjs ${engine}: got precision f64, expected f32: only tfjs-node and tfjs-node-gpu compute in float64`);
  const tf = options.module ?? (await importEngine(engine, facts, options.importer ?? importPackage));
  await start(tf, engine, facts);
  const node = facts.node ? (tf.backend() as NodeKernelBackend) : undefined;
  if (node && typeof node.binding?.executeOp !== "function")
    throw new BackendError(`tfjs ${engine}: the module's addon has no executeOp, expected the one of version 4.22: ${installLine(engine)}`);
  if (node) claim(node, engine);
  const arrays = node ? new NodeArrays(node.binding, precision) : new TfArrays({ tf, backend: facts.backend, maxBatch: facts.maxBatch });
  const { formulation, error } = selfTest(arrays, facts.formulations, engine);
  const device = node ? (node.isUsingGpuDevice ? "cuda" : "cpu") : engine === "webgpu" ? "webgpu" : "cpu";
  return { engine, precision, device, version: tf.version_core ?? tf.version?.["tfjs-core"] ?? "unknown", formulation, error, arrays };
}

/** Which engine each addon was loaded as. */
const claims = new WeakMap<object, TfjsEngineName>();

/** tfjs-node and tfjs-node-gpu register themselves under one name, and the first of them stays: what is loaded second would run on the first. */
function claim(node: NodeKernelBackend, engine: TfjsEngineName): void {
  const first = claims.get(node) ?? engine;
  if (first !== engine) throw new BackendError(`tfjs ${engine}: ${first} is loaded in this process already and would answer in its place, expected one of the node engines in a process: load ${engine} in another one`);
  claims.set(node, engine);
}

async function start(tf: TfModule, engine: TfjsEngineName, facts: EngineFacts): Promise<void> {
  let started = false;
  let reason = "";
  try {
    started = await tf.setBackend(facts.backend);
  } catch (error) {
    reason = ` (${firstLine(error)})`;
  }
  if (started) return;
  const need = engine === "webgpu" ? "WebGPU needs a global navigator.gpu with an adapter" : `install it with ${installLine(engine)}`;
  throw new BackendError(`tfjs ${engine}: the engine does not start here${reason}: ${need}`);
}

async function importEngine(engine: TfjsEngineName, facts: EngineFacts, importer: (name: string) => Promise<unknown>): Promise<TfModule> {
  if (facts.node) prepareNode(engine === "tfjs-node-gpu");
  let first: unknown;
  for (const name of facts.packages) {
    try {
      const loaded = await importer(name);
      first ??= loaded;
    } catch (error) {
      throw broken(engine, name, error);
    }
  }
  const m = first as TfModule & { readonly default?: TfModule };
  const tf = m.default && typeof m.default.tensor === "function" ? m.default : m;
  if (typeof tf.tensor !== "function") throw new BackendError(`tfjs ${engine}: ${facts.packages[0]!} is not TensorFlow.js, expected version 4.22: ${installLine(engine)}`);
  // no banner, no checks of shapes that were checked while the program was recorded
  tf.env().set("PROD", true);
  return tf;
}

/** The engine's error in one line, with the command that mends it. */
function broken(engine: TfjsEngineName, name: string, error: unknown): BackendError {
  const code = (error as { code?: string }).code ?? "";
  const text = error instanceof Error ? error.message : String(error);
  if (/native addon|tfjs_binding/.test(text) && !/shared object|libtensorflow|dlopen/.test(text))
    return new BackendError(`tfjs ${engine}: ${name} is installed without its native addon: npm rebuild ${name} --build-addon-from-source`);
  if (/shared object|libtensorflow|dlopen|ERR_DLOPEN/.test(text + code))
    return new BackendError(`tfjs ${engine}: ${name} finds no usable libtensorflow (${firstLine(error)}): npm rebuild ${name} --build-addon-from-source, or put the library into its deps/lib (docs/gpu.md)`);
  if ((/MODULE_NOT_FOUND/.test(code) || /could not resolve|cannot find/i.test(text)) && text.includes(name))
    return new BackendError(`tfjs ${engine}: the package ${name} is not installed: ${installLine(engine)}`);
  return new BackendError(`tfjs ${engine}: ${name} does not load (${firstLine(error)}): ${installLine(engine)}`);
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
}

/** One engine as `gaugegrad doctor` shows it. */
export interface EngineReport {
  readonly engine: TfjsEngineName;
  readonly present: boolean;
  /** Device, version, formulation and error when present; why not otherwise. */
  readonly text: string;
}

/** Loads every engine and says what is there. Prints nothing. */
export async function probeEngines(importer?: (name: string) => Promise<unknown>): Promise<EngineReport[]> {
  guard("probeEngines", { importer: [importer, anImporter] });
  const reports: EngineReport[] = [];
  for (const engine of engineNames)
    try {
      const e = await loadEngine({ engine, ...(importer ? { importer } : {}) });
      reports.push({ engine, present: true, text: `device ${e.device}, TensorFlow.js ${e.version}, ${e.formulation.name} products, relative error ${e.error.toExponential(1)}` });
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      reports.push({ engine, present: false, text: error.message });
    }
  return reports;
}
