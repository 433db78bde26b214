/** Pseudofermions of every operator against numbers of dense matrices, a user's own operator, numerators, twists, rational powers, force tolerances. */
import { describe, expect, test } from "vitest";
import {
  type DiracOperator, Field, type LinkField, type Links, type OperatorParameters, SU, type Scalar, type Vector, add, adj, closedFormLinks, domainWall, gaugeAction, hisq, hot, lattice, logDeterminant, mul, normalSpectrum, pseudofermions, scale, shift,
  staggered, sub, vectorType, wilson,
} from "gaugegrad";
import { ConfigurationError, PhysicsCheckError } from "../../src/errors.ts";
import { randomStream } from "../../src/util/index.ts";
import { alongDirection, closedForm, forceNorms } from "./helpers.ts";

const close = (x: number, expected: number, tolerance: number): void => expect(Math.abs(x / expected - 1)).toBeLessThan(tolerance);

const small = lattice([2, 2, 2, 2]);
const K3s = closedFormLinks(small, 3 as number, 0.8) as LinkField;
const su3 = SU(3 as number);

describe("action and derivative of the closed-form spinor on SU(3), 2^4, from dense matrices", () => {
  const rows: { name: string; operator: DiracOperator; flavours: number; sites?: "even" | "all"; slices?: number; solver?: "bicgstab"; S: number; dSX: number }[] = [
    { name: "Wilson", operator: wilson({ kappa: 0.13 }), flavours: 2, S: 751.534990746505, dSX: -815.07101057 },
    { name: "clover", operator: wilson({ kappa: 0.13, clover: 1.5 }), flavours: 2, S: 974.980154649356, dSX: -358.70615333 },
    { name: "Shamir", operator: domainWall({ mass: 0.1, Ls: 4, height: 1.6 }), flavours: 2, slices: 4, S: 2648.15850765091, dSX: -803.93277099 },
    { name: "Moebius", operator: domainWall({ mass: 0.2, Ls: 4, height: 1.4, b: 1.5, c: 0.5 }), flavours: 2, slices: 4, S: 2000.42444282873, dSX: -302.70968056 },
    { name: "clover by BiCGStab", operator: wilson({ kappa: 0.13, clover: 1.5 }), flavours: 2, solver: "bicgstab", S: 974.980154649356, dSX: -358.70615333 },
    { name: "Shamir by BiCGStab", operator: domainWall({ mass: 0.1, Ls: 4, height: 1.6 }), flavours: 2, slices: 4, solver: "bicgstab", S: 2648.15850765091, dSX: -803.93277099 },
    ...[
      [1, "even", 21.9041461298535, -5.4643804396], [2, "even", 23.4603438648866, -10.350715852], [3, "even", 29.0113199428717, -15.63786446],
      [1, "all", 49.6800023972467, -3.4324021516], [2, "all", 51.5283028487194, -5.6493212129], [3, "all", 55.3364625283488, -6.5841671756], [5, "all", 70.4442937093867, -3.311834035],
    ].map(([flavours, sites, S, dSX]) => ({ name: `staggered Nf=${flavours} ${sites}`, operator: staggered({ mass: 0.3 }), flavours, sites, S, dSX }) as never),
  ];
  test.each(rows)("$name", ({ operator, flavours, sites, slices, solver, S, dSX }) => {
    const f = pseudofermions(operator, { lattice: small, group: su3, flavours, tolerance: 1e-14, ...(sites && { sites }), ...(solver && { solver }) });
    closedForm(f.phi, slices);
    close(f.value(K3s), S, 1e-9);
    close(forceNorms(f.force(K3s)).dSX, dSX, 2e-8);
  });
});

describe("twists", () => {
  const twist = [(2 * Math.PI) / 5, -Math.PI / 7, 0, 0.4];
  const K2 = closedFormLinks(lattice([4, 4, 4, 4]), 2 as number, 0.8) as LinkField;
  test("ln det with complex boundary phases", () => {
    close(logDeterminant(K3s, staggered({ mass: 0.3, twist })), 6.50966167399021, 1e-11);
    close(logDeterminant(K3s, wilson({ kappa: 0.13, twist })), -0.257255377532561, 1e-11);
    close(logDeterminant(K2, staggered({ mass: 0.3, twist })), 149.794370336843, 1e-11);
  });

  test("an angle of pi is the antiperiodic sign; HISQ takes it up in smeared and long links; the force holds it", () => {
    const geo = lattice([4, 4]);
    const U = closedFormLinks(geo, 2 as number, 0.7) as LinkField;
    for (const operator of [undefined, hisq()]) {
      const given = { mass: 0.3, ...(operator && { operator }) };
      close(logDeterminant(U, staggered({ ...given, boundary: [1, 1], twist: [0, Math.PI] })), logDeterminant(U, staggered(given)), 1e-12);
      const f = pseudofermions(staggered({ ...given, twist: [0.3, 0.7] }), { lattice: geo, group: SU(2 as number), flavours: 2, tolerance: 1e-14 });
      f.refresh(U, 0, randomStream(4));
      close(alongDirection((V) => f.value(V), U, 4e-3), forceNorms(f.force(U)).dSX, 1e-7);
    }
    expect(() => logDeterminant(U, wilson({ kappa: 0.1, twist: [0.1] }))).toThrow(ConfigurationError);
  });
});

