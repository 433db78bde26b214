/** Time scales of the molecular dynamics of a run, and the forces that they follow. */
import { type GuideLevel, forceInSingle } from "../../../samplers/index.ts";
import type { HmcSection } from "../../sections/hmc-options.ts";
import type { AnyAction, FermionField, GuideParts, System } from "../../system-types.ts";

/** What molecular dynamics follows: the action with the solver tolerance of forces, where there is another. */
export const forceActionOf = (f: FermionField): AnyAction => (f.forceAction ?? f.action) as AnyAction;

/** The sum of these actions, of one at least. */
export const sumOf = (actions: readonly AnyAction[]): AnyAction => actions.slice(1).reduce((s, a) => s.plus(a) as AnyAction, actions[0]!);

/** Time scales of the molecular dynamics: one with the whole force, or the levels of the configuration. */
export function levelsOf(options: Pick<HmcSection, "integrator" | "steps" | "levels" | "forcePrecision">, system: System, guide?: GuideParts): GuideLevel[] {
  const { matter } = system;
  if (!matter) return levelsOfLinks(options, system, guide);
  const { integrator, steps, levels } = options;
  if (!levels) return [{ action: system.target, integrator: integrator!, steps: steps! }];
  return levels.map((level) => {
    const part = matter.part(level.force);
    return { action: { force: (x: unknown, into: unknown) => part.force(x as never, into as never) } as unknown as GuideLevel["action"], integrator: level.integrator, steps: level.steps };
  });
}

function levelsOfLinks({ integrator, steps, levels, forcePrecision }: Pick<HmcSection, "integrator" | "steps" | "levels" | "forcePrecision">, system: System, guide?: GuideParts): GuideLevel[] {
  const single = forcePrecision === "f32";
  if (!levels) {
    const whole = guide?.whole ?? (single ? sumOf([system.gauge, ...system.fermions.map(forceActionOf)]) : forceOf(system));
    return [{ action: single ? forceInSingle(whole as AnyAction) : whole, integrator: integrator!, steps: steps! }];
  }
  return levels.map((level) => {
    const exact = guide ? guide.part(level.force) : targetPart(system, level.force);
    const part = single ? forceInSingle(exact as AnyAction) : exact;
    // without refresh: the target has drawn the fields
    return { action: { force: (U, into) => part.force(U, into) }, integrator: level.integrator, steps: level.steps };
  });
}

/** The target, or the same with the solver tolerances of forces. */
function forceOf({ target, gauge, fermions }: System): GuideLevel["action"] {
  return fermions.every((f) => forceActionOf(f) === f.action) ? target : sumOf([gauge, ...fermions.map(forceActionOf)]);
}

function targetPart({ gauge, fermions }: System, name: string): AnyAction {
  if (name === "gauge") return gauge;
  if (name === "fermions") return sumOf(fermions.map(forceActionOf));
  return forceActionOf(fermions[Number(name.slice("fermions.".length))]!);
}
