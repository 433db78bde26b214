/** What a run measures between trajectories. Noise depends on seed, stream and trajectory only, so that a resumed run measures the same numbers. */
import type { LinkField } from "../../autograd/index.ts";
import { ConfigurationError, NaNError } from "../../errors.ts";
import { flowHistory, wilsonLoop } from "../../gauge/index.ts";
import { flowOf } from "../sections/flow-action.ts";
import type { MeasurementRecord } from "../records.ts";
import { describe, guarded } from "../parts/registry.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { observablesOf } from "../schema.ts";
import type { RunConfiguration } from "../sections/sections.ts";
import { onObserved } from "../moved.ts";
import type { GuideParts, System } from "../system-types.ts";

/** The measurement after a trajectory, as the configuration asks. `guide` takes part in force sizes. @throws NaNError for a value that is no number. */
export function measure(run: ResolvedRun, system: System, trajectory: number, guide?: GuideParts): MeasurementRecord {
  return onObserved(system, (U) => measuredOn(U, run, system, trajectory, guide));
}

function measuredOn(U: LinkField, { configuration: c, registry }: ResolvedRun, system: System, trajectory: number, guide?: GuideParts): MeasurementRecord {
  const { wilsonLoops, flow } = c.measurement;
  const { seed, stream } = c.sampler;
  const asked = observablesOf(c, registry);
  const values: Record<string, number> = {};
  for (const { part, options, as } of asked) {
    const found: unknown = guarded(part, "measure", () => part.measure(U, options, { trajectory, noise: { seed, stream }, run: c, matter: system.matter?.fields }));
    if (typeof found !== "number" && (typeof found !== "object" || found === null || !Object.values(found).every((x) => typeof x === "number"))) throw new ConfigurationError(`observable ${part.name}: got ${describe(found)}, expected a number, or numbers by name`);
    for (const [own, x] of Object.entries(typeof found === "number" ? { [part.name]: found } : (found as Record<string, number>))) {
      const value = as === undefined ? own : `${as}.${own}`;
      if (value in values && !Object.is(values[value], x)) throw new ConfigurationError(`observables: got two values ${value}, of ${part.name} and of one before it, expected names of their own: give one of them as = "WORD"`);
      values[value] = x;
    }
  }
  for (const [T, R] of wilsonLoops) values[`wilson(${T},${R})`] = wilsonLoop(U, T!, R!);
  const bad = Object.entries(values).find(([, x]) => !Number.isFinite(x));
  if (bad) throw new NaNError(`the observable ${bad[0]} is ${String(bad[1])}, expected a number`);
  return { kind: "measurement", trajectory, values, ...Object.assign({}, ...asked.map(({ part }) => part.record?.(system, guide))), ...(flow ? alongFlow(U, flow) : {}) };
}

function alongFlow(U: LinkField, { every, action, ...options }: NonNullable<RunConfiguration["measurement"]["flow"]>): Pick<MeasurementRecord, "flow" | "warnings"> {
  const warnings: string[] = [];
  const flow = flowHistory(U, { ...options, action: flowOf(action), every: Math.round(every / options.step), onWarning: (text) => warnings.push(text) });
  return { flow, ...(warnings.length > 0 ? { warnings } : {}) };
}
