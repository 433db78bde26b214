/** Libraries of actions of fields, alone or with links: scalars, vectors, unit spins and the transformer of these, on fields and extents that their tests have not seen. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Field, type FieldAction, type LinkField, SU, gaugeAction, lattice, scalarAction, startFields } from "../../src/index.ts";
import { type SpinTransformer, randomSpins } from "../../src/spins/index.ts";
import { loadModule } from "../../src/runs/index.ts";
import { cli } from "../cli/helpers.ts";
import { compilers, python3, sh } from "./tools.ts";

const folder = mkdtempSync(join(tmpdir(), "gaugegrad-fields-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Exports a module, compiles it, runs its test, and calls it on other data through Python without numpy. */
async function called(name: string, text: string, extents: readonly number[], data: Readonly<Record<string, Float64Array>>, script: string, ...more: readonly string[]): Promise<{ readonly subject: unknown; readonly out: readonly number[][] }> {
  writeFileSync(join(folder, `${name}.ts`), text);
  const { code, stderr, stdout } = await cli(["export", `${name}.ts`, "--out", name, "--name", name, ...more], { directory: folder });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(stdout).toContain(data["U"] ? "(SU(" : "(no links)");
  const at = join(folder, name);
  sh(at, "make", [`CC=${compilers[0]!}`, "CFLAGS=-O0 -Werror"]);
  expect(sh(at, "./test", [])).toMatch(/ 0 wrong/);
  for (const [field, x] of Object.entries(data)) writeFileSync(join(at, `${field}.bin`), Buffer.from(x.buffer, x.byteOffset, x.byteLength));
  const head = `import array, json, sys\nsys.modules["numpy"] = None\nimport ${name} as library\ndef read(name):\n    x = array.array("d"); x.frombytes(open(name + ".bin", "rb").read()); return x\nS = library.Action((${extents.join(", ")}))\nfor name in library.FIELDS: S.set_field(name, read(name))\n`;
  const out = JSON.parse(sh(at, "python3", ["-c", `${head}${script}\nprint(json.dumps([list(x) for x in out]))`])) as number[][];
  return { subject: Object.values(await loadModule(`${name}.ts`, folder))[0], out };
}

function close(got: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(got.length).toBe(expected.length);
  const scale = Math.max(...Array.from(expected, Math.abs));
  expect(Math.max(...Array.from(got, (x, k) => Math.abs(x - expected[k]!))) / scale).toBeLessThan(1e-12);
}

/** Links or forces in the order of the ILDG record. */
function recordOf({ lattice: L, N, fields }: Pick<LinkField, "lattice" | "N" | "fields">): Float64Array {
  const size = 2 * N * N;
  const out = new Float64Array(L.volume * L.dim * size);
  fields.forEach((f, mu) => {
    const x = (f as Field).toArray();
    for (let n = 0; n < L.volume; n++) out.set(x.subarray(n * size, (n + 1) * size), (n * L.dim + mu) * size);
  });
  return out;
}

