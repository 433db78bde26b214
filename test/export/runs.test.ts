/** Libraries of runs whose action is not one of links alone, or is that of a map: matter, spins, a trained field transformation. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Field, type GaugeAction, type LinkField, SU, U1, gaugeAction, hot, lattice, scalarAction, startFields } from "../../src/index.ts";
import { fieldTransformed } from "../../src/flows/index.ts";
import { actionOfRun, builtIn, readState } from "../../src/runs/index.ts";
import { SpinTransformer, randomSpins } from "../../src/spins/index.ts";
import { leavesOf } from "../../src/util/index.ts";
import { cli } from "../cli/helpers.ts";
import { compilers, python3, sh } from "./tools.ts";

const folder = mkdtempSync(join(tmpdir(), "gaugegrad-export-runs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Makes the run, exports its folder, compiles that, runs its test, and calls it through Python without numpy. */
async function called(command: string, name: string, text: string, extents: readonly number[], data: Readonly<Record<string, Float64Array>>, script: string): Promise<readonly number[][]> {
  writeFileSync(join(folder, `${name}.toml`), text);
  const run = await cli([...command.split(" "), `${name}.toml`, "--dir", `run-${name}`, "--quiet"], { directory: folder });
  expect(run.code, run.stderr).toBe(0);
  const { code, stderr } = await cli(["export", `run-${name}`, "--out", name, "--name", name], { directory: folder });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const at = join(folder, name);
  sh(at, "make", [`CC=${compilers[0]!}`, "CFLAGS=-O0 -Werror"]);
  expect(sh(at, "./test", [])).toMatch(/ 0 wrong/);
  for (const [field, x] of Object.entries(data)) writeFileSync(join(at, `${field}.bin`), Buffer.from(x.buffer, x.byteOffset, x.byteLength));
  const head = `import array, json, sys\nsys.modules["numpy"] = None\nimport ${name} as library\ndef read(name):\n    x = array.array("d"); x.frombytes(open(name + ".bin", "rb").read()); return x\nS = library.Action((${extents.join(", ")}))\nfor name in library.FIELDS: S.set_field(name, read(name))\n`;
  return JSON.parse(sh(at, "python3", ["-c", `${head}${script}\nprint(json.dumps([list(x) for x in out]))`])) as number[][];
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

const SHORT = "[sampler]\nsteps = 3\nseed = 3\nthermalisation = 0\ntrajectories = 1\n";

describe.skipIf(!python3 || compilers.length === 0)("folders of runs", () => {
  test("matter with links: forces of both, of matter and gauge action together", async () => {
    const S = scalarAction.higgs({ kappa: 0.25, lambda: 0.5 }).plus(gaugeAction.wilson({ beta: 2.3 }).on("U"));
    const fields = startFields(S.fields, lattice([3, 5]), { group: SU(2) as never, seed: 5 });
    const out = await called("hmc", "higgs", `group = "SU(2)"\n[lattice]\nextents = [3, 4]\n[start]\nkind = "near-unit"\n[action]\nbeta = 2.3\n[matter]\nkind = "higgs"\nkappa = 0.25\nlambda = 0.5\n${SHORT}`, [3, 5],
      { U: recordOf(fields.U as never), phi: (fields.phi as Field).toArray() }, 'U = read("U")\nvalue, F = S.field_forces(U)\nout = [[S.value(U), value], S.force(U), F["phi"], S.gradient(U)[1]]');
    const value = S.value(fields as never);
    const F = S.force(fields as never) as unknown as { U: LinkField; phi: Field };
    close(out[0]!, [value, value]);
    close(out[1]!, recordOf(F.U));
    close(out[2]!, F.phi.toArray());
    expect(out[3]).toHaveLength(3);
  });

  test("matter without links", async () => {
    const S = scalarAction.phi4({ m2: -0.4, lambda: 0.7 });
    const fields = startFields(S.fields, lattice([2, 5]), { seed: 5 });
    const out = await called("hmc", "phi4", `[lattice]\nextents = [3, 4]\n[start]\nkind = "hot"\n[matter]\nkind = "phi4"\nm2 = -0.4\nlambda = 0.7\n${SHORT}`, [2, 5], { phi: (fields.phi as Field).toArray() }, 'value, F = S.field_forces()\nout = [[value], F["phi"]]');
    close(out[0]!, [S.value(fields as never)]);
    close(out[1]!, ((S.force(fields as never) as { phi: Field }).phi).toArray());
  });

  test.each(["attention", "linear"])("a trained model of spins, %s: the weights that the run has written", async (kind) => {
    const L = lattice([4, 4]);
    const spins = randomSpins(L, { seed: 6 });
    const out = await called("spins train", kind, `[model]\nlattice = [4, 4]\nT = 0.5\n[effective]\nkind = "${kind}"\nshells = 3\nreach = 2\n[training]\nsamples = 6\ntest = 0\nsteps = 2\n[sampler]\nseed = 2\n`, [4, 4], { S: spins.toArray() }, 'value, F = S.field_forces()\nout = [[value], F["S"]]');
    const { options, parameters } = JSON.parse(readFileSync(join(folder, `run-${kind}`, "model.json"), "utf8"));
    const model = new SpinTransformer(L, { T: 0.5, ...options }, parameters);
    close(out[0]!, [-model.logWeight(spins.toArray())]);
    close(out[1]!, model.gradient(spins).toArray().map((x) => -x));
  });

  test("a trained field transformation: the action of the links that are moved, with the newest weights", async () => {
    const U = hot(lattice([4, 4]), U1, { seed: 3 });
    const out = await called("hmc", "map", `group = "U(1)"\n[lattice]\nextents = [4, 4]\n[start]\nkind = "hot"\n[action]\nbeta = 2.0\n[transform]\nkind = "gated"\nsweeps = 1\n[training]\nobjective = "forceMatching"\ntowards = 0.5\nrate = 0.02\ntrajectories = 2\nbatch = 1\nreplay = 2\n${SHORT}`, [4, 4], { U: recordOf(U) },
      'U = read("U")\nvalue, F = S.value_and_force(U)\nout = [[value], F, S.gradient(U)[1]]');
    const found = (await actionOfRun(join(folder, "run-map"))).action as GaugeAction;
    const weights = [...readState(join(folder, "run-map"))!.state.parameters!.values];
    const F = builtIn.get("transform", "gated").build({ sweeps: 1 } as never, { lattice: U.lattice, group: U1 } as never) as Parameters<typeof fieldTransformed>[1];
    const names = leavesOf(F.parameters).map(({ value }) => value as number);
    expect(weights).toHaveLength(names.length);
    expect(weights).not.toEqual(names);
    let k = 0;
    const trained = (x: unknown): unknown => (typeof x === "number" ? weights[k++] : Array.isArray(x) ? x.map(trained) : Object.fromEntries(Object.entries(x as object).map(([key, y]) => [key, trained(y)])));
    const S = fieldTransformed(gaugeAction.wilson({ beta: 2 }), F.with(trained(F.parameters) as never)) as unknown as GaugeAction;
    close(out[0]!, [S.value(U)]);
    close(out[1]!, recordOf(S.force(U) as never));
    close(out[2]!, leavesOf(found.parameterGradient(U).gradient).map((x) => x.value as number));
  });

  test("what has no recorded action is refused in one line", async () => {
    writeFileSync(join(folder, "exact.toml"), '[model]\nlattice = [3, 3]\nT = 0.5\n[effective]\nkind = "exact"\n[sampler]\nthermalise = 0\nsteps = 4\n');
    const run = await cli(["spins", "sample", "exact.toml", "--dir", "run-exact", "--quiet"], { directory: folder });
    expect(run.code, run.stderr).toBe(0);
    const { code, stderr } = await cli(["export", "run-exact", "--out", "exact"], { directory: folder });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^gaugegrad: .*run-exact: got a run of spins with effective.kind "exact", expected .*determinant.*\n$/);
  });
});
