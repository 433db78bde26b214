/** gaugegrad: everything public under one name; each room has an entry of its own as well (statistics: `gaugegrad/util`, plots: `gaugegrad/report`). */
export * from "./autograd/index.ts";
export * from "./linalg/index.ts";
export * from "./gauge/index.ts";
export * from "./fermions/index.ts";
export * from "./check/index.ts";
export * from "./samplers/index.ts";
export * from "./training/index.ts";
export * from "./models/index.ts";
export * from "./io/index.ts";
export * from "./errors.ts";
export { type ParameterSpace, countParameters, parameterSpace, randomParameters } from "./util/index.ts";
export { type EngineReport, TfjsBackend, type TfjsEngineName, type TfjsOptions, type TfjsPrecision, loadTfjs, probeEngines } from "./compiler/index.ts";
