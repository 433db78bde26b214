/** The check of actions of several named fields, and what it finds. */
import { expect, test } from "vitest";
import { type FieldAction, type Group, SU, U1, add, check, dot, fieldAction, gaugeAction, hot, lattice, mul, scale, scalarAction, shift, square, sum, detach } from "../../src/index.ts";

const failed = (action: unknown, group: Group, expectations = {}): string[] => {
  const report = check(action as FieldAction<never, number, never>, hot(lattice([4, 4]), group, { seed: 1 }) as never, { expect: { rotations: true, reflections: true, chargeConjugation: true, ...expectations } });
  return report.items.filter((i) => i.status === "fail").map((i) => i.name);
};

test("phi^4, and Higgs fields with links, are symmetric under everything", () => {
  expect(failed(scalarAction.phi4({ m2: -0.5, lambda: 0.7 }), U1)).toEqual([]);
  for (const representation of ["fundamental", "adjoint"] as const) expect(failed(scalarAction.higgs({ kappa: 0.3, lambda: 0.4, representation }).plus(gaugeAction.wilson({ beta: 2 }).on("U")), SU(2))).toEqual([]);
});

test("a lost derivative, a broken direction and hidden state are found", () => {
  const lost = fieldAction({ name: "lost", fields: { phi: "real" }, inputs: { l: 0.5 }, evaluate: ({ phi }, { l }) => scale(l, sum(square(add(phi, detach(phi))))) });
  expect(failed(lost, U1)).toContain("force of all fields");
  const crooked = fieldAction({ name: "crooked", fields: { U: "links", phi: "vector" }, evaluate: ({ U, phi }) => sum(add(square(dot(phi, phi)), dot(phi, mul(U[0]!, shift(phi, 0))))) });
  expect(failed(crooked, SU(2))).toEqual(["rotation xt"]);
  let calls = 0;
  const S = scalarAction.phi4({ m2: 1, lambda: 0.5 });
  const restless = Object.assign(Object.create(S) as typeof S, { force: (x: never) => (calls++ % 2 === 0 ? S : S.with({ m2: 1.001, lambda: 0.5 })).force(x), value: (x: never) => S.value(x) });
  expect(failed(restless, U1)).toContain("reversibility");
});
