/** The model of a run file, and the file of its trained weights. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Lattice } from "../../autograd/index.ts";
import { ConfigurationError, FileFormatError } from "../../errors.ts";
import { type GenerativeModel, phi4Flow, spectralFlow, trivialisingFlow, u1Flow } from "../../flows/index.ts";
import { gaugeAction, parseGroup } from "../../gauge/index.ts";
import { readContainer, writeContainer } from "../../util/index.ts";
import { canonical } from "../identity.ts";
import type { FlowRun } from "./schema.ts";

const KIND = { name: "flow", version: 1 } as const;

/** The flow that a run file describes. */
export function flowModelOf(lattice: Lattice, { target, flow, sampler: { seed } }: FlowRun): GenerativeModel {
  if (target.kind === "phi4") {
    const { layers, channels, depth } = flow as Extract<FlowRun["flow"], { kind: "phi4" }>;
    return phi4Flow({ lattice, seed, m2: target.m2, lambda: target.lambda, layers, channels, depth });
  }
  const action = gaugeAction.wilson({ beta: target.beta });
  if (flow.kind === "u1") {
    const { layers, channels, depth, map, projections, loops } = flow;
    return u1Flow({ lattice, action, seed, layers, channels, depth, map, projections, loops });
  }
  if (flow.kind === "spectral") {
    const { layers, channels, depth, steps } = flow;
    return spectralFlow({ lattice, group: parseGroup(target.group), action, seed, layers, channels, depth, steps });
  }
  const { steps, knots, scheme } = flow as Extract<FlowRun["flow"], { kind: "trivialising" }>;
  return trivialisingFlow({ lattice, group: parseGroup(target.group), action, seed, beta: target.beta, steps, knots, scheme });
}

/** What weights belong to: flow and group, whatever lattice and coupling they were trained on. */
function shapeOf({ target, flow: { file: _file, ...flow } }: FlowRun): string {
  return canonical({ flow: flow.kind === "trivialising" ? { ...flow, steps: 0 } : flow, group: target.kind === "wilson" ? parseGroup(target.group).name : target.kind });
}

/** Writes flow.gaugegrad. */
export function writeFlowModel(folder: string, run: FlowRun, theta: Float64Array): string {
  const file = join(folder, "flow.gaugegrad");
  writeContainer(file, KIND, { shape: shapeOf(run), run, theta });
  return file;
}

/** The weights of the run's file, or those that it starts with. @throws FileFormatError for a file that is none, ConfigurationError for one of another flow. */
export function weightsOf(run: FlowRun, model: GenerativeModel): Float64Array {
  const { file } = run.flow;
  if (file === undefined) return model.start(run.sampler.seed);
  if (!existsSync(file)) throw new FileFormatError(`${file}: cannot be opened, expected the flow.gaugegrad of gaugegrad flow train: train first, or leave out flow.file`);
  const { data } = readContainer(file, KIND);
  const { shape, theta } = (data ?? {}) as { shape?: unknown; theta?: unknown };
  if (!(theta instanceof Float64Array) || !theta.every(Number.isFinite)) throw new FileFormatError(`${file}: got a file without weights, expected one of gaugegrad flow train`);
  if (shape !== shapeOf(run) || theta.length !== model.size) throw new ConfigurationError(`flow.file: got the weights of another flow, expected those of ${model.name}: the same kind, layers, channels, depth and group`);
  return theta;
}
