/** Spins on the tape: what may be combined, gradients and second derivatives on the sphere, every backend. */
import { expect, test } from "vitest";
import {
  type Complex, Field, type Real, type Spin, add, complexType, dot, grad, hvp, lattice, normalise, realType, record, relu, scale, shift, spinType, sum, trace,
} from "gaugegrad";
import { randomSpins } from "gaugegrad/spins";
import { difference, inner, moved, noise } from "./fields.ts";

const geometry = lattice([4, 3]);
const S = randomSpins(geometry, { seed: 8 });
const energy = (x: Spin) => sum(relu(dot(normalise(add(x, shift(x, 0), shift(x, 1, -1))), shift(x, [1, 1]))));

test("products that are no O(3) invariants are refused while recording", () => {
  const [real, complex] = [new Field(geometry, realType()), new Field(geometry, complexType())];
  const refused = (f: (s: Spin, r: Real, z: Complex) => unknown, message: RegExp): void => {
    expect(() => record(((s: Spin, r: Real, z: Complex) => f(s, r, z)) as never, S as never, real as never, complex as never)).toThrow(message);
  };
  refused((s, r) => dot(s as never, r as never), /dot: got unit spin and real/);
  refused((s, _r, z) => scale(z, s), /complex factor for a spin field/);
  refused((s) => scale(s as never, s), /got the factor unit spin/);
  refused((s, r) => add(s as never, r as never), /got unit spin and real/);
  refused((s) => trace(s as never), /expected a matrix/);
  refused((_s, r) => normalise(r as never), /expected a spin field/);
  refused((s) => sum(s as never), /expected a real site scalar/);
});

test("the gradient on unit spins is tangent and the derivative along great circles; free vectors keep the whole gradient", () => {
  const spins = S.toArray();
  const g = (grad(energy)(S) as unknown as Field).toArray();
  const value = record(energy, S);
  for (let n = 0; n < spins.length; n += 3) expect(Math.abs(inner(g.subarray(n, n + 3), spins.subarray(n, n + 3)))).toBeLessThan(1e-15 * 8);
  const v = noise(spins.length, 2);
  const at = S.clone();
  const slope = difference((h) => value.run(at.set(moved(spins, v, h))), 1e-4);
  expect(Math.abs(slope - inner(g, v))).toBeLessThan(1e-9);
  const free = new Field(geometry, spinType()).set(spins);
  const whole = (grad(energy)(free) as unknown as Field).toArray();
  expect(whole.some((_, k) => Math.abs(inner(whole.subarray(k - (k % 3), k - (k % 3) + 3), spins.subarray(k - (k % 3), k - (k % 3) + 3))) > 0.1)).toBe(true);
});

test("hvp is the second derivative along great circles", () => {
  const spins = S.toArray();
  const v = noise(spins.length, 2);
  const tangent = v.map((x, k) => x - inner(v.subarray(k - (k % 3), k - (k % 3) + 3), spins.subarray(k - (k % 3), k - (k % 3) + 3)) * spins[k]!);
  const direction = new Field(geometry, spinType()).set(tangent);
  const second = inner((hvp(energy)(S, direction) as unknown as Field).toArray(), tangent);
  const value = record(energy, S);
  const at = S.clone();
  const f = (h: number): number => value.run(at.set(moved(spins, tangent, h)));
  const h = 1e-3;
  const reference = (16 * (f(h) + f(-h)) - (f(2 * h) + f(-2 * h)) - 30 * f(0)) / (12 * h * h);
  expect(Math.abs(second - reference)).toBeLessThan(1e-7);
});
