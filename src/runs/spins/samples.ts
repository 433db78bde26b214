/** Exact samples as plain data, as a run keeps them in its checkpoint, and those of another run. */
import { ConfigurationError, FileFormatError } from "../../errors.ts";
import { latestCheckpoint } from "../../io/index.ts";
import type { SpinSample } from "../../spins/index.ts";
import { sha256Hex } from "../../util/index.ts";
import { readRunInfo, runPaths } from "../folder/folder.ts";
import { type SpinRun, readSpinRun } from "./schema.ts";

/** Spins and ln W of samples. */
export interface StoredSamples {
  readonly spins: readonly Float64Array[];
  readonly logWeights: Float64Array;
}

export const stored = (samples: readonly SpinSample[]): StoredSamples => ({ spins: samples.map((s) => s.spins), logWeights: Float64Array.from(samples, (s) => s.logWeight) });
export const restored = ({ spins, logWeights }: StoredSamples): SpinSample[] => spins.map((s, k) => ({ spins: s, logWeight: logWeights[k]! }));

/** Samples in the newest checkpoint of a run. @throws FileFormatError for a folder without any. */
function storedSamples(folder: string): { readonly samples: StoredSamples; readonly model: SpinRun["model"] } {
  const { command } = readRunInfo(folder);
  const { samples } = ((latestCheckpoint(folder)?.state as { readonly state?: { readonly samples?: StoredSamples } } | undefined)?.state ?? {}) as { readonly samples?: StoredSamples };
  if (!command.startsWith("spins ") || !samples) throw new FileFormatError(`training.run: got ${folder}, a run of ${command} ${samples ? "" : "without samples"}, expected one of gaugegrad spins that trains: its exact samples are taken`);
  return { samples, model: readSpinRun(runPaths(folder).configuration).model };
}

/** The first so many exact samples of another run. @throws FileFormatError for a folder without samples, ConfigurationError for another model and for too few of them. */
export function samplesOf(folder: string, run: SpinRun, count: number): StoredSamples {
  const { samples, model } = storedSamples(folder);
  if (JSON.stringify(model) !== JSON.stringify(run.model)) throw new ConfigurationError(`training.run: got samples of ${JSON.stringify(model)}, expected those of the model of the run, ${JSON.stringify(run.model)}`);
  if (samples.spins.length < count) throw new ConfigurationError(`training.run: got ${samples.spins.length} samples in ${folder}, expected at least ${count}: training.samples and training.test`);
  return { spins: samples.spins.slice(0, count), logWeights: samples.logWeights.slice(0, count) };
}

/** Hash of the samples that `training.run` gives. @throws as `samplesOf`. */
export function sampleHash(run: SpinRun): string | undefined {
  const { run: folder, samples, test } = run.training;
  if (folder === undefined) return undefined;
  const { spins, logWeights } = samplesOf(folder, run, samples + test);
  return sha256Hex([logWeights, ...spins].map((x) => new Uint8Array(x.buffer, x.byteOffset, x.byteLength)));
}
