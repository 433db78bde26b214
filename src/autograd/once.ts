/**
 * One recording for all uses of a function. Value, force, parameter gradient and every composition of it are made from the same program, so that they
 * are derivatives of one formula, whatever the variables that the function captured have become since.
 */
import { RecordingError } from "../errors.ts";
import { isBranch, mapLeaves, nameOf, placesOf } from "../util/index.ts";
import type { Lattice } from "./lattice.ts";
import { type Program, Tape, Traced } from "./tape.ts";
import { Directional, leaves, rebuild } from "./tree.ts";

type Function = (...args: never[]) => unknown;

interface Recorded {
  readonly program: Program;
  /** The result of the recording: the structure of every later one. */
  readonly result: unknown;
}

const once = new WeakSet<Function>();

/**
 * f on traced values, run once for each lattice and types of arguments; later calls append the nodes that were recorded then. What f captures is read at
 * the first call, and f may not use traced values besides its arguments. Numbers among the arguments are part of the formula. A call with arguments of
 * which nothing is traced, or that hold anything else, runs f itself. `enter` throws for arguments, `accept` for a result that f may not have.
 */
export function recordOnce<F extends Function>(f: F, accept: (result: unknown, args: readonly unknown[]) => void = () => undefined, enter: (args: readonly unknown[]) => void = () => undefined): F {
  if (once.has(f)) return f;
  const recordings = new WeakMap<Lattice, Map<string, Recorded>>();
  const recorded = (...args: unknown[]): unknown => {
    enter(args);
    const given: Traced[] = [];
    const key = structureKey(args, given);
    const tape = given[0]?.tape;
    if (key === undefined || tape === undefined) {
      const result = f(...(args as never[]));
      accept(result, args);
      return result;
    }
    let byKey = recordings.get(tape.lattice);
    if (!byKey) recordings.set(tape.lattice, (byKey = new Map()));
    let known = byKey.get(key);
    if (!known) byKey.set(key, (known = record(f, args, given, accept)));
    const outputs = tape.inline(known.program, given);
    let k = 0;
    return rebuild(known.result, () => outputs[k++]!);
  };
  once.add(recorded);
  return recorded as unknown as F;
}

function record(f: Function, args: readonly unknown[], given: readonly Traced[], accept: (result: unknown, args: readonly unknown[]) => void): Recorded {
  const tape = new Tape(given[0]!.lattice, given[0]!.tape.rules);
  const inputs = given.map((x) => tape.input(x.type));
  let k = 0;
  const result = f(...(args.map((a) => twin(a, () => inputs[k++]!)) as never[]));
  accept(result, args);
  const outputs = leaves(result);
  for (const y of outputs) if (y.tape !== tape) throw new RecordingError("the recorded function returned a value of another recording: return values computed from its own arguments");
  return { program: tape.finish(outputs), result };
}

/** Structure, types and numbers as text, with the traced leaves in order; undefined when there is something else. Trailing arguments without content do not count. */
function structureKey(args: readonly unknown[], found: Traced[]): string | undefined {
  const types = new Map<unknown, string>();
  const leaf = (x: Traced): string => {
    found.push(x);
    let t = types.get(x.type);
    if (t === undefined) types.set(x.type, (t = JSON.stringify(x.type)));
    return t;
  };
  const textOf = (x: unknown): string | undefined => {
    if (x instanceof Traced) return leaf(x);
    if (x instanceof Directional) return `${x.role}(${x.values().map(leaf).join("|")})`;
    if (isBranch(x)) return Array.isArray(x) ? "a" : "o";
    return typeof x === "number" ? String(x) : undefined;
  };
  const parts = args.map((a): string | undefined => {
    const texts = placesOf(a ?? {}).map(({ value, path }) => [nameOf(path), textOf(value)]);
    return texts.some(([, text]) => text === undefined) ? undefined : texts.map((x) => x.join(":")).join(",");
  });
  while (parts.length > 0 && parts[parts.length - 1] === ":o") parts.pop();
  return parts.includes(undefined) ? undefined : parts.join(";");
}

/** The same structure with other traced leaves, in the order of `structureKey`. */
function twin(x: unknown, next: () => Traced): unknown {
  return mapLeaves(x, (y) => (y instanceof Traced ? next() : y instanceof Directional ? new Directional(y.role, y.values().map(() => next() as never)) : y));
}
