/** Engines that are present here, and fields for the tests. */
import { Field, type Lattice, type MatrixType, type Sample, type ValueType, openTape } from "../../src/autograd/index.ts";
import { type TfjsBackend, type TfjsEngineName, type TfjsPrecision, engineNames, loadTfjs } from "../../src/compiler/tfjs/index.ts";
import { BackendError } from "../../src/errors.ts";

/** Loads what can be loaded; says why the others are skipped. REQUIRE_CUDA=1 makes a missing GPU an error. */
export async function presentEngines(names: readonly TfjsEngineName[] = engineNames, precision: TfjsPrecision = "f32"): Promise<TfjsBackend[]> {
  const found: TfjsBackend[] = [];
  for (const engine of names)
    try {
      found.push(await loadTfjs({ engine, precision }));
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      if (engine === "tfjs-node-gpu" && process.env["REQUIRE_CUDA"] === "1") throw error;
      if (precision === "f32") console.log(`skipped: ${error.message}`);
    }
  if (process.env["REQUIRE_CUDA"] === "1" && !found.some((e) => e.device === "cuda")) throw new BackendError("REQUIRE_CUDA=1: no engine uses a GPU, expected tfjs-node-gpu on device cuda");
  return found;
}

/** Deterministic numbers in (-1, 1) with no structure that an op could share. */
export function noise(length: number, salt: number): Float64Array {
  return Float64Array.from({ length }, (_, k) => {
    const x = Math.sin((k + 1) * 12.9898 + salt * 78.233) * 43758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  });
}

/** Random values of a type; matrices are kept away from singular ones. */
export function randomField(lattice: Lattice, type: ValueType, salt: number): Field {
  const field = new Field(lattice, type);
  const data = noise(field.length, salt);
  const t = type as MatrixType;
  if (type.kind === "matrix" && type.algebra) project(data, t.N);
  else if (type.kind === "matrix") for (let n = 0; n < lattice.volume; n++) for (let i = 0; i < t.N; i++) data[n * 2 * t.N * t.N + 2 * (i * t.N + i)]! += 1.5 + 0.5 * t.N;
  return field.set(data);
}

/** Antihermitian, traceless for N > 1. */
function project(data: Float64Array, N: number): void {
  for (let at = 0; at < data.length; at += 2 * N * N) {
    let trace = 0;
    for (let i = 0; i < N; i++)
      for (let j = 0; j <= i; j++) {
        const [p, q] = [at + 2 * (i * N + j), at + 2 * (j * N + i)];
        const [re, im] = [(data[p]! - data[q]!) / 2, (data[p + 1]! + data[q + 1]!) / 2];
        [data[p], data[q], data[p + 1], data[q + 1]] = [re, -re, im, im];
        if (i === j) [data[p], trace] = [0, trace + im];
      }
    if (N > 1) for (let i = 0; i < N; i++) data[at + 2 * (i * N + i) + 1]! -= trace / N;
  }
}

/** Has the sample weights or channels? The engine refuses programs with them. */
export function hasWeights(lattice: Lattice, s: Sample): boolean {
  const tape = openTape(lattice);
  return tape.finish([s.apply(s.inputs.map((t) => tape.input(t)))]).nodes.some(({ type }) => type.kind === "tensor" || type.kind === "channels");
}
