/** `gaugegrad doctor`: what this machine offers, and what is missing and why. */
import { createRequire } from "node:module";
import { cpus, totalmem } from "node:os";
import { Command } from "commander";
import { findToolchain, hasRelaxedSimd, hasSimd, processors } from "../../backend/index.ts";
import { type EngineReport, probeEngines } from "../../compiler/index.ts";
import { BackendError } from "../../errors.ts";
import { bytesText, packageVersion } from "../../util/index.ts";
import type { CliContext } from "../context.ts";
import { printJson, printText, withJson } from "../output.ts";
import { examineCuda, examineRanks } from "../../runs/index.ts";

/** One line of the report. */
interface Finding {
  readonly name: string;
  readonly present: boolean;
  /** Version or detail when present, the reason when not. */
  readonly detail: string;
}

interface Report {
  readonly gaugegrad: string;
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  readonly cpu: string;
  readonly threads: number;
  readonly memoryBytes: number;
  readonly backends: readonly Finding[];
  readonly features: readonly Finding[];
  readonly compilers: readonly Finding[];
  readonly packages: readonly Finding[];
  /** Under a launcher. */
  readonly ranks?: readonly Finding[];
}

/** Packages that are used when they are installed, and what for. */
const OPTIONAL = [
  ["koffi", "native and CUDA kernels, MPI"],
  ["@tensorflow/tfjs-node-gpu", "TF.js backend on CUDA"],
  ["@tensorflow/tfjs-node", "TF.js backend on the CPU, native"],
  ["@tensorflow/tfjs", "TF.js backend in JavaScript"],
  ["h5wasm", "HDF5 files"],
] as const;

export function doctorCommand(context: CliContext): Command {
  return withJson(new Command("doctor"))
    .description("What this machine offers: backends, SIMD features, threads, compilers, optional packages; present or why not.")
    .action(async (options: { json?: boolean }) => {
      const report = await examine(context);
      if (options.json) printJson(context, report);
      else printText(context, reportText(report));
    });
}

async function examine(context: CliContext): Promise<Report> {
  const simd = hasSimd();
  const relaxed = simd && hasRelaxedSimd();
  const compiler = findCompiler(context.environment["CC"]);
  const engines = await probeEngines();
  const packages = await Promise.all(
    OPTIONAL.map(([name, use]) => {
      const engine = engines.find((e) => name === `@tensorflow/${e.engine}`);
      return engine ? { name, present: engine.present, detail: engine.text } : findPackage(name, use);
    }),
  );
  const koffi = packages.find((p) => p.name === "koffi")!;
  return {
    gaugegrad: packageVersion(),
    node: process.versions.node,
    v8: process.versions.v8,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model ?? "unknown",
    threads: processors(),
    memoryBytes: totalmem(),
    backends: [
      { name: "js", present: true, detail: "reference kernels" },
      { name: "wasm", present: simd, detail: simd ? `two lanes, ${relaxed ? "fused multiply-add" : "multiply then add"}` : "this engine has no WebAssembly SIMD: use Node 20 or newer on a 64-bit machine" },
      nativeBackend(compiler, koffi),
      examineCuda(),
      tfjsBackend(engines),
    ],
    features: [
      { name: "SIMD", present: simd, detail: simd ? "f64x2" : "not in this engine" },
      { name: "relaxed SIMD", present: relaxed, detail: relaxed ? "fused multiply-add on f64x2" : "not in this engine: results use multiply then add" },
      { name: "shared memory", present: typeof SharedArrayBuffer === "function", detail: typeof SharedArrayBuffer === "function" ? `${processors()} threads` : "no SharedArrayBuffer: one thread" },
    ],
    compilers: [compiler],
    packages,
    ...(context.comm ? { ranks: examineRanks(context.comm, context.environment) } : {}),
  };
}

/** The TensorFlow.js engines that start and pass their self-test, with the device that they really use. */
function tfjsBackend(engines: readonly EngineReport[]): Finding {
  const ready = engines.filter((e) => e.present);
  return { name: "tfjs", present: ready.length > 0, detail: ready.length > 0 ? ready.map((e) => `${e.engine}: ${e.text}`).join("; ") : engines[0]!.text };
}

function nativeBackend(compiler: Finding, koffi: Finding): Finding {
  const missing = [compiler, koffi].filter((f) => !f.present).map((f) => f.detail);
  return { name: "native", present: missing.length === 0, detail: missing.length === 0 ? compiler.detail : missing.join("; ") };
}

/** The C compiler: $CC, else cc; it is run. */
function findCompiler(cc = "cc"): Finding {
  try {
    const { version, lanes } = findToolchain({ cc });
    return { name: cc, present: true, detail: `${version}, vectors of ${lanes} doubles` };
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return { name: cc, present: false, detail: `${cc} does not run: install gcc or clang, or set CC` };
  }
}

/** Whether a package is installed, and whether it loads. */
async function findPackage(name: string, use: string): Promise<Finding> {
  try {
    createRequire(import.meta.url).resolve(name);
  } catch {
    return { name, present: false, detail: `not installed (${use}): npm install ${name}` };
  }
  try {
    const module = (await import(name)) as { version?: unknown; default?: { version?: unknown } };
    const version = module.version ?? module.default?.version;
    return { name, present: true, detail: typeof version === "string" ? version : "installed" };
  } catch (error) {
    return { name, present: false, detail: `installed but does not load: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}` };
  }
}

function reportText(r: Report): string {
  const width = Math.max(...[r.backends, r.features, r.compilers, r.packages, r.ranks ?? []].flat().map((f) => f.name.length));
  const rows = (title: string, list: readonly Finding[]): string => [title, ...list.map((f) => `  ${f.name.padEnd(width)}  ${f.present ? "present" : "absent "}  ${f.detail}`)].join("\n");
  const head = [
    `gaugegrad ${r.gaugegrad}, Node ${r.node} (V8 ${r.v8}), ${r.platform}`,
    `${r.cpu}, ${r.threads} threads, ${bytesText(r.memoryBytes)} memory`,
  ];
  return [head.join("\n"), rows("backends", r.backends), rows("features", r.features), rows("compiler", r.compilers), rows("optional packages", r.packages), ...(r.ranks ? [rows("ranks", r.ranks)] : [])].join("\n\n");
}
