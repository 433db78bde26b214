/** Runs of spins, in a folder or without one. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type LatticeOptions, lattice as makeLattice } from "../../gauge/index.ts";
import { type Estimate, gammaMethod, pruned, sha256Hex, writeFileAtomic } from "../../util/index.ts";
import { canonical } from "../identity.ts";
import { type UnitEvent, produceUnits } from "../production/units.ts";
import type { Ended } from "../production/work.ts";
import { sampleHash } from "./samples.ts";
import type { SpinRun } from "./schema.ts";
import type { Line, SpinCommand, SpinStages, SpinState, TrainingSummary } from "./stages.ts";

/** A run of spins, what to do with it, and where it is kept. */
export interface SpinProductionOptions {
  readonly command: SpinCommand;
  readonly run: SpinRun;
  /** Without one nothing is kept, and nothing can be resumed. */
  readonly folder?: string | undefined;
  readonly engine?: LatticeOptions;
  readonly signal?: AbortSignal | undefined;
}

/** Lines as they come, and the life of the run. */
export type SpinEvent = UnitEvent<Line> | SpinEnd;

/** The last event. */
export type SpinEnd = Ended & {
  /** After training: the name of the model and its numbers. */
  readonly trained?: TrainingSummary & { readonly model: string };
  /** After sampling: means with errors. */
  readonly sampled?: Readonly<Record<string, Estimate>>;
};

/** Hash of what decides the numbers; files count by their contents, samples of another run as what they are. */
function identityOf(command: SpinCommand, whole: SpinRun): string {
  const { output: _output, ...run } = whole;
  const content = (file: string | undefined): string | undefined => (file !== undefined && existsSync(file) ? sha256Hex([readFileSync(file)]) : file);
  const { effective, training, sampler } = run;
  return sha256Hex([command, "\n", canonical(pruned({ ...run, effective: { ...effective, file: content(effective.file) }, training: { ...training, run: sampleHash(whole) }, sampler: { ...sampler, start: content(sampler.start) } }, (_, value) => value === undefined))]);
}

/**
 * Makes a run of spins, or goes on with it. @throws FileFormatError for folders and files, ConfigurationError for a folder of another run.
 */
export async function* produceSpins(options: SpinProductionOptions): AsyncGenerator<SpinEvent, void, void> {
  const { command, run, folder, engine = {}, signal } = options;
  const lattice = makeLattice(run.model.lattice, engine);
  // most runs are of gauge fields: the room of spins is loaded with the first one of spins
  const [{ SpinStages }, { writeModel }] = [await import("./stages.ts"), await import("./files.ts")];
  const stages = new SpinStages(lattice, command, run);
  if (folder === undefined) return yield* inMemory(stages, options);
  const { end, state, lines } = yield* produceUnits<Line, SpinState>({
    family: "spins", command, hash: identityOf(command, run), configuration: run, folder, lattice, strict: engine.strict, signal,
    total: stages.total,
    units: (from) => stages.units(from),
    finish: (to, state) => {
      if (command === "train") writeModel(to, run, stages.modelAt(state));
      // where a chain ended, or after a training where one may start: an exact sample
      const spins = state.chain?.spins ?? state.samples?.spins[0];
      if (spins) writeFileAtomic(join(to, "spins.json"), `${JSON.stringify([...spins])}\n`);
    },
  });
  yield end.kind === "stop" ? end : { ...end, ...resultOf(command, run, stages, state, lines) };
}

/** Everything at once, without a folder. */
function* inMemory(stages: SpinStages, { command, run, signal }: SpinProductionOptions): Generator<SpinEvent, void, void> {
  const { total } = stages;
  const lines: Line[] = [];
  let position = 0;
  let state: SpinState = {};
  for (const unit of stages.units()) {
    if (signal?.aborted) return yield { kind: "stop", reason: String(signal.reason), position, total };
    state = unit.state();
    position++;
    lines.push(...unit.lines);
    for (const line of unit.lines) yield { ...line, position, total };
  }
  yield { kind: "done", position, total, ...resultOf(command, run, stages, state, lines) };
}

function resultOf(command: SpinCommand, run: SpinRun, stages: SpinStages, state: SpinState, lines: readonly Line[]): Pick<SpinEnd, "trained" | "sampled"> {
  if (command === "train") return { trained: { model: stages.modelAt(state).name, ...stages.summary(state) } };
  const steps = lines.filter((l) => l.kind === "step");
  const names = ["acceptance", "logWeight", "magnetisation", "staggeredMagnetisation"].filter((name) => typeof steps[0]?.[name] === "number");
  return { sampled: Object.fromEntries(names.map((name) => [name, gammaMethod(steps.map((l) => l[name] as number))])) };
}
