/** A thousand random programs on the JavaScript and native backends, and on that for CUDA; every op of the list takes part. */
import { expect, test } from "vitest";
import { allOps } from "../../src/autograd/index.ts";
import { presentBackends, scheduled } from "./backends.ts";
import { campaign } from "./campaign.ts";
import { check } from "./check.ts";
import { wrongDerivative } from "./differences.ts";
import { kinds } from "./kinds/index.ts";
import { parse } from "./program.ts";

const backends = (await presentBackends()).filter((b) => /^(js|native|cuda|single precision, native)/.test(b.name));

/** All but a change of storage, which lattices of quaternions record where values of both kinds are joined. */
const ops = allOps.map((op) => op.name).filter((name) => name !== "asMatrix");

test("every op has a place in the generator", () => {
  const covered = new Set(Object.values(kinds).flatMap((k) => k.covers));
  expect(ops.filter((name) => !covered.has(name))).toEqual([]);
});

test.each(["jvp", "hvp"])("%s: a derivative without one of its parts is not that of the values", (mode) => {
  const text = (f: string): string => `lattice 2 2
N 2
mode ${mode}
seed 5
input i0 links
input i1 spin
x1 = shift i0.1 d=1,0
x2 = mul i0.0 x1
x3 = shift i0.0 d=0,1
x4 = mul i0.1 x3
x5 = adj x4
x6 = mul x2 x5
x7 = reTrace x6
x8 = ${f} x7
x9 = scale x8 i1
return x9`;
  expect(wrongDerivative(parse(text("alias")))).toBeUndefined();
  expect(wrongDerivative(parse(text("detach")))).toMatch(/derivative \d, number 0: got .*, differences give/);
});

test("what rounding may do is seen in programs of few numbers whose sums vanish", () => {
  const text = `lattice 1
N 1
mode jvp
seed 675284176
input i0 links
x9 = mul i0.0 i0.0
x11 = adj x9
x12 = mul x9 x11
x13 = ta x12
return x13`;
  expect(check(parse(text), backends.filter((b) => b.name === "js")).excess).toBeLessThan(0.1);
});

test("random programs agree with the interpreter", () => {
  const report = campaign({ seed: 1, count: 1000, backends: scheduled(backends) });
  console.log(`${report.count} programs; ${[...report.ran].map(([name, n]) => `${name}: ${n}`).join(", ")}; largest difference ${report.excess.toPrecision(2)} of what is allowed`);
  expect(report.failure).toBeUndefined();
  expect(ops.filter((name) => !report.ops.has(name))).toEqual([]);
  // a program that compares nothing tests nothing
  expect([...report.skipped.values()].reduce((s, n) => s + n, 0)).toBeLessThan(30);
}, 900_000);
