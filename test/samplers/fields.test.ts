/** Targets of several named fields: energies and forces against host arithmetic, averages against exact integrals, bits of resumed chains. */
import { describe, expect, test } from "vitest";
import {
  CovarianceError, ConfigurationError, type Field, type FieldAction, type FieldsOf, type Group, SU, U1, add, fieldAction, gaugeAction, higgsLink, hmc, kineticEnergy, lattice, perSample, plaquettes, runChain, scalarAction, scalarMoments, scale, square, startFields, sum, summarise,
} from "../../src/index.ts";
import { copyOf, setValues, valuesOf } from "../../src/samplers/index.ts";

const within = (e: { readonly mean: number; readonly error: number }, exact: number, sigmas = 4): void => void expect(Math.abs(e.mean - exact), `${e.mean} +- ${e.error}, exact ${exact}`).toBeLessThan(sigmas * e.error);

/** Composite Simpson rule. */
function integral(f: (x: number) => number, a: number, b: number, n = 2000): number {
  const h = (b - a) / n;
  return (h / 3) * Array.from({ length: n + 1 }, (_, k) => (k === 0 || k === n ? 1 : k % 2 === 1 ? 4 : 2) * f(a + k * h)).reduce((s, x) => s + x, 0);
}

describe("energies and forces", () => {
  test("phi^4 of three components on 4x3x2 and its force", () => {
    const geo = lattice([4, 3, 2]);
    const [m2, lambda] = [-0.7, 1.3];
    const S = scalarAction.phi4({ m2, lambda, components: 3 });
    const X = startFields(S.fields, geo, { seed: 5 });
    const phi = X.phi.toArray();
    const at = (n: number, mu: number, s: number): number => 3 * geo.site(geo.coordinates(n).map((c, k) => (k === mu ? c + s : c)));
    let energy = 0;
    const force = new Float64Array(phi.length);
    for (let n = 0; n < geo.volume; n++) {
      const two = [0, 1, 2].reduce((s, c) => s + phi[3 * n + c]! ** 2, 0);
      energy += m2 * two + lambda * two * two;
      for (let c = 0; c < 3; c++) {
        const y = phi[3 * n + c]!;
        force[3 * n + c]! += 2 * m2 * y + 4 * lambda * two * y;
        for (let mu = 0; mu < 3; mu++) {
          energy += (phi[at(n, mu, 1) + c]! - y) ** 2;
          force[3 * n + c]! += 2 * (2 * y - phi[at(n, mu, 1) + c]! - phi[at(n, mu, -1) + c]!);
        }
      }
    }
    expect(S.value(X)).toBeCloseTo(energy, 11);
    S.force(X).phi.toArray().forEach((f, i) => expect(f).toBeCloseTo(force[i]!, 12));
  });

  test.each([[SU(2), "fundamental"], [SU(3), "fundamental"], [SU(2), "adjoint"]] as const)("Higgs of %o, %s: host arithmetic, differences along links, field and generators", (group, representation) => {
    const geo = lattice([3, 2]);
    const { N } = group;
    const [kappa, lambda] = [0.3, 0.4];
    const S = scalarAction.higgs({ kappa, lambda, representation }) as unknown as FieldAction<{ U: "links"; phi: "vector" }>;
    const X = startFields(S.fields, geo, { seed: 3, group: group as Group });
    const [u, phi] = [X.U.fields.map((f) => f.toArray()), X.phi.toArray()];
    const columns = representation === "fundamental" ? 1 : N;
    const entry = (a: Float64Array, offset: number, k: number): [number, number] => [a[offset + 2 * k]!, a[offset + 2 * k + 1]!];
    const times = ([a, b]: readonly [number, number], [c, d]: readonly [number, number]): [number, number] => [a * c - b * d, a * d + b * c];
    const metric = representation === "fundamental" ? 1 : 2;
    let energy = 0;
    for (let n = 0; n < geo.volume; n++) {
      const own = (k: number): [number, number] => entry(phi, 2 * N * columns * n, k);
      let two = 0;
      for (let k = 0; k < N * columns; k++) two += metric * (own(k)[0] ** 2 + own(k)[1] ** 2);
      energy += two + lambda * (two - 1) ** 2;
      for (let mu = 0; mu < 2; mu++) {
        const there = geo.site(geo.coordinates(n).map((c, k) => (k === mu ? c + 1 : c)));
        const U = (i: number, j: number): [number, number] => entry(u[mu]!, 2 * N * N * n, i * N + j);
        const f = (i: number, j: number): [number, number] => entry(phi, 2 * N * columns * there, i * columns + j);
        for (let i = 0; i < N; i++)
          for (let c = 0; c < columns; c++) {
            let moved: [number, number] = [0, 0];
            for (let j = 0; j < N; j++)
              for (let k = 0; k < (columns === 1 ? 1 : N); k++) {
                // U phi, or (U phi U^+)_ic
                const Uphi = times(U(i, j), f(j, columns === 1 ? 0 : k));
                const [re, im] = columns === 1 ? Uphi : times(Uphi, [U(c, k)[0], -U(c, k)[1]]);
                moved = [moved[0] + re, moved[1] + im];
              }
            const [a, b] = own(i * columns + c);
            energy -= 2 * kappa * metric * (a * moved[0] + b * moved[1]);
          }
      }
    }
    expect(S.value(X)).toBeCloseTo(energy, 10);
    // along fresh momenta P of everything: dS = sum of (F, P), the scalar product of the kinetic energy
    const [P, F] = [startFields({ phi: S.fields.phi }, geo, { seed: 9, group: group as Group }), S.force(X)];
    const h = 1e-4;
    const along = (s: number): number => S.value({ ...X, phi: X.phi.clone().set(phi.map((x, i) => x + s * P.phi.toArray()[i]!)) });
    const slope = (8 * (along(h) - along(-h)) - (along(2 * h) - along(-2 * h))) / (12 * h);
    const plus = kineticEnergy({ phi: F.phi.clone().set(F.phi.toArray().map((x, i) => x + P.phi.toArray()[i]!)) });
    expect(plus - kineticEnergy({ phi: F.phi }) - kineticEnergy({ phi: P.phi })).toBeCloseTo(slope, 7);
  });
});

