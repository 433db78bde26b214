/** Inputs of a random program: their types, traced twins and values. */
import { Directional, type Lattice, type Matrix, type MatrixType, type Tape, type Traced, type ValueType, channelsType, complexType, components, tensorType, linkType, realType, realsOf, scalarType, siteMatrixType, spinType, vectorType } from "../../src/autograd/index.ts";
import { sharedScalarType } from "../../src/autograd/types.ts";
import { polarPart } from "../../src/compiler/interpret/functions.ts";
import { type Input, noise } from "./program.ts";

type Domain = "all" | "even" | "odd";

/** Types of the leaves of an input: one a direction for links and algebra fields. */
export function leafTypes(lattice: Lattice, N: number, { kind }: Input): ValueType[] {
  const [head, ...words] = kind.split(" ") as [string, ...string[]];
  const domain = (words.find((w) => w === "even" || w === "odd") ?? "all") as Domain;
  const option = (key: string): string | undefined => words.find((w) => w.startsWith(`${key}=`))?.slice(key.length + 1);
  const mus = lattice.extents.map((_, mu) => mu);
  switch (head) {
    case "links":
      return mus.map((mu) => linkType(lattice, N, mu));
    case "algebra":
      return mus.map(() => siteMatrixType(lattice, N, true));
    case "matrix":
      return [{ ...siteMatrixType(lattice, N), domain }];
    case "vector": {
      const boundary = option("boundary")?.split(",").map((s) => Number(s) as 1 | -1);
      return [vectorType(lattice, N, { domain, spin: Number(option("spin") ?? 1), ...(boundary && { boundary: mus.map((mu) => boundary[mu] ?? 1) }) })];
    }
    case "spin":
      return [spinType(false, domain)];
    case "unitspin":
      return [spinType(true, domain)];
    case "real":
      return [realType(domain)];
    case "complex":
      return [complexType(domain)];
    case "scalar":
      return [scalarType];
    case "channels":
      return [channelsType(Number(option("count")), domain)];
    case "tensor":
      return [tensorType(option("shape")!.split("x").map(Number))];
    case "shared":
      return [sharedScalarType(lattice)];
    default:
      throw new Error(`got the input kind "${kind}"`);
  }
}

/** Type of a tangent of a leaf. */
export function tangentType(lattice: Lattice, input: Input, t: ValueType): ValueType {
  if (input.kind === "links") return siteMatrixType(lattice, (t as MatrixType).N, true);
  return t.kind === "spin" ? { ...t, unit: false } : t;
}

/** The structure that transforms see: links and algebra fields stay together. */
export function traced(tape: Tape, input: Input, types: readonly ValueType[], tangent = false): Traced | Directional {
  const values = types.map((t) => tape.input(t));
  if (input.kind !== "links" && input.kind !== "algebra") return values[0]!;
  return new Directional(tangent ? "algebra" : (input.kind as "links" | "algebra"), values as Matrix[]);
}

/** What links are: elements of U(N) or of SU(2). */
export type LinkValues = "unitary" | "special";

/** Values without structure: links are unitary, other matrices near a multiple of the unit matrix, algebra fields antihermitian. */
export function valuesOf(lattice: Lattice, type: ValueType, links: LinkValues | undefined, seed: number, salt: number): Float64Array {
  const n = components(type);
  const sites = realsOf(lattice, type) / n;
  const data = noise(n * sites, seed, salt);
  for (let site = 0; site < sites; site++) {
    const x = data.subarray(n * site, n * (site + 1));
    if (type.kind !== "scalar" && type.domain !== "all" && lattice.parity(site % lattice.volume) !== (type.domain === "even" ? 0 : 1)) x.fill(0);
    else if (type.kind === "matrix" && type.algebra) project(x, type.N);
    else if (type.kind === "matrix") {
      for (let k = 0; k < n; k++) x[k]! *= 0.7;
      for (let i = 0; i < type.N; i++) x[2 * i * (type.N + 1)]! += 0.9;
      if (links === "special") specialUnitary(x);
      else if (links) x.set(polarPart({ rows: type.N, columns: type.N, z: x.slice() }).z);
    } else if (type.kind === "spin" && type.unit) {
      x[2]! += 0.3;
      const size = Math.hypot(...x);
      for (let k = 0; k < 3; k++) x[k]! /= size;
    }
  }
  return data;
}

/** The SU(2) matrix with this first row, normalised: ((a, b), (-b*, a*)). */
function specialUnitary(m: Float64Array): void {
  const size = Math.hypot(m[0]!, m[1]!, m[2]!, m[3]!);
  for (let k = 0; k < 4; k++) m[k]! /= size;
  m.set([-m[2]!, m[3]!, m[0]!, -m[1]!], 4);
}

/** What the links of a program are. */
export const linkValues = ({ kind }: Input, quaternions = false): LinkValues | undefined => (kind !== "links" ? undefined : quaternions ? "special" : "unitary");

/** Antihermitian, traceless for N > 1. */
function project(m: Float64Array, N: number): void {
  let trace = 0;
  for (let i = 0; i < N; i++)
    for (let j = 0; j <= i; j++) {
      const [p, q] = [2 * (i * N + j), 2 * (j * N + i)];
      const [re, im] = [(m[p]! - m[q]!) / 2, (m[p + 1]! + m[q + 1]!) / 2];
      [m[p], m[q], m[p + 1], m[q + 1]] = [re, -re, im, im];
      if (i === j) [m[p], trace] = [0, trace + im];
    }
  if (N > 1) for (let i = 0; i < N; i++) m[2 * i * (N + 1) + 1]! -= trace / N;
}
