/** Backends that need more than the engine, a C compiler or TensorFlow.js; and what checks the others: the interpreter and the verifier of schedules. */
export { cudaEmitter } from "./emit/cuda.ts";
export { InterpretEngine } from "./interpret/engine.ts";
export { nativeEmitter } from "./emit/native.ts";
export { type EngineReport, TfjsBackend, type TfjsEngineName, type TfjsOptions, type TfjsPrecision, loadTfjs, probeEngines } from "./tfjs/index.ts";
export { verify } from "./analysis/verify.ts";