describe("averages", () => {
  test("free field on 4x4: <phi^2> of the spectrum, with a mass of the kinetic term", () => {
    const geo = lattice([4, 4], { batch: 8 });
    const m2 = 0.5;
    const S = scalarAction.phi4({ m2, lambda: 0 });
    const X = startFields(S.fields, geo, { seed: 1 });
    const chain = runChain({ sampler: hmc({ action: S, integrator: "omelyan", steps: 5, length: 1.7, seed: 2, masses: { phi: 1.9 } }), U: X, trajectories: 300, thermalisation: 20, measure: { phi2: ({ phi }) => scalarMoments(phi)["phi2"]!, action: (Y) => S.value(Y) } });
    const { values, expMinusDH } = summarise(chain);
    let exact = 0;
    for (let p = 0; p < 4; p++) for (let q = 0; q < 4; q++) exact += 1 / 16 / 2 / (4 * Math.sin((Math.PI * p) / 4) ** 2 + 4 * Math.sin((Math.PI * q) / 4) ** 2 + m2);
    within(values["phi2"]!, exact);
    within(values["action"]!, 8);
    within(expMinusDH!, 1);
  });

  test("a Higgs field on one site is a one-dimensional integral: U(1) and SU(2)", () => {
    const [kappa, lambda] = [0.35, 0.6];
    for (const [group, power, weight] of [
      // exp(2 kappa r^2 c) over the group, c = cos(theta), and c = a_0 with the density sqrt(1 - a_0^2)
      [U1, 1, (x: number) => integral((t) => Math.exp(x * Math.cos(t)), 0, Math.PI, 200)],
      [SU(2), 3, (x: number) => integral((t) => Math.exp(x * Math.cos(t)) * Math.sin(t) ** 2, 0, Math.PI, 200)],
    ] as const) {
      const density = (r: number): number => r ** power * Math.exp(-r * r - lambda * (r * r - 1) ** 2) * weight(2 * kappa * r * r) ** 2;
      const exact = integral((r) => r * r * density(r), 0, 3, 300) / integral(density, 0, 3, 300);
      const geo = lattice([1, 1], { batch: 64 });
      const S = scalarAction.higgs({ kappa, lambda });
      const X = startFields(S.fields, geo, { seed: 4, start: "near-unit", group: group as Group });
      const sampler = hmc({ action: S, integrator: "omelyan", steps: 5, length: 1.5, seed: 5 });
      const { values, expMinusDH } = summarise(runChain({ sampler, U: X, trajectories: 150, thermalisation: 20, measure: { phi2: ({ phi }) => scalarMoments(phi as Field)["phi2"]! } }));
      within(values["phi2"]!, exact);
      within(expMinusDH!, 1);
      expect(sampler.reversibility(X).maxDifference).toBeLessThan(1e-13);
    }
  });

  test("without hopping the links do not know the field: plaquette of U(1) and <phi^2> of one site", () => {
    const geo = lattice([4, 4], { batch: 4 });
    const S = scalarAction.higgs({ kappa: 0, lambda: 0.3 }).plus(gaugeAction.wilson({ beta: 1 }).on("U"));
    const X = startFields(S.fields, geo, { seed: 4, start: "near-unit" });
    const { values } = summarise(runChain({ sampler: hmc({ action: S, integrator: "omelyan", steps: 6, length: 1.5, seed: 6 }), U: X, trajectories: 250, thermalisation: 20, measure: { plaquette: ({ U }) => plaquettes(U).mean, phi2: ({ phi }) => scalarMoments(phi as Field)["phi2"]!, link: ({ U, phi }) => higgsLink(U, phi as Field) } }));
    // I_1(1)/I_0(1) up to corrections of (I_1/I_0)^16 on the torus
    within(values["plaquette"]!, 0.44639);
    within(values["link"]!, 0);
    const one = (r: number): number => r * Math.exp(-r * r - 0.3 * (r * r - 1) ** 2);
    within(values["phi2"]!, integral((r) => r * r * one(r), 0, 4) / integral(one, 0, 4));
  });
});

