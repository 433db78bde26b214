/** Backends that need more than the engine: a C compiler, TensorFlow.js. */
export { nativeEmitter } from "./native.ts";
export { type EngineReport, TfjsBackend, type TfjsEngineName, type TfjsOptions, type TfjsPrecision, loadTfjs, probeEngines } from "./tfjs/index.ts";
