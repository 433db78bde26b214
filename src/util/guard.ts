/**
 * The guard at the door of public functions: what an argument must be, said once for each kind, and one line of error for everything
 * else. `guard("plaquette", { U: [U, links], mu: [mu, direction] })` at the head of a function refuses what the types would refuse.
 */
import { ConfigurationError, type GaugegradError } from "../errors.ts";
import { nearest } from "./nearest.ts";

/** A kind of argument. */
export interface Kind {
  /** What is expected, for instance "a positive number". */
  readonly text: string;
  readonly holds: (x: unknown) => boolean;
  /** What to do instead, where that is known from what was given. */
  readonly fix?: (x: unknown) => string | undefined;
  /** Default: ConfigurationError. */
  readonly error?: new (message: string) => GaugegradError;
}

/** Arguments by name, each with its kind. */
export type Arguments = Readonly<Record<string, readonly [value: unknown, kind: Kind]>>;

/** @throws the error of the first kind that does not hold: function, got, parameter, expected, and what to do. */
export function guard(where: string, given: Arguments): void {
  for (const name in given) {
    const [value, kind] = given[name]!;
    if (!kind.holds(value)) refuse(where, name, value, kind);
  }
}

function refuse(where: string, name: string, value: unknown, kind: Kind): never {
  const fix = kind.fix?.(value);
  const simple = typeof value === "number" || typeof value === "string" || typeof value === "boolean" || value === undefined || value === null;
  const got = simple && /^[\w.]+$/.test(name) ? `${name} = ${typeof value === "string" ? describe(value) : String(value)}` : `${describe(value)} as ${name}`;
  throw new (kind.error ?? ConfigurationError)(`${where}: got ${got}, expected ${kind.text}${fix === undefined ? "" : `: ${fix}`}`);
}

const kindOf = (text: string, holds: (x: unknown) => boolean, more: Omit<Kind, "text" | "holds"> = {}): Kind => ({ text, holds, ...more });

export const number = kindOf("a number", (x) => typeof x === "number");
export const finite = kindOf("a finite number", Number.isFinite);
export const positive = kindOf("a positive number", (x) => Number.isFinite(x) && (x as number) > 0);
/** A relative residual: at 1 zero is a solution of any system. */
export const tolerance = kindOf("a number between 0 and 1", (x) => positive.holds(x) && (x as number) < 1);
export const integer = kindOf("an integer", Number.isInteger);
export const natural = kindOf("a non-negative integer", (x) => Number.isInteger(x) && (x as number) >= 0);
export const count = kindOf("a positive integer", (x) => Number.isInteger(x) && (x as number) >= 1);
/** Number of a trajectory: one word of the counter of random numbers. */
export const trajectory = kindOf("an integer from 0 to 2^32 - 1", (x) => natural.holds(x) && (x as number) < 2 ** 32);
/** A positive integer up to a bound. */
export const atMost = (most: number): Kind => kindOf(`an integer from 1 to ${most}`, (x) => Number.isInteger(x) && (x as number) >= 1 && (x as number) <= most);
export const truth = kindOf("true or false", (x) => typeof x === "boolean");
export const text = kindOf("a string", (x) => typeof x === "string");
export const callable = kindOf("a function", (x) => typeof x === "function" && !isAsync(x), { fix: (x) => (typeof x === "function" ? "an asynchronous function returns too late, make it synchronous" : undefined) });
export const present = kindOf("a value", (x) => x !== undefined && x !== null);

/** An object that is no array; its members are guarded one by one. */
export const object = kindOf("an object", (x) => typeof x === "object" && x !== null && !Array.isArray(x));

/** A plain object of which every key is one of these. */
export const keysOf = (...keys: readonly string[]): Kind =>
  kindOf(`an object with ${keys.length === 0 ? "no keys" : `no other keys than ${keys.join(", ")}`}`, (x) => object.holds(x) && Object.keys(x as object).every((k) => keys.includes(k)), {
    fix: (x) => {
      const unknown = object.holds(x) ? Object.keys(x as object).find((k) => !keys.includes(k)) : undefined;
      const near = unknown === undefined ? undefined : nearest(unknown, keys);
      return near === undefined ? undefined : `did you mean ${near}?`;
    },
  });

/** Absent, or of this kind. */
export const optional = (kind: Kind): Kind => ({ ...kind, text: `${kind.text} or nothing`, holds: (x) => x === undefined || kind.holds(x) });

export const either = (...kinds: readonly [Kind, ...Kind[]]): Kind => ({ ...kinds[0], text: kinds.map((k) => k.text).join(" or "), holds: (x) => kinds.some((k) => k.holds(x)) });

/** An array (or typed array) of members of one kind. */
export const listOf = (kind: Kind, least = 0): Kind => ({
  ...kind,
  text: `an array of ${least > 0 ? `at least ${least} of ` : ""}${kind.text.replace(/^an? /, "")}`,
  holds: (x) => (Array.isArray(x) || (ArrayBuffer.isView(x) && !(x instanceof DataView))) && (x as readonly unknown[]).length >= least && Array.prototype.every.call(x, kind.holds),
});

export const oneOf = (...values: readonly unknown[]): Kind => kindOf(values.map((v) => JSON.stringify(v)).join(" or "), (x) => values.includes(x));

export const instanceOf = (type: abstract new (...args: never[]) => unknown, what: string, more: Omit<Kind, "text" | "holds"> = {}): Kind => kindOf(what, (x) => x instanceof type, more);

/** An object that has these methods. */
export const withMethods = (what: string, ...methods: readonly string[]): Kind =>
  kindOf(what, (x) => typeof x === "object" && x !== null && methods.every((m) => typeof (x as Record<string, unknown>)[m] === "function"));

export const fileOrBytes = kindOf("a file name or the bytes of a file", (x) => typeof x === "string" || x instanceof Uint8Array);

/** An object that has these members. */
export const withFields = (what: string, ...names: readonly string[]): Kind => kindOf(what, (x) => object.holds(x) && names.every((n) => n in (x as object)));

/** True for `async` functions. */
export function isAsync(f: unknown): boolean {
  return typeof f === "function" && Object.prototype.toString.call(f) === "[object AsyncFunction]";
}

/** What a value is, in a few words. */
export function describe(x: unknown): string {
  if (x === undefined || x === null || typeof x === "boolean") return String(x);
  if (typeof x === "number") return `the number ${x}`;
  if (typeof x === "string") return JSON.stringify(x.length > 40 ? `${x.slice(0, 40)}...` : x);
  if (typeof x === "function") return isAsync(x) ? "an asynchronous function" : /^class\b/.test(Function.prototype.toString.call(x)) ? `the class ${x.name}` : "a function";
  if (typeof x !== "object") return `a ${typeof x}`;
  if (Array.isArray(x)) return x.length <= 8 && x.every((y) => typeof y === "number") ? `[${x.join(", ")}]` : `an array of length ${x.length}`;
  const name = Object.getPrototypeOf(x)?.constructor?.name as string | undefined;
  if (name === "Promise") return "a promise";
  if (ArrayBuffer.isView(x)) return `a ${name} of ${x.byteLength} bytes`;
  if (name === undefined || name === "Object") return `an object with ${Object.keys(x).slice(0, 8).join(", ") || "no properties"}`;
  return x.toString === Object.prototype.toString ? `a ${name}` : `a ${name} (${String(x as { toString(): string })})`;
}
