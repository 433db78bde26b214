/** Learning rates as functions of the step, counted from 0; nothing of them has to be stored to resume. */
import { ConfigurationError } from "../errors.ts";
import { guard, is } from "../util/index.ts";

/** Learning rate at a step. */
export type Schedule = (step: number) => number;

function positive(what: string, x: number): void {
  if (!(x > 0) || !Number.isFinite(x)) throw new ConfigurationError(`schedule: got ${what} = ${x}, expected a positive number`);
}

/** Schedules by name. @throws ConfigurationError for rates or lengths that are not positive. */
export const schedules = {
  constant(rate: number): Schedule {
    positive("rate", rate);
    return () => rate;
  },

  /** From `initial` to `final` (default 0) along half a cosine over `steps` steps, `final` afterwards. */
  cosine(options: { readonly initial: number; readonly final?: number; readonly steps: number }): Schedule {
    guard("schedules.cosine", { options: [options, is.keysOf("initial", "final", "steps")] });
    const { initial, final = 0, steps } = options;
    positive("initial", initial);
    positive("steps", steps);
    return (step) => final + ((initial - final) * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2;
  },

  /** `initial` times `factor` after every `every` steps. */
  step(options: { readonly initial: number; readonly factor: number; readonly every: number }): Schedule {
    guard("schedules.step", { options: [options, is.keysOf("initial", "factor", "every")] });
    const { initial, factor, every } = options;
    positive("initial", initial);
    positive("factor", factor);
    positive("every", every);
    return (step) => {
      let rate = initial;
      for (let k = every; k <= step; k += every) rate *= factor;
      return rate;
    };
  },

  /** Rises linearly over the first `steps` steps to the given schedule, which counts its own steps from there. */
  warmUp(steps: number, then: Schedule): Schedule {
    positive("steps", steps);
    return (step) => (step < steps ? (then(0) * (step + 1)) / steps : then(step - steps));
  },
} as const;

/** A number stands for a constant rate. */
export function scheduleOf(rate: number | Schedule): Schedule {
  if (typeof rate === "number") return schedules.constant(rate);
  guard("schedule", { rate: [rate, { ...is.callable, text: "a positive number or a schedule, a function of the step" }] });
  return rate;
}
