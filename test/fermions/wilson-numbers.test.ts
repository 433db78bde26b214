/**
 * Wilson and clover fermions on closed-form fields, kappa = 0.13: products, spectra, correlators and site matrices, and approximations of the sign function.
 * The figures are those of sections 1 and 2.2 of the physics notes on fermions (independent dense programs).
 */
import { describe, expect, test } from "vitest";
import {
  type DiracOperator, type Field, type Links, type Scalar, type Vector, SU, add, cdot, dot, gamma5, im, overlap, overlapSign, pseudofermions, rationalApproximation, re, record, spinMul, sub, sum, wilsonD, wilsonPion,
} from "gaugegrad";
import { HermitianEigenproblem } from "gaugegrad/linalg";
import { forceNorms } from "./helpers.ts";
import { type Row, close, fields, kappa, lowest, rows, spinor, stored } from "./wilson-table.ts";

test.each<Row>(rows)("%s, c_SW = %f: products with the closed-form spinor, lowest eigenvalues of gamma_5 D, pion", (field, clover, norm2, [dRe, dIm], chiral, [re0, im0], low, PP) => {
  const U = fields[field]!();
  if (!U) return void console.log(`left out: there is no ${stored}`);
  const { lattice: geo } = U;
  const psi = spinor(U);
  const out = record((V: Links, x: Vector, k: Scalar) => {
    const D = wilsonD(V, x, k, clover);
    const [plain, five] = [cdot(x, D), cdot(x, spinMul(D, gamma5(geo)))];
    return { D, norm2: sum(dot(D, D)), size: sum(dot(x, x)), parts: [re(plain), im(plain), re(five), im(five)].map((y) => sum(y)) };
  }, U, psi, kappa).fresh(U, psi, kappa) as unknown as { D: Field; norm2: number; size: number; parts: number[] };
  close(out.norm2, norm2, 1e-12);
  [dRe, dIm, chiral].forEach((x, k) => close(out.parts[k]!, x));
  expect(Math.abs(out.parts[3]!)).toBeLessThan(1e-12 * out.size);
  const at = 2 * ((geo.site([1, 1, 0, 1]) * U.N + 1) * 4 + 2);
  [re0, im0].forEach((x, k) => close(out.D.toArray()[at + k]!, x));
  // the larger lattices: test/physics/fermions.physics.ts
  if (field === "K3s") lowest(U, clover, low.length).forEach((x, k) => close(x, low[k]!, 1e-9));
  if (PP.length > 0 && field !== "testconf") wilsonPion(U, { kappa, clover }).PP.forEach((x, t) => close(x / PP[t]!, 1, 1e-9));
});

/** Site matrices T of clover fermions, from one application for each component of a spinor. */
test.each([
  ["K2", -10.7036467111333, -10.6725720673839, 0.7058499503],
  ["K3s", -0.489903597511979, -0.506452268693617, undefined],
])("%s, c_SW = 1.5: ln det T on even and on odd sites, smallest eigenvalue", (field, even, odd, least) => {
  const U = fields[field]!()!;
  const { lattice: geo, N } = U;
  const x = spinor(U);
  const T = record((V: Links, y: Vector, k: Scalar) => add(y, sub(wilsonD(V, y, k, 1.5), wilsonD(V, y, k))), U, x, kappa);
  const columns = Array.from({ length: 4 * N }, (_, j) => Float64Array.from(T.run(U, x.set(Float64Array.from({ length: x.length }, (_v, k) => (k % (8 * N) === 2 * j ? 1 : 0))), kappa).toArray()));
  const lnDet = [0, 0];
  let smallest = Infinity;
  for (let n = 0; n < geo.volume; n++) {
    const block = new HermitianEigenproblem(4 * N);
    for (let i = 0; i < 4 * N; i++)
      for (let j = 0; j <= i; j++) [block.re[i * 4 * N + j], block.im[i * 4 * N + j]] = [columns[j]![2 * (n * 4 * N + i)]!, columns[j]![2 * (n * 4 * N + i) + 1]!];
    for (const w of block.eigenvalues()) {
      lnDet[geo.parity(n)]! += Math.log(w);
      smallest = Math.min(smallest, w);
    }
  }
  close(lnDet[0]!, even);
  close(lnDet[1]!, odd);
  if (least !== undefined) close(smallest, least, 1e-10);
});

