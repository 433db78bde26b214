/** Results that are not numbers: singular matrices are errors of their own, `debugNaN` names op, site and layer of the first one. */
import { expect, test } from "vitest";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Field, type LatticeOptions, type Matrix, NaNError, type Real, SU, add, adj, chain, check, constantReal, exp, gaugeAction, grad, hot, lattice, layer, log, mul, projectSU, reTrace, real, realType, record, scale, scaleBy, siteMatrixType, square, staples, sub,
  sum, ta, unit, valueAndGrad, where,
} from "gaugegrad";
import { cli } from "../cli/helpers.ts";
import { nativeMissing } from "../compiler/backends.ts";

const backends: LatticeOptions[] = [{ backend: "js" }, { backend: "wasm" }, ...(nativeMissing() ? [] : [{ backend: "native" as const }])];

test.each(backends)("a singular matrix is an error that names op and site, unless it is not taken ($backend)", (options) => {
  const geo = lattice([4, 4], options);
  const N = 3;
  const data = Float64Array.from({ length: 18 * geo.volume }, (_, k) => Math.sin(k * k + 1));
  // two equal rows at the site [2, 1]
  data.copyWithin(6 * 18, 6 * 18 + 6, 6 * 18 + 12);
  const m = new Field(geo, siteMatrixType(geo, N)).set(data);
  const message = /^polar: the matrix is singular at site \[2,1\], expected/;
  const links = record((a: Matrix) => projectSU(a), m);
  expect(() => links.run(m)).toThrow(message);
  expect(() => links.fresh(m)).toThrow(NaNError);
  const action = valueAndGrad((a: Matrix) => sum(reTrace(projectSU(a))));
  expect(() => action(m)).toThrow(message);
  const chosen = grad((a: Matrix) => sum(reTrace(where(sub(square(reTrace(a)), constantReal(a.tape, "nowhere", () => 1e3)), projectSU(a), a))));
  expect((chosen(m) as unknown as Field).toArray().every(Number.isFinite)).toBe(true);
  // a NaN that was there before is none of its business
  m.set(data.map((x, k) => (k < 18 ? Number.NaN : Math.sin(x + k * k))));
  expect(Number.isNaN((links.run(m) as unknown as Field).toArray()[0])).toBe(true);
});

/** A layer whose first factor is the logarithm of Re tr U / N - 1, which no site has. */
const broken = layer({
  name: "broken", params: { rho: real(0.1) },
  forward: (U, { rho }) => U.map((mu) => {
    const plaquette = mul(mul(U[0]!, adj(U[0]!)), unit(U[0]!.tape, U.N));
    const r: Real = log(sub(scaleBy(1 / U.N, reTrace(plaquette)), constantReal(U[0]!.tape, "three at [1, 2]", (n) => (n === 1 + 2 * 4 ? 3 : 0.5))));
    return mul(exp(scale(rho, scale(r, ta(mul(staples(U, mu), adj(U[mu]!))))) as never), U[mu]!);
  }),
});

test("debugNaN", () => {
  for (const options of backends) {
    const geo = lattice([4, 4], { ...options, debugNaN: true });
    const x = new Field(geo, realType()).set(Float64Array.from({ length: 16 }, (_, n) => (n === 9 ? -1 : 1)));
    const f = record((r: Real) => sum(square(add(log(r), r))), x);
    expect(() => f.run(x)).toThrow("op unary logarithm made NaN at site [1,2], component 0: expected finite numbers");
    x.set(x.toArray().map(Math.abs));
    expect(f.run(x)).toBe(16);
    expect(() => record((r: Real) => sum(r), x).run(x.set(x.toArray().fill(Number.NaN, 3, 4)))).toThrow("input 0 holds NaN at site [3,0]");
    // what is left out is no error
    expect(record((r: Real) => sum(where(sub(r, r), log(sub(r, r)), constantReal(r.tape, "one", () => 1))), x).run(x.set(new Float64Array(16).fill(2)))).toBe(16);
    // an output that overwrites its input
    const y = x.clone();
    expect(() => record((r: Real) => log(sub(r, constantReal(r.tape, "three", () => 3))), y).runInto(y as never, y)).toThrow("op unary logarithm made NaN at site [0,0]");
  }
});

test("the command line names the layer", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gaugegrad-nan-"));
  const module = join(folder, "layers.ts");
  writeFileSync(module, `import { add, adj, constantReal, exp, layer, log, mul, reTrace, real, scale, staples, sub, ta } from "gaugegrad";
export const broken = layer({ name: "broken", params: { rho: real(0.1) }, forward: (U, { rho }) => {
  const r = log(sub(reTrace(mul(U[0], adj(U[0]))), constantReal(U[0].tape, "seven", (n) => (n === 6 ? 7 : 1))));
  return U.map((mu) => mul(exp(ta(scale(rho, scale(r, mul(staples(U, mu), adj(U[mu])))))), U[mu]));
} });
`);
  const plain = await cli(["check", module, "--lattice", "4,4", "--json"], { directory: folder });
  expect(plain.stderr).not.toContain("op unary");
  for (const argv of [["--debug-nan", "check", module, "--lattice", "4,4"], ["check", module, "--lattice", "4,4", "--debug-nan"]]) {
    const r = await cli(argv, { directory: folder });
    expect(r.code).toBe(1);
    expect(r.stderr).toContain("op unary logarithm made NaN at site [2,1] in broken, component 0");
    expect(r.stderr.trim().split("\n")).toHaveLength(1);
  }
  expect(process.env["GAUGEGRAD_DEBUG_NAN"]).toBeUndefined();
  expect((await cli(["measure", "--help"])).stdout).toContain("--debug-nan");
});

test("layers of a chain are counted", () => {
  const geo = lattice([4, 4], { debugNaN: true });
  const U = hot(geo, SU(2), { seed: 1 });
  const good = layer({ name: "good", params: {}, forward: (V) => V });
  expect(() => chain(good, broken).apply(U)).toThrow(/in layer 2, broken/);
  expect(() => gaugeAction.wilson({ beta: 1 }).after(broken).force(U)).toThrow(/in broken/);
  expect(() => check(gaugeAction.wilson({ beta: 1 }), U)).not.toThrow();
});
