/** Trajectories that a production has kept, as samples: what networks are trained and judged on. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Field, Lattice, LinkField } from "../../autograd/index.ts";
import { ConfigurationError } from "../../errors.ts";
import type { Group } from "../../gauge/index.ts";
import { type GaugeFormat, readGauge } from "../../io/index.ts";
import type { Target } from "../../samplers/index.ts";
import { type TrainingSample, takeSample } from "../../training/index.ts";
import { randomStream } from "../../util/index.ts";
import { readConfiguration, readMetrics, runPaths } from "./folder.ts";

/** What samples of stored trajectories are made with. */
export interface StoredTrajectoryOptions<N extends number> {
  /** Target of the run; its pseudofermions are drawn again, as the run drew them. */
  readonly target: Target<N>;
  readonly lattice: Lattice;
  readonly group: Group<N>;
  /** Auxiliary fields that the target refers to: `EffectiveAction.fields`. */
  readonly fields: readonly Field[];
  /** Keep the target's force at the end. */
  readonly force?: boolean;
  /** The formats that its files may have; default those of this package. */
  readonly formats?: readonly GaugeFormat[] | undefined;
}

/**
 * The accepted trajectories of a production in their order, with both ends and the pseudofermions that were drawn for them: random numbers are functions of the
 * trajectory, so that the links after every trajectory, which the run has to keep (output.configurations with every = 1), are all that is needed. A trajectory whose start
 * was not kept, the first one without output.configurations.start, is left out.
 * @throws ConfigurationError for a run that does not keep every configuration, FileFormatError for files.
 */
export function* storedTrajectories<N extends number>(folder: string, { target, lattice, group, fields, force = false, formats }: StoredTrajectoryOptions<N>): Generator<TrainingSample<N>, void, void> {
  const { output, sampler } = readConfiguration(folder);
  const { every, format, gauge } = output.configurations ?? {};
  if (every !== 1) throw new ConfigurationError(`${folder}: got a run with output.configurations.every = ${every ?? "nothing"}, expected 1: trajectories are what lies between neighbouring configurations`);
  if (gauge) throw new ConfigurationError(`${folder}: got a run with output.configurations.gauge = "${gauge}", expected none: pseudofermions belong to the links of the chain, not to their copies in a gauge`);
  const random = randomStream(sampler.seed, sampler.stream);
  const read = (position: number): LinkField<N> | undefined => {
    const file = join(runPaths(folder).configurations, `${String(position).padStart(8, "0")}.${format!}`);
    return existsSync(file) ? (readGauge(file, { lattice, group, ...(formats ? { formats } : {}) }).U as LinkField<N>) : undefined;
  };
  let last: { readonly position: number; readonly links: LinkField<N> } | undefined;
  for (const record of readMetrics(folder)) {
    if (record.kind !== "trajectory" || record.phase !== "sample") continue;
    const { trajectory, accepted } = record;
    const start: LinkField<N> | undefined = last?.position === trajectory ? last.links : read(trajectory);
    const end = read(trajectory + 1);
    last = end && { position: trajectory + 1, links: end };
    if (!accepted || !start || !end) continue;
    target.refresh?.(start, trajectory, random);
    yield takeSample(end, target, fields, { start, force });
  }
}
