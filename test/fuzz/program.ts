/**
 * A random program as plain data and as text:
 *
 *   lattice 2 4
 *   N 2
 *   mode grad
 *   seed 17
 *   input U links
 *   x1 = mul U.0 U.1
 *   x2 = reTrace x1 @1
 *   return x2
 *
 * `N 2 quaternions` has links in SU(2), and runs on lattices of quaternions as well. `batch 3` after the lattice line gives every field so many samples; an input `shared` is a number that they have in common. `@1` puts a statement into checkpoint region 1. What is printed can be parsed again.
 */
export const MODES = ["value", "grad", "vjp", "jvp", "hvp"] as const;
export type Mode = (typeof MODES)[number];

/** Arguments by name; `U.0` is direction 0 of an input of several fields. */
export interface Statement {
  readonly name: string;
  readonly op: string;
  readonly args: readonly string[];
  readonly params: Readonly<Record<string, string>>;
  /** Checkpoint region; neighbours in one region are recorded in it together. */
  readonly region?: number;
}

/** `links`, `algebra`, `matrix`, `real even`, `vector spin=2 boundary=1,-1 odd`, ... */
export interface Input {
  readonly name: string;
  readonly kind: string;
}

export interface FuzzProgram {
  readonly extents: readonly number[];
  /** Samples in every field; absent for one. */
  readonly batch?: number;
  readonly N: number;
  /** Links lie in SU(2), and the program runs on lattices that store quaternions too. */
  readonly quaternions?: boolean;
  readonly mode: Mode;
  /** Seed of the values of the inputs. */
  readonly seed: number;
  /** Are outputs written to the memory of inputs of their type? */
  readonly inPlace: boolean;
  readonly inputs: readonly Input[];
  readonly statements: readonly Statement[];
  readonly outputs: readonly string[];
  /** Made smaller from one that failed: may not be well typed any more. */
  readonly shrunk?: boolean;
}

export function print(p: FuzzProgram): string {
  return [
    `lattice ${p.extents.join(" ")}`,
    ...(p.batch === undefined ? [] : [`batch ${p.batch}`]),
    `N ${p.N}${p.quaternions ? " quaternions" : ""}`,
    `mode ${p.mode}${p.inPlace ? " inplace" : ""}`,
    `seed ${p.seed}`,
    ...p.inputs.map((i) => `input ${i.name} ${i.kind}`),
    ...p.statements.map((s) => [`${s.name} =`, s.op, ...s.args, ...Object.entries(s.params).map(([k, v]) => `${k}=${v}`), ...(s.region ? [`@${s.region}`] : [])].join(" ")),
    `return ${p.outputs.join(" ")}`,
  ].join("\n");
}

/** @throws Error for a line that is none. */
export function parse(text: string): FuzzProgram {
  let p: FuzzProgram = { extents: [], N: 2, mode: "value", seed: 1, inPlace: false, inputs: [], statements: [], outputs: [] };
  for (const line of text.split("\n").map((l) => l.replace(/#.*/, "").trim()).filter((l) => l !== "")) {
    const [head, ...rest] = line.split(/\s+/) as [string, ...string[]];
    if (rest[0] === "=") p = { ...p, statements: [...p.statements, statement(head, rest[1]!, rest.slice(2))] };
    else if (head === "lattice") p = { ...p, extents: rest.map(Number) };
    else if (head === "batch") p = { ...p, batch: Number(rest[0]) };
    else if (head === "N") p = { ...p, N: Number(rest[0]), ...(rest[1] === "quaternions" && { quaternions: true }) };
    else if (head === "mode") p = { ...p, mode: rest[0] as Mode, inPlace: rest[1] === "inplace" };
    else if (head === "seed") p = { ...p, seed: Number(rest[0]) };
    else if (head === "input") p = { ...p, inputs: [...p.inputs, { name: rest[0]!, kind: rest.slice(1).join(" ") }] };
    else if (head === "return") p = { ...p, outputs: rest };
    else throw new Error(`got the line "${line}", expected lattice, batch, N, mode, seed, input, return or name = op ...`);
  }
  return p;
}

function statement(name: string, op: string, words: readonly string[]): Statement {
  const region = words.find((w) => w.startsWith("@"));
  const params = words.filter((w) => w.includes("=")).map((w) => [w.slice(0, w.indexOf("=")), w.slice(w.indexOf("=") + 1)]);
  return { name, op, args: words.filter((w) => !w.includes("=") && !w.startsWith("@")), params: Object.fromEntries(params), ...(region && { region: Number(region.slice(1)) }) };
}

/** The statements and inputs on which the outputs depend. */
export function reachable(p: FuzzProgram): FuzzProgram {
  const needed = new Set(p.outputs.map(base));
  const statements = [...p.statements].reverse().filter((s) => {
    if (!needed.has(s.name)) return false;
    s.args.forEach((a) => needed.add(base(a)));
    return true;
  });
  const inputs = p.inputs.filter((i) => needed.has(i.name));
  return { ...p, statements: statements.reverse(), inputs: inputs.length > 0 ? inputs : p.inputs.slice(0, 1) };
}

/** `U` of `U.0`. */
export const base = (name: string): string => name.split(".")[0]!;

/** Deterministic numbers in (-1, 1) without a structure that an op could share. */
export function noise(length: number, seed: number, salt: number): Float64Array {
  let s = (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca6b)) >>> 0;
  return Float64Array.from({ length }, () => {
    s = (s + 0x6d2b79f5) >>> 0;
    let t = Math.imul(s ^ (s >>> 15), s | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) / 2 ** 31) - 1;
  });
}
