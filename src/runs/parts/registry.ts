/** All parts that a run may name. A registry does not change: `with` gives another one that knows more. */
import type { z } from "zod";
import { ConfigurationError, GaugegradError } from "../../errors.ts";
import { nearest } from "../../util/index.ts";
import type { Family, Part, PartOf } from "./part.ts";

/** What families are called in messages, by the section of run files. */
const CALLED: { readonly [F in Family]: string } = { network: "network", fermion: "fermions", gaugeAction: "action", observable: "observable", sampler: "sampler", loss: "objective", transform: "transform", matter: "matter", format: "format" };

/** Parts by family and name, immutable. @throws ConfigurationError for a name that is taken or not known. */
export class Registry {
  readonly #parts: ReadonlyMap<string, Part>;

  /** @throws ConfigurationError for two parts of one family with one name. */
  constructor(parts: readonly Part[]) {
    const all = new Map<string, Part>();
    for (const part of parts) {
      const key = `${part.family} ${part.name}`;
      if (all.has(key) && all.get(key) !== part) throw new ConfigurationError(`${CALLED[part.family]}: got a second part with the name "${part.name}", expected another name`);
      all.set(key, part);
    }
    this.#parts = all;
  }

  /** This registry and more. @throws ConfigurationError for a name that is taken. */
  with(...parts: readonly Part[]): Registry {
    return new Registry([...this.#parts.values(), ...parts]);
  }

  /** The parts of a family in the order of their registration. */
  list<F extends Family>(family: F): readonly PartOf<F>[] {
    return [...this.#parts.values()].filter((p): p is PartOf<F> => p.family === family);
  }

  /** undefined for a name that is not known. */
  find<F extends Family>(family: F, name: string): PartOf<F> | undefined {
    return this.#parts.get(`${family} ${name}`) as PartOf<F> | undefined;
  }

  /** @throws ConfigurationError that names all, and the nearest. */
  get<F extends Family>(family: F, name: string): PartOf<F> {
    const found = this.find(family, name);
    if (found) return found;
    const names = this.list(family).map((p) => p.name);
    const near = nearest(name, names);
    throw new ConfigurationError(`${CALLED[family]}: got the name ${JSON.stringify(name)}, expected one of ${names.join(", ")}${near === undefined ? "" : `: did you mean ${near}?`}`);
  }
}

/** Runs code of a part; what goes wrong in a user's own is one line that names it. */
export function guarded<T>(part: Part, what: string, f: () => T): T {
  try {
    return f();
  } catch (error) {
    if (!part.fromModule || error instanceof GaugegradError) throw error;
    throw Object.assign(new ConfigurationError(`${CALLED[part.family]} ${part.name}: its ${what} failed (${error instanceof Error ? error.message : String(error)}), expected one that works: correct the module; --debug shows the stack`), { cause: error });
  }
}

/** What a value is, for messages about builders. */
export function describe(x: unknown): string {
  if (x === null || x === undefined) return String(x);
  if (typeof x !== "object") return `a ${typeof x}`;
  return Array.isArray(x) ? "a list" : `an object of ${x.constructor?.name ?? "no class"}`;
}

/**
 * Options as a schema reads them, for parts that are named by program.
 * @throws ConfigurationError with the first option that does not fit.
 */
export function checkedOptions(part: Part, given: unknown): Record<string, unknown> {
  const result = part.options.safeParse(given ?? {});
  if (result.success) return result.data;
  const at = `${CALLED[part.family]} ${part.name}`;
  const known = Object.keys(part.options.shape).join(", ") || "none";
  const [issue] = result.error.issues;
  if (issue!.code === "unrecognized_keys") throw new ConfigurationError(`${at}: got the option "${issue.keys[0]}", expected ${known}`);
  const value = issue!.path.reduce<unknown>((x, key) => (x as Record<PropertyKey, unknown> | undefined)?.[key], given);
  // sizes beyond a bound are told apart from what is damaged
  throw Object.assign(new ConfigurationError(`${at}: got ${issue!.path.length === 0 ? JSON.stringify(given) : `${issue!.path.join(".")} = ${JSON.stringify(value) ?? "nothing"}`}, expected ${expectation(issue!)}`), issue!.code === "too_big" ? { bound: issue!.maximum } : {});
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === "too_big") return `at most ${issue.maximum}`;
  if (issue.code === "invalid_value") return `one of ${issue.values.join(", ")}`;
  if (issue.code === "invalid_union") return [...new Set(issue.errors.flatMap((e) => (e[0] ? [expectation(e[0])] : [])))].join(" or ");
  return issue.code === "invalid_type" ? { number: "a number", int: "an integer", string: "a text", boolean: "true or false", array: "a list", object: "options by name", record: "a table" }[issue.expected as string] ?? issue.expected : issue.message;
}