/** (m + sum_mu (2 - hop forward - hop back)) chi: a scalar's lattice Laplacian as an operator of a user's own, M^+ = M. */
const laplacian = (mass: number): DiracOperator<{ readonly mass: number }> => ({
  name: "laplacian",
  parameters: { mass },
  type: (geo, N) => vectorType(geo, N),
  flavours: () => 1,
  on<N extends number>(U: Links<N>, { mass: m }: { readonly mass: Scalar }) {
    const D = (x: Vector<N>): Vector<N> => {
      const hops = U.lattice.extents.flatMap((_, mu) => [mul(U[mu]!, shift(x, mu)), mul(shift(adj(U[mu]!), mu, -1), shift(x, mu, -1))]);
      return sub(add(scale(m, x), scale(2 * U.lattice.dim, x)), add(hops[0]!, ...hops.slice(1)));
    };
    return { D, Ddag: D };
  },
  spectrum: ({ dim }, { mass: m }) => ({ low: m * m, high: (m + 4 * dim) ** 2 }),
});

describe("an operator of one's own", () => {
  const geo = lattice([4, 4]);
  const U = closedFormLinks(geo, 2 as number, 0.7) as LinkField;
  test.each([1, 2])("force and mass derivative, Nf = %s", (flavours) => {
    const f = pseudofermions(laplacian(0.5), { lattice: geo, group: SU(2 as number), flavours, tolerance: 1e-14, precision: 1e-9 });
    f.refresh(U, 0, randomStream(4));
    close(alongDirection((V) => f.value(V), U, 4e-3), forceNorms(f.force(U)).dSX, 1e-7);
    const S = (mass: number): number => f.action.with({ mass, phi: f.phi }).value(U);
    const difference = (h: number): number => (S(0.5 + h) - S(0.5 - h)) / (2 * h);
    close((4 * difference(1e-3) - difference(2e-3)) / 3, f.action.parameterGradient(U).gradient.mass, 1e-7);
  });
});

/** S_f(phi(xi)) = |xi|^2 for every xi: phi is drawn from the distribution whose exponent S_f is. */
function drawnIsMeasured(operator: DiracOperator<OperatorParameters>, options: { flavours: number; interval?: readonly [number, number]; numerator?: DiracOperator; sites?: "all" }, U: LinkField): void {
  const f = pseudofermions(operator, { lattice: U.lattice, group: SU(U.N), tolerance: 1e-14, precision: 1e-12, ...options });
  const all = operator.type(U.lattice, U.N);
  const full = f.approximation === undefined ? all : f.phi.type;
  const xi = new Field(U.lattice, full);
  xi.set(new Float64Array(xi.length).map((_, i) => Math.sin(1 + 0.7 * i)));
  f.drawFrom(U, xi);
  // exact forms on even sites use half of xi only
  if (full.domain !== f.phi.type.domain) return;
  close(f.value(U), xi.toArray().reduce((s, x) => s + x * x, 0), 1e-10);
}

