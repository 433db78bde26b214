/** Links stay in the group, forces in the algebra, and leapfrog trajectories can be reversed. */
import { type AlgebraField, type Algebras, type LinkField, type Links, type Plan, type Scalar, adj, mul, record, scale, sub } from "../autograd/index.ts";
import { unitarityDefect } from "../gauge/index.ts";
import { EPS } from "./differences.ts";
import { type CheckItem, judge } from "./report.ts";
import type { Probe } from "./subject.ts";
import { type Expectation, NOISES, fieldNoise, roundingNoise, statusOfBroken } from "./symmetries.ts";
import { Curve, type Directions, driftPlan, worstLink } from "./tangent.ts";

/** V V^+ = 1 and det V = 1 for the links V of a layer, as far as the links U have it. */
export function unitarityItems(probe: Probe, directions: Directions, expect: Expectation): CheckItem[] {
  const { links: U } = probe.at;
  const V = probe.links(probe.at);
  const before = unitarityDefect(U);
  const sigma = roundingNoise(probe, directions);
  const products = record((W: Links) => W.values().map((w) => mul(w, adj(w))), V).run(V) as unknown as { toArray(): Float64Array }[];
  const unit = V.fields.map((f) => f.toArray().map((_, k) => (k % (2 * U.N * U.N)) % (2 * U.N + 2) === 0 ? 1 : 0));
  const worst = worstLink(V, products.map((p) => p.toArray()), unit);
  const make = (name: string, deviation: number, defect: number, where: string, note: string): CheckItem => {
    const tolerance = NOISES * U.N * (sigma + defect);
    const kept = judge(deviation, tolerance) === "pass";
    const status = kept ? "pass" : name === "determinant" ? statusOfBroken("determinant", expect) : "fail";
    const from = `${NOISES} N x (rounding noise ${sigma.toExponential(1)} + defect ${defect.toExponential(1)} of the links given)`;
    return { name, status, deviation, tolerance, toleranceFrom: from, ...(!kept && where !== "" ? { where } : {}), ...(kept ? {} : { note }) };
  };
  const items = [make("unitarity", worst.deviation, before.unitarity, worst.where, "V V^+ is not 1: multiply the link by exp of an algebra field, or project with projectSU")];
  if (U.N > 1) items.push(make("determinant", unitarityDefect(V).determinant, before.determinant, "", "det V is not 1: use ta (traceless) inside exp, or projectSU instead of polar"));
  return items;
}

/** F^+ = -F and, for N >= 2, tr F = 0. */
export function closureItem(probe: Probe): CheckItem {
  const { links: U } = probe.at;
  const F = probe.force(U).fields.map((f) => f.toArray());
  const worst = worstLink(U, F, F.map((f) => algebraPart(f, U.N)));
  const size = F.reduce((m, f) => f.reduce((a, x) => Math.max(a, Math.abs(x)), m), 0);
  const tolerance = 16 * U.N * EPS * size;
  const status = judge(worst.deviation, tolerance);
  return {
    name: "force in the algebra", status, deviation: worst.deviation, tolerance, toleranceFrom: `16 N eps x largest component ${size.toExponential(1)} of the force`,
    ...(status === "fail" ? { where: worst.where, note: "the force is not antihermitian and traceless: take ta of it" } : {}),
  };
}

function algebraPart(f: Float64Array, N: number): Float64Array {
  const out = new Float64Array(f.length);
  for (let at = 0; at < f.length; at += 2 * N * N) {
    let trace = 0;
    for (let i = 0; i < N; i++) {
      trace += f[at + 2 * (i * N + i) + 1]!;
      for (let j = 0; j < N; j++) {
        const [p, q] = [at + 2 * (i * N + j), at + 2 * (j * N + i)];
        out[p] = (f[p]! - f[q]!) / 2;
        out[p + 1] = (f[p + 1]! + f[q + 1]!) / 2;
      }
    }
    if (N > 1) for (let i = 0; i < N; i++) out[at + 2 * (i * N + i) + 1]! -= trace / N;
  }
  return out;
}

const STEPS = 8;
/** Displacement of the start from which the growth of errors is measured. */
const DISPLACEMENT = 1e-7;

/** U, P -> leapfrog -> P = -P -> leapfrog gives the start back, up to rounding errors times the measured growth of errors. */
export function reversibilityItem(probe: Probe, directions: Directions): CheckItem {
  const { links: U } = probe.at;
  const [P, X] = [directions.algebra(U), directions.algebra(U)];
  const F = probe.force(U);
  const largest = F.fields.reduce((m, f) => f.toArray().reduce((a, x) => Math.max(a, Math.abs(x)), m), 0);
  const dt = Math.min(0.05, 0.25 / Math.max(largest, EPS));
  const drift = driftPlan(U, P);
  const kick = record((p: Algebras, f: Algebras, e: Scalar) => p.map((mu) => sub(p[mu]!, scale(e, f[mu]!))), P, P, 0) as unknown as Plan<readonly unknown[], Algebras>;
  const leapfrog = (V: LinkField, Q: AlgebraField): void => {
    for (let k = 0; k < STEPS; k++) {
      drift.runInto(V as never, V, Q, dt / 2);
      kick.runInto(Q as never, Q, probe.force(V), dt);
      drift.runInto(V as never, V, Q, dt / 2);
    }
  };
  const arrays = (V: LinkField): Float64Array[] => V.fields.map((f) => f.toArray());
  const [V, Q] = [U.clone(), P.clone()];
  leapfrog(V, Q);
  const end = arrays(V);
  Q.set(Q.fields.map((q) => q.toArray().map((x) => -x)));
  leapfrog(V, Q);
  const worst = worstLink(U, arrays(V), arrays(U));
  const moved = new Curve(U, X).at(DISPLACEMENT);
  leapfrog(moved, P.clone());
  const growth = Math.max(1, worstLink(U, arrays(moved), end).deviation / DISPLACEMENT);
  const curve = new Curve(U, X);
  // a solver may stop an iteration earlier or later on the way back
  const sigma = fieldNoise((s) => probe.force(curve.at(s))) + probe.subject.residual * largest;
  const tolerance = NOISES * STEPS * (EPS + dt * sigma) * growth ** 2;
  const status = judge(worst.deviation, tolerance);
  return {
    name: "reversibility", status, deviation: worst.deviation, tolerance,
    toleranceFrom: `${NOISES} x ${STEPS} steps x (eps + ${dt.toExponential(1)} x noise of the force and its solves ${sigma.toExponential(1)}) x growth ${growth.toFixed(1)}^2`,
    ...(status === "fail" ? { where: worst.where, note: "the force at the same links is not the same number: hidden state (a warm-started solver, a counter), or links that left the group" } : {}),
  };
}