describe.skipIf(!python3 || compilers.length === 0)("actions of fields", () => {
  test("phi^4 of three components, without links, on odd and unequal extents", async () => {
    const S = scalarAction.phi4({ m2: -0.4, lambda: 0.6, components: 3 });
    const fields = startFields(S.fields, lattice([5, 2, 3]), { seed: 4 });
    const { subject, out } = await called("phi4", 'import { scalarAction } from "gaugegrad";\nexport const S = scalarAction.phi4({ m2: -0.4, lambda: 0.6, components: 3 });', [5, 2, 3], { phi: (fields.phi as Field).toArray() },
      'value, F = S.field_forces()\nout = [[S.value(), value], F["phi"], S.gradient()[1], []]\nS.parameters = [0.1, 0.2]\nout[3].append(S.value())', "--lattice", "4,4,4");
    expect((subject as typeof S).name).toBe(S.name);
    const value = S.value(fields as never);
    close(out[0]!, [value, value]);
    close(out[1]!, ((S.force(fields as never) as { phi: Field }).phi).toArray());
    // dS/dm2 = sum |phi|^2, dS/dlambda = sum |phi|^4
    const squares = Array.from({ length: 30 }, (_, n) => [0, 1, 2].reduce((s, c) => s + (fields.phi as Field).toArray()[3 * n + c]! ** 2, 0));
    close(out[2]!, [squares.reduce((s, x) => s + x, 0), squares.reduce((s, x) => s + x * x, 0)]);
    close(out[3]!, [S.with({ m2: 0.1, lambda: 0.2 }).value(fields as never)]);
  });

  test("links, a field of the algebra and one of vectors: forces of all of them", async () => {
    const { fields: kinds } = scalarAction.higgs({ kappa: 0.25, lambda: 0.5 }).plus(gaugeAction.wilson({ beta: 2.3 }).on("U"));
    const fields = startFields({ ...kinds, A: "algebra" } as const, lattice([3, 4]), { group: SU(2) as never, seed: 5 });
    const { subject, out } = await called("higgs", `
import { add, adj, fieldAction, gaugeAction, mul, reTrace, scalarAction, scale, shift, sum } from "gaugegrad";
const adjoint = fieldAction({ name: "adjoint", fields: { U: "links", A: "algebra" }, inputs: { g: 0.7 }, evaluate: ({ U, A }, { g }) => scale(g, sum(reTrace(mul(add(A, mul(mul(U[0], shift(A, 0)), adj(U[0]))), A)))) });
export const S = scalarAction.higgs({ kappa: 0.25, lambda: 0.5 }).plus(gaugeAction.wilson({ beta: 2.3 }).on("U")).plus(adjoint);`, [3, 4], { U: recordOf(fields.U as never), phi: (fields.phi as Field).toArray(), A: (fields.A as Field).toArray() },
      'U = read("U")\nvalue, F = S.field_forces(U)\nout = [[S.value(U), value], S.force(U), F["phi"], F["A"], S.gradient(U)[1]]', "--group", "su2", "--lattice", "4,4");
    const S = subject as FieldAction;
    const F = S.force(fields as never) as unknown as { U: LinkField; phi: Field; A: Field };
    const value = S.value(fields as never);
    close(out[0]!, [value, value]);
    close(out[1]!, recordOf(F.U));
    close(out[2]!, F.phi.toArray());
    close(out[3]!, F.A.toArray());
    expect(out[4]!).toHaveLength(4);
  });

  test("matrices that are in no algebra: their forces number by number", async () => {
    const data = Float64Array.from({ length: 8 * 16 }, (_, k) => Math.sin(1 + k * k));
    const { out } = await called("matrices", `
import { Field, action, lattice, mul, reTrace, siteMatrixType, sum } from "gaugegrad";
const L = lattice([4, 4]);
export const S = action({ name: "cubic", inputs: { A: new Field(L, siteMatrixType(L, 2)) }, evaluate: (_U, { A }) => sum(reTrace(mul(A, mul(A, A)))) });`, [4, 4], { A: data },
      'value, F = S.field_forces()\nout = [[value], F["A"]]', "--group", "su2");
    // of Re tr A^3 by the numbers of A: 3 (A^2)^+
    const at = (n: number, i: number, j: number): ArrayLike<number> => data.subarray(8 * n + 4 * i + 2 * j);
    const square = (n: number, i: number, j: number): readonly number[] => {
      const [[a, b], [c, d], [e, f], [g, h]] = [at(n, i, 0), at(n, 0, j), at(n, i, 1), at(n, 1, j)] as [number[], number[], number[], number[]];
      return [a! * c! - b! * d! + e! * g! - f! * h!, a! * d! + b! * c! + e! * h! + f! * g!];
    };
    close(out[1]!, data.map((_, k) => (k % 2 === 0 ? 3 : -3) * square(k >> 3, (k >> 1) & 1, (k >> 2) & 1)[k % 2]!));
  });

  test("the equivariant transformer of spins, with its weights, on the lattice whose shells it has", async () => {
    const spins = randomSpins(lattice([5, 4]), { seed: 6 });
    const { subject, out } = await called("transformer", 'import { lattice } from "gaugegrad";\nimport { spinTransformer } from "gaugegrad/spins";\nconst model = spinTransformer(lattice([5, 4]), { T: 0.5, shells: 2, reach: 1, layers: 1 });\nexport const S = model.with(Float64Array.from({ length: model.size }, (_, k) => 0.3 * Math.sin(1 + k)));', [5, 4], { S: spins.toArray() },
      'value, F = S.field_forces()\nout = [[S.value(), value], F["S"], S.gradient()[1]]\ntry:\n    library.Action((6, 4))\nexcept library.Error as e:\n    out.append([float("Lx = 5" in str(e))])');
    const S = subject as SpinTransformer;
    const { value, gradient } = S.valueAndGradient(spins.toArray());
    close(out[0]!, [-value, -value]);
    close(out[1]!, S.gradient(spins).toArray().map((x) => -x));
    close(out[2]!, gradient.map((x) => -x));
    expect(out[3]).toEqual([1]);
  });
});