test("a chain that goes on elsewhere, or with the names in another order, has the same bits; samples of a batch are the chains of their streams", () => {
  const geo = lattice([4, 2]);
  const S = scalarAction.higgs({ kappa: 0.2, lambda: 0.5 }).plus(gaugeAction.wilson({ beta: 2 }).on("U"));
  const make = (stream = 0) => hmc({ action: S, integrator: "omelyan", steps: 3, length: 1, seed: 7, stream });
  const X = startFields(S.fields, geo, { seed: 1, group: SU(2) as Group });
  const [whole, first] = [copyOf(X), copyOf(X)];
  const sampler = make();
  for (let k = 0; k < 4; k++) sampler.step(whole);
  const begin = make();
  begin.step(first);
  begin.step(first);
  const there = { phi: startFields(S.fields, geo, { group: SU(2) as Group }).phi, U: first.U.clone() };
  setValues(there, valuesOf(first));
  const rest = make();
  rest.trajectory = 2;
  rest.step(there);
  rest.step(there);
  expect(valuesOf(there)).toEqual(valuesOf(whole));
  const batched = startFields(S.fields, lattice([4, 2], { batch: 2 }), { seed: 1, group: SU(2) as Group });
  const other = startFields(S.fields, geo, { seed: 1, stream: 1, group: SU(2) as Group });
  const together = make();
  const steps = [make(), make(1)] as const;
  const singles = [copyOf(X), other] as const;
  for (let k = 0; k < 2; k++) {
    const { samples } = together.step(batched);
    steps.forEach((s, b) => expect(s.step(singles[b]!).dH).toBe(samples![b]!.dH));
  }
});

test("fields that do not enter an action stand still in its force; parameters and sums have their gradients", () => {
  const geo = lattice([2, 2]);
  const quadratic = fieldAction({ name: "quadratic", fields: { x: "real" }, inputs: { a: 0.5 }, evaluate: ({ x }, { a }) => scale(a, sum(square(x))) });
  const both = quadratic.plus(fieldAction({ name: "other", fields: { y: "real" }, evaluate: ({ x, y }: never) => sum(add(square(x), square(y))) } as never) as unknown as FieldAction<{ readonly y: "real" }>);
  const X: FieldsOf<{ x: "real"; y: "real" }> = startFields({ x: "real", y: "real" }, geo, { seed: 2 });
  const F = quadratic.force(X) as unknown as typeof X;
  expect(F.y.toArray().every((f) => f === 0)).toBe(true);
  expect(quadratic.parameterGradient(X).gradient.a).toBeCloseTo(X.x.toArray().reduce((s, x) => s + x * x, 0), 12);
  const { x } = both.force(X) as unknown as typeof X;
  x.toArray().forEach((f, i) => expect(f).toBeCloseTo(3 * X.x.toArray()[i]!, 12));
  expect(perSample(quadratic.with({ a: 1 }).value(X))[0]).toBeCloseTo(2 * quadratic.value(X), 12);
});

test("mistakes are said", () => {
  const geo = lattice([2, 2]);
  const S = scalarAction.phi4({ m2: 1, lambda: 1 });
  const X = startFields(S.fields, geo);
  expect(() => S.value({} as never)).toThrow(CovarianceError);
  expect(() => S.value({ phi: startFields({ phi: "complex" }, geo).phi } as never)).toThrow("expected the fields phi by name, phi of the kind real");
  expect(() => scalarAction.phi4({ m2: -1, lambda: 0 })).toThrow(ConfigurationError);
  expect(() => scalarAction.phi4({ m2: 1, lambda: -1 })).toThrow("lambda");
  expect(() => hmc({ action: S, integrator: "omelyan", steps: 2, length: 1, seed: 1, masses: { chi: 2 } }).step(X)).toThrow("chi");
  expect(() => S.plus(scalarAction.phi4({ m2: 1, lambda: 1, components: 2 }) as never)).toThrow("different names");
});
