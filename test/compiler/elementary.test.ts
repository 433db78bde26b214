/** Elementary functions of all lanes of native kernels against Math's, over their intervals and beyond, with lanes inside and outside side by side. */
import { expect, test } from "vitest";
import { Field } from "../../src/autograd/field.ts";
import { cos, exponential, log, sin } from "../../src/autograd/ops/unary.ts";
import { atan2 } from "../../src/autograd/ops/arg.ts";
import { record } from "../../src/autograd/plan.ts";
import type { Traced } from "../../src/autograd/tape.ts";
import { realType } from "../../src/autograd/types.ts";
import { type EngineOptions, makeLattice } from "../../src/compiler/index.ts";
import { parse } from "../fuzz/program.ts";
import { recorded, runOn } from "../fuzz/record.ts";
import { nativeMissing } from "./backends.ts";

const FUNCTIONS = [Math.log, Math.exp, Math.sin, Math.cos];
const SITES = [64, 64] as const;

/** Special values, both sides of every end, multiples of pi/2 and their neighbours, and numbers of all sizes. */
function numbers(): Float64Array {
  const ends = [2 ** -1022, 2 ** 1021, 708, 2 ** 20, 745.2, 709.8, 2 ** 53, 1e300, 5e-324, 2 ** -1060, Number.MAX_VALUE, 1, Math.SQRT2, Math.SQRT1_2, Math.LN2 / 2].flatMap((x) => [x, x * (1 + 2 ** -52), x * (1 - 2 ** -53)]);
  const special = [0, -0, Infinity, -Infinity, Number.NaN, ...ends, ...ends.map((x) => -x)];
  const turns = Array.from({ length: 200 }, (_, k) => (k < 100 ? k - 50 : 6661 * k) * (Math.PI / 2)).flatMap((x) => [x, x * (1 + 2 ** -52)]);
  const spread = Array.from({ length: 2048 }, (_, k) => (k % 2 === 0 ? 1 : -1) * 10 ** (((k * 0.754877666) % 1) * 8 - 5) * (1 + ((k * 0.5698402910) % 1)));
  const exponents = Array.from({ length: 1200 }, (_, k) => 2 ** (k * 1.7 - 1020) * (1 + ((k * 0.618033988) % 1)));
  const all = [...special, ...turns, ...spread, ...exponents];
  return Float64Array.from({ length: SITES[0] * SITES[1] }, (_, k) => all[k % all.length]!);
}

function evaluate(options: EngineOptions, x: Float64Array): Float64Array[] {
  const lattice = makeLattice(SITES, options);
  const field = new Field(lattice, realType()).set(x);
  const plan = record((y: Traced) => [log, exponential, sin, cos].map((f) => f(y as never)) as Traced[], field as never);
  return (plan.run(field as never) as unknown as Field[]).map((y) => y.toArray().slice());
}

/** Numbers between two doubles of one sign. */
function apart(x: number, y: number): number {
  if (Object.is(x, y) || (Number.isNaN(x) && Number.isNaN(y)) || x === y) return 0;
  return Math.abs(x - y) / 2 ** (Math.max(-1022, Math.floor(Math.log2(Math.abs(y)))) - 52);
}

test.skipIf(nativeMissing() !== undefined)("within two units in the last place of Math's, special values too, with and without fused multiply-add", () => {
  const x = numbers();
  for (const options of [{ backend: "native", strict: true }, { backend: "native", lanes: 8 }] as EngineOptions[]) {
    const values = evaluate(options, x);
    FUNCTIONS.forEach((f, j) => {
      const wrong = [...x].flatMap((t, k) => (apart(values[j]![k]!, f(t)) <= 2 ? [] : [`${f.name}(${t}): got ${values[j]![k]}, expected ${f(t)}`]));
      expect(wrong, JSON.stringify(options)).toEqual([]);
    });
    // a lane has its own value, whatever lies beside it
    const turned = evaluate(options, x.map((_, k) => x[(k + 1) % x.length]!));
    FUNCTIONS.forEach((f, j) => expect([...x].filter((_, k) => !Object.is(turned[j]![k], values[j]![(k + 1) % x.length])), f.name).toEqual([]));
    const zero = x.findIndex((t) => Object.is(t, -0));
    expect([Object.is(values[2]![zero], -0), values[1]![zero], values[3]![zero]]).toEqual([true, 1, 1]);
  }
});

test.skipIf(nativeMissing() !== undefined)("angles of two numbers are within two units in the last place of Math.atan2, with their signs", () => {
  const sizes = [0, -0, Infinity, -Infinity, Number.NaN, 1, -1, 0.5, -0.5, 7 / 16, 11 / 16, 1 - 2 ** -53, 5e-324, -(2 ** -1060), 2 ** -1000, 2 ** 1000, -(2 ** 1001), Number.MAX_VALUE];
  const pairs = [
    ...sizes.flatMap((y) => sizes.map((x) => [y, x] as const)),
    ...Array.from({ length: 3500 }, (_, k) => {
      const [size, phi] = [10 ** (((k * 0.754877666) % 1) * 12 - 6), 2 * Math.PI * ((k * 0.5698402910) % 1)];
      return [size * Math.sin(phi), size * Math.cos(phi) * (k % 3 === 0 ? 1e-9 : 1)] as const;
    }),
  ];
  const [y, x] = [0, 1].map((c) => Float64Array.from({ length: SITES[0] * SITES[1] }, (_, k) => pairs[k % pairs.length]![c]!)) as [Float64Array, Float64Array];
  for (const options of [{ backend: "native", strict: true }, { backend: "native", lanes: 8 }] as EngineOptions[]) {
    const lattice = makeLattice(SITES, options);
    const [v, u] = [y, x].map((numbers) => new Field(lattice, realType()).set(numbers));
    const plan = record((a: Traced, b: Traced) => atan2(a as never, b as never) as Traced, v as never, u as never);
    const values = (plan.run(v as never, u as never) as unknown as Field).toArray();
    const wrong = [...y].flatMap((t, k) => {
      const expected = Math.atan2(t, x[k]!);
      return apart(values[k]!, expected) <= 2 && (expected !== 0 || Object.is(values[k], expected)) ? [] : [`atan2(${t}, ${x[k]}): got ${values[k]}, expected ${expected}`];
    });
    expect(wrong, JSON.stringify(options)).toEqual([]);
  }
});

test.skipIf(nativeMissing() !== undefined)("one site in a block, as in boxes of ranks that cannot be cut further, has the bits of wider blocks: sums are fused alike", () => {
  const p = parse(`lattice 3 4
N 1
mode hvp
seed 161918733
input U links
x1 = adj U.0
x2 = mul U.0 x1
x3 = adjointForm x2 f=0.0200 names=twist,square,modulus
x4 = updateLogDet x2 x3 f=0.600
return x4`);
  const { program, inputs } = recorded(p);
  const [one, two] = ([1, 2] as const).map((lanes) => runOn(makeLattice(p.extents, { backend: "native", threads: 1, lanes }).engine, program, [inputs], false)[0]!);
  expect(one).toEqual(two);
});
