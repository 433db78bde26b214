/** Random well-typed programs as a fast-check arbitrary: generated under the eyes of the interpreter, shrunk as programs. */
import fc from "fast-check";
import { makeLattice } from "../../src/compiler/index.ts";
import type { Lattice } from "../../src/autograd/index.ts";
import { Builder, type Chance } from "./builder.ts";
import { urns } from "./kinds/index.ts";
import { type FuzzProgram, MODES, type Statement, noise } from "./program.ts";
import { smaller } from "./shrink.ts";

/** Even and odd, equal and unequal, extents one and two. */
export const LATTICES: readonly (readonly number[])[] = [
  [4], [5], [2], [8], [2, 2], [2, 2], [2, 4], [4, 4], [3, 5], [2, 3], [4, 6], [8, 2], [1, 4], [2, 2, 2], [3, 2, 2], [4, 2, 2], [2, 1, 3], [4, 4, 2], [2, 2, 2, 2], [2, 1, 2, 3], [2, 4, 2, 2], [1, 1],
];
/** Enough sites for several chunks of work. */
export const LARGE: readonly (readonly number[])[] = [[16, 16], [8, 8, 4], [19, 7]];

/** Samples for lattices of up to so many sites: fewer, as many as, and more than lanes of a vector and than numbers of a line of memory. */
const BATCHES: readonly (readonly [volume: number, batch: readonly number[]])[] = [[4, [2, 3, 8, 9, 12, 17]], [8, [2, 3, 4, 8, 9, 12]], [16, [2, 3, 4]], [Infinity, [2, 3]]];

const INPUTS = ["links", "links", "links", "algebra", "matrix", "real", "real", "complex", "scalar", "spin", "unitspin", "vector", "vector", "channels"];

const lattices = new Map<string, Lattice>();
/** The lattice of the interpreter. */
export function plainLattice(extents: readonly number[], batch = 1): Lattice {
  const key = `${batch}:${extents.join("x")}`;
  let lattice = lattices.get(key);
  if (!lattice) lattices.set(key, (lattice = makeLattice(extents, { backend: "interpret", batch })));
  return lattice;
}

function inputKind(b: Builder): string {
  const head = b.lattice.batch > 1 && b.maybe(25) ? b.choose(["shared", "scalar"]) : b.choose(INPUTS);
  const domain = b.lattice.bipartite && ["matrix", "real", "complex", "spin", "unitspin", "vector", "channels"].includes(head) && b.maybe(25) ? ` ${b.choose(["even", "odd"])}` : "";
  if (head === "channels") return `channels count=${b.int(1, 4)}${domain}`;
  if (head !== "vector") return head + domain;
  const boundary = b.maybe(40) ? ` boundary=${b.lattice.extents.map(() => b.choose([1, -1])).join(",")}` : "";
  return `vector spin=${b.choose([1, 1, 2, 3])}${boundary}${domain}`;
}

/** There is no second derivative of the overlap operator; those of functions of large matrices take seconds to compile, minutes natively. */
const firstOnly = ({ op, args }: Statement, N: number): boolean => op === "overlapLogDet" || (op === "updateLogDet" && N > 2) || (op === "adjointForm" && N > 3) || (op === "exp" && N > (args.length > 1 ? 2 : 3));

export function generate(chance: Chance): FuzzProgram {
  const pick = <X>(list: readonly X[]): X => list[chance.int(0, list.length - 1)]!;
  const large = chance.int(0, 99) < 4;
  const extents = pick(large ? LARGE : LATTICES);
  const batch = chance.int(0, 99) < 40 ? pick(BATCHES.find(([volume]) => extents.reduce((v, L) => v * L, 1) <= volume)![1]) : 1;
  const lattice = plainLattice(extents, batch);
  const N = large ? chance.int(1, 2) : batch * lattice.volume > 32 ? pick([1, 2, 2, 3]) : pick([1, 2, 2, 3, 3, 4]);
  const seed = chance.int(1, 2 ** 30);
  const quaternions = N === 2 && noise(1, seed, 800)[0]! > 0;
  const b = new Builder(lattice, N, seed, chance, quaternions);
  for (let k = chance.int(1, 4); k > 0; k--) b.input(inputKind(b));
  if (b.values.every((v) => v.type.kind === "scalar")) b.input("real");
  const urn = batch === 1 ? urns.one : b.maybe(30) ? urns.numbers : urns.batch;
  if (urn === urns.numbers) for (const kind of ["real", "scalar"]) b.input(kind);
  const wanted = large ? chance.int(2, 6) : chance.int(2, 14);
  for (let tries = 0; b.statements.length < wanted && tries < 60; tries++) {
    if (b.region > 0 ? b.maybe(30) : b.maybe(8)) b.region = b.region > 0 ? 0 : b.newRegion();
    b.choose(urn).grow(b);
  }
  // the last value, some others, sometimes an input
  const outputs = [b.values[b.values.length - 1]!.name];
  for (let k = chance.int(0, 3); k > 0; k--) outputs.push(b.choose(b.maybe(85) ? b.values.slice(-6) : b.values).name);
  const any = pick(large ? (["value", "grad"] as const) : MODES);
  const mode = any === "hvp" && b.statements.some((s) => firstOnly(s, N)) ? "grad" : any;
  return { extents: lattice.extents, ...(batch > 1 && { batch }), N, ...(quaternions && { quaternions }), mode, seed, inPlace: b.maybe(25), inputs: b.inputs, statements: b.statements, outputs };
}

class ProgramArbitrary extends fc.Arbitrary<FuzzProgram> {
  override generate(random: fc.Random): fc.Value<FuzzProgram> {
    return new fc.Value(generate({ int: (from, to) => random.nextInt(from, to) }), undefined);
  }
  override canShrinkWithoutContext(value: unknown): value is FuzzProgram {
    return typeof value === "object" && value !== null && "statements" in value;
  }
  override shrink(value: FuzzProgram): fc.Stream<fc.Value<FuzzProgram>> {
    return fc.stream(smaller(value)).map((p) => new fc.Value(p, undefined));
  }
}

export const programs: fc.Arbitrary<FuzzProgram> = new ProgramArbitrary();
