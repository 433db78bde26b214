/** Backend room: memory, code of kernels, worker threads, the machine's features. */
export { Code, F64, I32, Module, V128, type ValType } from "./assembler.ts";
export { BIN_PARTS, BinnedSums, binnedChunk, binnedFunction, binnedSource } from "./binned-sum.ts";
export { hasRelaxedSimd, hasSimd } from "./features.ts";
export { type ByteSource, Heap, paddedBytes, plainMemory } from "./heap.ts";
export { type Lanes, type Layout, lanePermutation, makeLayout } from "./layout.ts";
export { FieldMemory, Handle } from "./memory.ts";
export { KERNEL_TYPE, POOL_TYPE, poolSource } from "./native-threads.ts";
export { type NativeOptions, findToolchain, loadNative, openCache } from "./native.ts";
export { NORMALS, normalsModule, normalsScratch } from "./normals.ts";
export type { Arrays, BinaryFunction, DeviceArray, Pair, UnaryFunction } from "./tfjs/arrays.ts";
export { type TfjsEngineName, engineNames } from "./tfjs/engines.ts";
export { type EngineReport, type LoadedEngine, type TfjsOptions, type TfjsPrecision, loadEngine, probeEngines } from "./tfjs/load.ts";
export type { Formulation } from "./tfjs/products.ts";
export { type WasmBytes, wasmMemory } from "./wasm-memory.ts";
export { Wasm, type WasmMemory } from "./webassembly.ts";
export { WorkerPool } from "./workers.ts";
