/** What a training learns with, by its section: loss, optimiser, schedule. */
import type { FieldData } from "../../autograd/index.ts";
import { type EffectiveAction, type LearningOptions, type Loss, type Optimiser, type ParameterGroup, type Schedule, type Share, type TrainingState, adam, adamW, gaussNewton, lbfgs, regression, schedules, sgd } from "../../training/index.ts";
import type { Registry } from "../parts/registry.ts";
import { optionsOf } from "../schema.ts";
import type { TrainingSection } from "../sections/sections.ts";

/** The loss of a training section, with its options. */
export function lossOf(t: TrainingSection, registry: Registry): Loss {
  const part = registry.get("loss", t.objective);
  return part.build(optionsOf(part, t));
}

/** What a training of so many batches learns with; `share`: where its samples are, when they are not all here. */
export function learning(t: TrainingSection, registry: Registry, action: EffectiveAction<number, unknown>, steps: number, state: TrainingState<FieldData> | undefined, share?: Share): LearningOptions<number, unknown> {
  const { accumulate = 1, average } = t;
  return { action, loss: lossOf(t, registry), optimiser: optimiserOf(t, Math.max(1, Math.floor(steps / accumulate))), offsetRate: t.offsetRate, accumulate, ...(average === undefined ? {} : { average }), ...(state ? { state } : {}), ...(share ? { share } : {}) };
}

/** @throws ConfigurationError for groups that name no parameters of this action and its loss. */
export function expectGroups(t: TrainingSection, registry: Registry, { names }: EffectiveAction<number, unknown>): void {
  const all = [...names, ...lossOf(t, registry).own.map((p) => p.name)];
  if (t.groups) optimiserOf(t, 1).start(all.length, all);
}

/** The schedule of a training section that begins at this rate; a final rate is in the same ratio. */
function scheduleOf(t: TrainingSection, steps: number, initial: number): Schedule {
  const final = initial === t.rate ? t.finalRate : (t.finalRate * initial) / t.rate;
  const schedule = t.schedule === "cosine" ? schedules.cosine({ initial, final, steps: Math.max(1, steps - t.warmUp) }) : t.schedule === "step" ? schedules.step({ initial, factor: t.factor, every: t.every }) : schedules.constant(initial);
  return t.warmUp > 0 ? schedules.warmUp(t.warmUp, schedule) : schedule;
}

/** The optimiser of a training section, for a training of so many steps. */
function optimiserOf(t: TrainingSection, steps: number): Optimiser {
  if (t.optimiser === "lbfgs") return lbfgs(t.memory === undefined ? {} : { memory: t.memory });
  const groups = t.groups?.map(({ parameters, rate, weightDecay, frozen }): ParameterGroup => ({ parameters, ...(rate === undefined ? {} : { rate: scheduleOf(t, steps, rate) }), ...(weightDecay === undefined ? {} : { weightDecay }), ...(frozen === undefined ? {} : { frozen }) }));
  const common = { rate: scheduleOf(t, steps, t.rate), ...(t.clip === undefined ? {} : { clip: t.clip }), ...(groups ? { groups } : {}) };
  if (t.optimiser === "adam") return adam(common);
  if (t.optimiser === "adamW") return adamW({ ...common, weightDecay: t.weightDecay });
  if (t.optimiser === "regression") return regression();
  return t.optimiser === "sgd" ? sgd({ ...common, momentum: t.momentum }) : gaussNewton({ ...(t.damping === undefined ? {} : { damping: t.damping }), ...(t.maxStep === undefined ? {} : { maxStep: t.maxStep }) });
}
