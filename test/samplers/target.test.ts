/** Pseudofermion fields of one chain draw different random numbers, however the target is put together. */
import { expect, test } from "vitest";
import { type LinkField, SU, gaugeAction, hot, lattice, pseudofermions, staggered, sumOfTargets, targetOf, wilson } from "gaugegrad";
import { ConfigurationError } from "../../src/errors.ts";
import { randomStream } from "../../src/util/index.ts";

const L = lattice([4, 2, 2, 4]);
const U = hot(L, SU(2), { seed: 1 }) as LinkField<2>;
const gauge = gaugeAction.wilson({ beta: 2 });
const make = (index?: number) => pseudofermions(staggered({ mass: 0.5 }), { lattice: L, group: SU(2), flavours: 4, ...(index === undefined ? {} : { index }) });
type Fermion = ReturnType<typeof make>;

const both = (f: Fermion, g: Fermion) => gauge.plus(f.action as never).plus(g.action as never) as never;

test("targetOf numbers fields that have no index, the first as a field alone", () => {
  const [f, g, alone, second] = [make(), make(), make(), make(1)];
  targetOf<2>(both(f, g), f, g).refresh!(U, 3, randomStream(5));
  alone.refresh(U, 3, randomStream(5));
  second.refresh(U, 3, randomStream(5));
  expect(f.phi.toArray()).toEqual(alone.phi.toArray());
  expect(g.phi.toArray()).toEqual(second.phi.toArray());
  expect(g.phi.toArray()).not.toEqual(f.phi.toArray());
});

test("an index that was chosen is kept, and the others go around it", () => {
  const [f, g] = [make(), make(0)];
  targetOf<2>(both(f, g), f, g).refresh!(U, 0, randomStream(5));
  const one = make(1);
  one.refresh(U, 0, randomStream(5));
  expect(f.phi.toArray()).toEqual(one.phi.toArray());
});

test("sums of targets number the fields of all their parts", () => {
  const fields = [make(), make(), make(), make()];
  const [a, b, c, d] = fields as [Fermion, Fermion, Fermion, Fermion];
  const target = sumOfTargets<2>(targetOf<2>(both(a, b), a, b), c as never, sumOfTargets<2>(d as never));
  target.refresh!(U, 0, randomStream(5));
  const drawn = fields.map((f) => f.phi.toArray().join());
  expect(new Set(drawn).size).toBe(4);
});

test("two fields with one index are refused", () => {
  const [f, g] = [make(2), make(2)];
  expect(() => targetOf<2>(both(f, g), f, g)).toThrow(ConfigurationError);
  expect(() => sumOfTargets<2>(f as never, pseudofermions(wilson({ kappa: 0.1 }), { lattice: L, group: SU(2), flavours: 2, index: 2 }) as never)).toThrow(/two auxiliary fields with the index 2.*leave the index out/);
  expect(() => targetOf<2>(both(f, f), f, f)).not.toThrow();
});