describe("approximations of the sign, error sup |x r(x^2) - 1| on [a, b]", () => {
  test.each([
    [0.1, 8, 1.0756e-6],
    [0.1, 12, 8.7035e-10],
    [0.01, 12, 5.9535e-7],
    [0.01, 20, 2.54e-11],
    [0.3, 8, 2.5549e-8],
  ])("a = %f, b = 6.4, %i poles", (a, poles, error) => {
    const r = rationalApproximation({ power: -1 / 2, interval: [a * a, 6.4 * 6.4], poles });
    close(r.error / error, 1, error < 1e-10 ? 2e-3 : 1e-4);
    // about 4 exp(-(2n + 1) pi^2 / (2 ln(4b/a)))
    close(Math.log(r.error), Math.log(4) - ((2 * poles + 1) * Math.PI ** 2) / (2 * Math.log((4 * 6.4) / a)), 0.05);
    if (a !== 0.1 || poles !== 8) return;
    [0.00110237773, 0.0130537622, 0.0603909776].forEach((x, k) => close(r.shifts[k]! / x, 1, 1e-8));
    close(r.constant / 0.0324480352397, 1, 1e-10);
  });
});

test("pseudofermions of the overlap operator, solves inside of solves: phi^+ (D^+D)^{-1} phi and its derivative on K3s", () => {
  const U = fields["K3s"]!()!;
  const D = overlap({ mass: 0.1, height: 1.6, lowest: 0.08, precision: 1e-12 });
  const f = pseudofermions(D as DiracOperator, { lattice: U.lattice, group: SU(3) as never, flavours: 2, tolerance: 1e-11 });
  f.phi.set(Float64Array.from({ length: f.phi.length }, (_, k) => Math.sin(1 + k)));
  close(f.value(U), 221.585736582917, 1e-9);
  close(forceNorms(f.force(U)).dSX, -31.24346, 1e-6);
});

describe("the sign function of K2 by rational approximation", () => {
  test.each([
    ["wilson", 0.38, 125.084443864, 1354.19763309, -257.214339018, 0.424293167217, -0.558693058972, 1704.67798278],
    ["shamir", 0.16, 126.63315922, 1759.31193196, -161.814284084, 0.262931844151, -0.605817191169, 1905.20956073],
  ] as const)("kernel %s", (kernel, low, quadratic, chiralRe, chiralIm, re0, im0, norm2) => {
    const U = fields["K2"]!()!;
    const { lattice: geo } = U;
    const psi = spinor(U);
    const out = record((V: Links, x: Vector) => {
      const e = overlapSign(V, x, { kernel, height: 1.6, lowest: low, precision: 1e-12 });
      const chiral = cdot(x, spinMul(e, gamma5(geo)));
      return { e, parts: [dot(x, e), re(chiral), im(chiral)].map((y) => sum(y)) };
    }, U, psi).fresh(U, psi) as unknown as { e: Field; parts: number[] };
    [quadratic, chiralRe, chiralIm].forEach((x, k) => close(out.parts[k]!, x, 1e-10));
    const at = 2 * ((geo.site([1, 1, 0, 1]) * 2 + 1) * 4 + 2);
    [re0, im0].forEach((x, k) => close(out.e.toArray()[at + k]!, x, 1e-10));
    // D(0.1) psi = (1.1 psi + 0.9 gamma_5 eps psi) / 2
    const [p, e] = [psi.toArray(), out.e.toArray()];
    close(p.reduce((s, x, k) => s + (0.55 * x + 0.45 * (k % 8 < 4 ? -1 : 1) * e[k]!) ** 2, 0), norm2, 1e-10);
  });
});
