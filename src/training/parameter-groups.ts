/** Groups of parameters, told apart by their names, with a learning rate or weight decay of their own, or frozen. */
import { ConfigurationError } from "../errors.ts";
import { describe, guard, is } from "../util/index.ts";
import type { OptimiserState } from "./optimisers.ts";
import { type Schedule, scheduleOf } from "./schedule.ts";

/** Parameters that an optimiser treats apart. */
export interface ParameterGroup {
  /** Names of parameters or of whole branches, `network.0.rho`; `*` in the place of a key or index stands for any one of them, `network.*.rho`. */
  readonly parameters: string | readonly string[];
  /** Learning rate; default that of the optimiser. */
  readonly rate?: number | Schedule;
  /** Of adamW; default that of the optimiser. */
  readonly weightDecay?: number;
  /** True: they stay as they are, and count for no norm. */
  readonly frozen?: boolean;
}

interface Treatment {
  readonly rate: Schedule;
  readonly weightDecay: number;
  readonly frozen: boolean;
}

/** Neighbouring parameters that are treated alike. */
export interface GroupRange {
  readonly from: number;
  readonly to: number;
  readonly group: Treatment;
}

/** The groups of one optimiser. */
export interface Groups {
  /** What its state holds of them: the end and the number of the group (0: none) of every range. */
  start(size: number, names: readonly string[] | undefined): OptimiserState["vectors"];
  /** The ranges of a state. */
  ranges(state: OptimiserState, size: number): readonly GroupRange[];
  /** The gradient with zeros for what is frozen. */
  thawed(gradient: Float64Array, ranges: readonly GroupRange[]): Float64Array;
}

/** The groups of an optimiser whose other parameters are treated as `others`. @throws ConfigurationError for groups that are none. */
export function groupsOf(optimiser: string, groups: readonly ParameterGroup[], others: { readonly rate: Schedule; readonly weightDecay: number }): Groups {
  guard(optimiser, { groups: [groups, is.listOf(is.keysOf("parameters", "rate", "weightDecay", "frozen"))] });
  const patterns = groups.map(({ parameters }) => (typeof parameters === "string" ? [parameters] : parameters));
  const treated = groups.map(({ rate, weightDecay, frozen = false }, k): Treatment => {
    guard(optimiser, { [`groups[${k}].parameters`]: [patterns[k], is.listOf(is.text, 1)], [`groups[${k}].frozen`]: [frozen, is.oneOf(true, false)] });
    if (weightDecay !== undefined && optimiser !== "adamW") throw new ConfigurationError(`${optimiser}: got a group with weightDecay, expected none: adamW has weight decay`);
    if (weightDecay !== undefined && !(weightDecay >= 0 && weightDecay < Number.POSITIVE_INFINITY)) throw new ConfigurationError(`${optimiser}: got weightDecay = ${weightDecay} for the group ${patterns[k]!.join(", ")}, expected a number in [0, Infinity)`);
    guard(optimiser, { [`groups[${k}].rate`]: [rate, is.optional(is.either(is.positive, is.callable))] });
    return { rate: rate === undefined ? others.rate : scheduleOf(rate), weightDecay: weightDecay ?? others.weightDecay, frozen };
  });
  const all: readonly Treatment[] = [{ ...others, frozen: false }, ...treated];
  return {
    start(size, names) {
      if (groups.length === 0) return {};
      if (names?.length !== size) throw new ConfigurationError(`${optimiser}: got groups and ${names?.length ?? "no"} names for ${size} parameters, expected one a parameter: start(size, names)`);
      return { groups: rangesOf(numbersOf(optimiser, patterns, names)) };
    },
    ranges({ vectors }, size) {
      const stored = vectors["groups"];
      if ((stored === undefined) !== (groups.length === 0)) throw new ConfigurationError(`${optimiser}: got a state ${stored ? "with" : "without"} groups of parameters, expected one of this optimiser: resume with the groups of the run`);
      if (!stored) return [{ from: 0, to: size, group: all[0]! }];
      const ranges = Array.from({ length: stored.length / 2 }, (_, k) => ({ from: k === 0 ? 0 : stored[2 * k - 2]!, to: stored[2 * k]!, group: all[stored[2 * k + 1]!]! }));
      if ((ranges.at(-1)?.to ?? 0) !== size || ranges.some(({ group, from, to }) => !group || !(from < to))) throw new ConfigurationError(`${optimiser}: got a state with other groups of parameters, expected one of this optimiser: resume with the groups of the run`);
      return ranges;
    },
    thawed(gradient, ranges) {
      if (!ranges.some(({ group }) => group.frozen)) return gradient;
      const free = Float64Array.from(gradient);
      for (const { from, to, group } of ranges) if (group.frozen) free.fill(0, from, to);
      return free;
    },
  };
}

const escaped = (key: string): string => key.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A parameter of this name, or one of a branch of this name. */
const pattern = (text: string): RegExp => new RegExp(`^${text.split(".").map((key) => (key === "*" ? "[^.]+" : escaped(key))).join("\\.")}(\\.|$)`);

/** The group of every parameter, from 1; 0 for none. */
function numbersOf(optimiser: string, patterns: readonly (readonly string[])[], names: readonly string[]): Uint32Array {
  const numbers = new Uint32Array(names.length);
  const few = `${names.slice(0, 6).join(", ")}${names.length > 6 ? ", ..." : ""}`;
  patterns.forEach((texts, k) => {
    for (const text of texts) {
      const p = pattern(text);
      let found = false;
      names.forEach((name, n) => {
        if (!p.test(name)) return;
        if (numbers[n] !== 0 && numbers[n] !== k + 1) throw new ConfigurationError(`${optimiser}: got the parameter ${describe(name)} in two groups, expected each in one at most`);
        numbers[n] = k + 1;
        found = true;
      });
      if (!found) throw new ConfigurationError(`${optimiser}: got a group of ${describe(text)}, expected names or branches of the parameters ${few}`);
    }
  });
  return numbers;
}

/** Ends and groups of the ranges. */
function rangesOf(numbers: Uint32Array): Float64Array {
  const flat: number[] = [];
  numbers.forEach((group, n) => {
    if (n + 1 === numbers.length || numbers[n + 1] !== group) flat.push(n + 1, group);
  });
  return Float64Array.from(flat);
}
