/** Shared by the gauge tests: comparison of fields, the Rust port's fixtures, traces. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type AlgebraField, type Algebras, DirectionalField, type LinkField, type Links, type Scalar, exp, mul, replayable, scale } from "../../src/autograd/index.ts";
import { lattice } from "../../src/gauge/index.ts";
import { readNpy } from "../samplers/helpers.ts";

export { readNpy };

const root = fileURLToPath(new URL("../../../shared/reference/latticeqcd-rs-fixtures/", import.meta.url));

/** Folder of a fixture with a closing slash; empty when absent. */
export function fixture(name: string): string {
  const folder = `${root}${name}/`;
  return existsSync(folder) ? folder : "";
}

/** A fixture's metadata. */
export function metadata(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(`${fixture(name)}metadata.json`, "utf8")) as Record<string, unknown>;
}

/** Four direction fields stored as [row, col, x, y, z, t], first index fastest. */
export function fixtureDirections(name: string, stem: string): { extents: number[]; data: Float64Array[] } {
  const files = [0, 1, 2, 3].map((mu) => readNpy(`${fixture(name)}${stem}${mu}.npy`));
  const [N, , ...extents] = files[0]!.shape as [number, number, ...number[]];
  const data = files.map(({ data: stored }) => {
    const out = new Float64Array(stored.length);
    for (let n = 0; n < stored.length / (2 * N * N); n++)
      for (let i = 0; i < N; i++) for (let j = 0; j < N; j++) for (let c = 0; c < 2; c++) out[2 * (N * N * n + N * i + j) + c] = stored[2 * (N * N * n + N * j + i) + c]!;
    return out;
  });
  return { extents, data };
}

/** The links of a fixture. */
export function fixtureLinks(name: string, stem = "u"): LinkField {
  const { extents, data } = fixtureDirections(name, stem);
  const N = Math.sqrt(data[0]!.length / (2 * extents.reduce((v, L) => v * L, 1)));
  return new DirectionalField(lattice(extents), N, "links").set(data);
}

/** tr of every matrix of an array. */
export function traces(u: Float64Array, N: number): [re: number, im: number][] {
  return Array.from({ length: u.length / (2 * N * N) }, (_, n) => {
    let [re, im] = [0, 0];
    for (let i = 0; i < N; i++) {
      re += u[2 * (n * N * N + i * N + i)]!;
      im += u[2 * (n * N * N + i * N + i) + 1]!;
    }
    return [re, im];
  });
}

/** Largest difference of two fields, component by component. */
export function largestDifference(a: DirectionalField, b: DirectionalField): number {
  return Math.max(...a.fields.map((f, mu) => maxDifference(f.toArray(), b.toArray(mu))));
}

export function maxDifference(a: Float64Array, b: Float64Array): number {
  return a.reduce((w, x, i) => Math.max(w, Math.abs(x - b[i]!)), 0);
}

const moveAlong = replayable((U: Links, X: Algebras, s: Scalar): Links => U.map((mu) => mul(exp(scale(s, X[mu]!)), U[mu]!)));

/** exp(s X) U */
export function moved(U: LinkField, X: AlgebraField, s: number): LinkField {
  return moveAlong(U, X, s) as LinkField;
}
