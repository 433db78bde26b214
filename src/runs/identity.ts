/**
 * What makes two runs the same run: everything that decides which distribution is sampled and which numbers come out, and nothing else. Limits
 * of solvers, checks, output, title and what is measured may change when a run is resumed. Paths count as they are written, so that a folder
 * that was moved with its run file is the same run.
 */
import type { FieldData } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { pruned, sha256Hex } from "../util/index.ts";
import type { CheckpointState, RunCommand } from "./records.ts";
import type { ResolvedRun } from "./resolved-run.ts";
import type { RunConfiguration } from "./sections/sections.ts";

/** Keys of the section sampler that no equilibrium depends on. */
const FREE_SAMPLER = new Set(["reunitarise", "acceptAlways", "failedSolve"]);
/** Keys of a fermion that say how well its systems are solved. */
const SOLVER = /tolerance$|^maxIterations$|^solver$/i;

const without = (table: object, free: (key: string) => boolean): Record<string, unknown> => Object.fromEntries(Object.entries(table).filter(([key]) => !free(key)));

/** The part of a configuration that decides the physics. A condensate of another mass is another observable. */
function physicsOf({ title: _title, checks: _checks, parallel: _parallel, output: _output, measurement, sampler, fermions, ...rest }: RunConfiguration): unknown {
  const own = measurement.observables.filter((o) => typeof o !== "string" && o["moduleSha256"] !== undefined);
  // modules count by their contents, not by where they lie
  return pruned({
    ...rest,
    fermions: fermions.map((f) => without(f, (key) => SOLVER.test(key))),
    sampler: without(sampler, (key) => FREE_SAMPLER.has(key)),
    ...(measurement.condensateMass === undefined && own.length === 0 ? {} : { measurement: { ...(measurement.condensateMass === undefined ? {} : { condensateMass: measurement.condensateMass }), ...(own.length === 0 ? {} : { own }) } }),
  }, (key, value, section) => (key === "module" && "moduleSha256" in section) || (key === "quaternions" && value === false));
}

/** The target alone: what S of both runs is a function of. @throws ConfigurationError, in the name of a key, for a run of another one. */
export function expectSameTarget(key: string, got: RunConfiguration, expected: RunConfiguration): void {
  const target = ({ lattice, group, action, fermions, transform, matter }: RunConfiguration): unknown => pruned({ lattice: { extents: lattice.extents }, group, ...(action ? { action } : {}), ...(matter ? { matter } : {}), fermions: fermions.map((f) => without(f, (k) => SOLVER.test(k))), ...(transform ? { transform } : {}) }, (k, _, section) => k === "module" && "moduleSha256" in section);
  const [first] = differences(target(got), target(expected));
  if (first !== undefined) throw new ConfigurationError(`${key}: got a run of another target (${first.replace(/ before, /, " there, ").replace(/ now$/, " here")}), expected the same lattice, group, action and fermions`);
}

/** SHA-256 of command and physics. */
export function identityOf(command: RunCommand, c: RunConfiguration): string {
  return sha256Hex([command, "\n", canonical(physicsOf(c))]);
}

/**
 * What has changed since a checkpoint without making it another run, `checks.every: 100 before, 0 now`.
 * @throws ConfigurationError for another command or other physics; more trajectories need `extend`.
 */
export function changesSince(state: CheckpointState<FieldData>, { command, configuration }: ResolvedRun, folder: string, extend: boolean): string[] {
  if (state.command !== command) throw new ConfigurationError(`${folder}: got the command ${command} for a folder of ${state.command}, expected ${state.command}: give another --dir`);
  const before = state.configuration as RunConfiguration;
  const changed = differences(physicsOf(before), physicsOf(configuration));
  const longer = changed.length === 1 && changed[0]!.startsWith("sampler.trajectories:") && configuration.sampler.trajectories > before.sampler.trajectories;
  if (changed.length > 0 && !(longer && extend)) {
    const hint = longer ? "give --extend to go on with it" : "restore the run file, or give another --dir";
    throw new ConfigurationError(`${folder}: got a run file that differs from that of the run (${changed.join("; ")}), expected the same physics: ${hint}`);
  }
  const { parallel: _before, ...old } = before as Partial<RunConfiguration>;
  const { parallel: _now, ...now } = configuration;
  return differences(old, now);
}

/** JSON with sorted keys. */
export function canonical(x: unknown): string {
  return JSON.stringify(x, (_key, value: unknown) => (typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value));
}

/** Keys with different values, `sampler.steps: 10 before, 12 now`. */
export function differences(before: unknown, now: unknown, path = ""): string[] {
  if (canonical(before) === canonical(now)) return [];
  const isTable = (x: unknown): x is Record<string, unknown> => typeof x === "object" && x !== null && !Array.isArray(x);
  if (isTable(before) && isTable(now))
    return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((key) => differences(before[key], now[key], path === "" ? key : `${path}.${key}`));
  if (Array.isArray(before) && Array.isArray(now) && before.length === now.length && before.some(isTable)) return before.flatMap((x, k) => differences(x, now[k], `${path}[${k}]`));
  const text = (x: unknown): string => (x === undefined ? "not set" : JSON.stringify(x));
  return [`${path}: ${text(before)} before, ${text(now)} now`];
}
