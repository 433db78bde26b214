/// <reference types="node" preserve="true" />
/** Runs room: run files, production with exact resume, measurements, the jobs of the quickstart and of the spins. */
export { bibliography, bibliographyOfName } from "./citations.ts";
export { environmentOf } from "./environment.ts";
export { type RunAction, actionOfRun } from "./run-action.ts";
export { type Estimate, estimate } from "./estimate.ts";
export { configurationText, readConfiguration, readMetrics, readRunInfo, readState, runPaths } from "./folder/folder.ts";
export { type ChainsOptions, type ChainsOutcome, produceChains } from "./chains/produce-chains.ts";
export { type ChainsInfo, chainFolder, readChains } from "./chains/folders.ts";
export { type ChainsSummary, chainsText, summaryOfChains } from "./chains/summary.ts";
export { examineCuda } from "./examine-cuda.ts";
export { type RankFinding, examineRanks, threadsOfRank, threadsProblem } from "./ranks/examine-ranks.ts";
export { isGuided } from "./parts/guide.ts";
export { demonCouplings, demonLabel } from "./summary/demon-couplings.ts";
export { alarmsOf, expMinusDH } from "./summary/health.ts";
export { type LinksFile, readLinks } from "./system/links.ts";
export { type JobScriptOptions, jobScript } from "./job-script.ts";
export { lockHolder } from "./folder/lock.ts";
export { type MeasureRequest, type Measurement, Measurer } from "./measurement.ts";
export { loadModule } from "./modules/load-module.ts";
export { buildNetwork, networkBuilders, networkOf } from "./system/run-network.ts";
export type { RunNetwork } from "./system-types.ts";
export { type ProduceAllOptions, produceAll } from "./side-by-side/pool.ts";
export { parseRun, readRunFile } from "./file/parse.ts";
export type { RunFile } from "./resolved-run.ts";
export { type DefineOptions, type RunDefinition, defineRun } from "./file/define.ts";
export { type ProductionOptions, type RunEnd, type RunEvent, produce } from "./production/production.ts";
export { RunReader, type RunView, readRun } from "./folder/reader.ts";
export { BENCHMARK, REFERENCE } from "./quickstart/benchmark.ts";
export { LENGTHS, type Lengths, type QuickstartOptions, type QuickstartResult, type Sampled, type TrainResult, quickstart } from "./quickstart/quickstart.ts";
export type { CheckpointState, EventRecord, MeasurementRecord, MetricsRecord, RunCommand, RunInfo, TrajectoryRecord } from "./records.ts";
export { resolveRun } from "./file/resolve.ts";
export type { ResolvedRun } from "./resolved-run.ts";
export { type RunInput, editorSchema } from "./schema.ts";
export { isOffline } from "./sections/offline.ts";
export type { RunConfiguration } from "./sections/sections.ts";
export { type SpinEnd, type SpinEvent, type SpinProductionOptions, produceSpins } from "./spins/production.ts";
export { type SpinRun, type SpinRunInput, defineSpinRun, readSpinRun } from "./spins/schema.ts";
export { spinStarter } from "./spins/starter.ts";
export { type FlowCommand, type FlowEvent, type FlowLine, type FlowProductionOptions, type FlowResult, type FlowSummary, produceFlow, summaryOfFlow } from "./flows/production.ts";
export { type FlowFolder, readFlowFolder } from "./flows/folder.ts";
export { type FlowRun, readFlowRun } from "./flows/schema.ts";
export { flowStarters } from "./flows/starters.ts";
export { builtIn } from "./parts/built-in.ts";
export {
  type Declaration, type Family, type FermionDeclaration, type FermionPart, type FormatDeclaration, type FormatPart, type GaugeActionDeclaration, type GaugeActionPart, type LossDeclaration, type LossPart, type NetworkDeclaration, type NetworkMap,
  type NetworkPart, type ObservableContext, type ObservableDeclaration, type ObservablePart, type Part, type PartContext, type RunSampler, type SamplerDeclaration, type SamplerPart, type TransformDeclaration, type MatterDeclaration, type TransformPart, type MatterPart, fermion, format, gaugeAction,
  loss, matter, network, observable, sampler, transform,
} from "./parts/part.ts";
export { formatsWith } from "./reading.ts";
export { type Question, runQuestions } from "./file/questions.ts";
export { Registry } from "./parts/registry.ts";
export { z } from "zod";
export { starters } from "./file/starters.ts";
export { summaryOf, summaryText } from "./summary/summary.ts";
export { type StoredTrajectoryOptions, storedTrajectories } from "./folder/trajectories.ts";
export { packageVersion } from "../util/index.ts";
export { type RankContext, onRanks } from "./ranks/on-ranks.ts";