describe("rational powers and numerators", () => {
  const geo = lattice([4, 4]);
  const U = closedFormLinks(geo, 2 as number, 0.6) as LinkField;
  const bounds = (operator: DiracOperator): [number, number] => {
    const { low, high } = normalSpectrum(U, operator);
    return [low / 2, 2 * high];
  };

  test("one Wilson flavour, one domain-wall flavour with Pauli-Villars fields, mass ratios: S_f(phi(xi)) = |xi|^2", () => {
    drawnIsMeasured(wilson({ kappa: 0.2 }), { flavours: 1, interval: bounds(wilson({ kappa: 0.2 })) }, U);
    const wall = domainWall({ mass: 0.2, Ls: 4 });
    const [one, other] = [bounds(wall), bounds(domainWall({ mass: 1, Ls: 4 }))];
    drawnIsMeasured(wall, { flavours: 1, interval: [Math.min(one[0], other[0]), Math.max(one[1], other[1])] }, U);
    drawnIsMeasured(staggered({ mass: 0.1 }), { flavours: 4, numerator: staggered({ mass: 0.4 }) }, U);
    drawnIsMeasured(wilson({ kappa: 0.22 }), { flavours: 2, numerator: wilson({ kappa: 0.18 }) }, U);
    drawnIsMeasured(domainWall({ mass: 0.1, Ls: 4 }), { flavours: 2, numerator: domainWall({ mass: 0.5, Ls: 4 }) }, U);
  });

  test.each([
    { name: "Wilson", light: wilson({ kappa: 0.22 }), heavy: wilson({ kappa: 0.18 }) },
    { name: "staggered, even sites", light: staggered({ mass: 0.1 }), heavy: staggered({ mass: 0.4 }) },
  ])("$name: a heavy field and the ratio have the weight of the light one, and their forces are derivatives", ({ light, heavy }) => {
    const ratio = pseudofermions(light as DiracOperator, { lattice: geo, group: SU(2 as number), flavours: 2, numerator: heavy, tolerance: 1e-14 });
    ratio.refresh(U, 0, randomStream(6));
    close(alongDirection((V) => ratio.value(V), U, 2e-3), forceNorms(ratio.force(U)).dSX, 1e-7);
    // S_f is a sum of d squared moduli with mean 1
    const S = Array.from({ length: 60 }, (_, t) => {
      ratio.refresh(U, t, randomStream(6));
      return ratio.value(U);
    });
    const d = (ratio.phi.length / 2) * (ratio.phi.type.domain === "even" ? 0.5 : 1);
    const mean = S.reduce((a, x) => a + x, 0) / S.length;
    expect(Math.abs(mean - d) / Math.sqrt(d / S.length)).toBeLessThan(4);
  });

  test("what is refused", () => {
    expect(() => pseudofermions(wilson({ kappa: 0.1 }), { lattice: geo, group: SU(2), flavours: 1 })).toThrow(/without an interval.*normalSpectrum/);
    expect(() => pseudofermions(wilson({ kappa: 0.1 }), { lattice: geo, group: SU(2), flavours: 3 })).toThrow(/at most 2/);
    expect(() => pseudofermions(wilson({ kappa: 0.1 }), { lattice: geo, group: SU(2), flavours: 2, sites: "even" })).toThrow(ConfigurationError);
    const narrow = pseudofermions(wilson({ kappa: 0.2 }), { lattice: geo, group: SU(2 as number), flavours: 1, interval: [1, 4], precision: 1e-4 });
    expect(() => narrow.refresh(U, 0, randomStream(1))).toThrow(PhysicsCheckError);
  });
});

test("bounds that operators declare hold on rough fields", () => {
  const geo = lattice([4, 4]);
  const U = hot(geo, SU(2), { seed: 3 }) as LinkField;
  for (const operator of [staggered({ mass: 0.1 }), wilson({ kappa: 0.3 }), wilson({ kappa: 0.3, clover: 2 }), domainWall({ mass: 0.2, Ls: 4, b: 1.5, c: 0.5 })] as DiracOperator[]) {
    const { high, low } = normalSpectrum(U, { ...operator, spectrum: () => ({}) });
    const declared = operator.spectrum!(geo, operator.parameters);
    expect(high).toBeLessThanOrEqual(declared.high! * (1 + 1e-12));
    if (declared.low !== undefined) expect(low).toBeGreaterThanOrEqual(declared.low * (1 - 1e-5));
    // smallest eigenvalue: Rayleigh quotient of the inverse, against the trace bound
    expect(low).toBeGreaterThan(0);
  }
});

test("forces with a tolerance of their own: value to the tight one, force to the loose one", () => {
  const geo = lattice([4, 4, 4, 4]);
  const U = closedFormLinks(geo, 2 as number, 0.8) as LinkField;
  const make = (tolerances: { tolerance: number; forceTolerance?: number }) => pseudofermions(staggered({ mass: 0.1 }), { lattice: geo, group: SU(2 as number), flavours: 4, ...tolerances });
  const [tight, loose] = [make({ tolerance: 1e-12 }), make({ tolerance: 1e-12, forceTolerance: 1e-4 })];
  for (const f of [tight, loose]) f.refresh(U, 0, randomStream(2));
  expect(loose.value(U)).toBe(tight.value(U));
  expect(tight.forceAction).toBe(tight.action);
  const [a, b] = [tight.force(U), loose.force(U)];
  const off = Math.sqrt(a.fields.reduce((s, f, mu) => s + f.toArray().reduce((t, x, i) => t + (x - b.toArray(mu)[i]!) ** 2, 0), 0) / a.fields.reduce((s, f) => s + f.toArray().reduce((t, x) => t + x * x, 0), 0));
  expect(off).toBeGreaterThan(1e-8);
  expect(off).toBeLessThan(1e-2);
  // the guide follows the same field
  expect(gaugeAction.wilson({ beta: 2 }).plus(loose.forceAction as never).value(U as never)).toBeGreaterThan(0);
});
