/** A misspelt option is an error that names it and those that there are: a default in its place would be a wrong number without an error. */
import { describe, expect, test } from "vitest";
import { flowHistory } from "../src/gauge/index.ts";
import * as g from "../src/index.ts";
import { detectFormat } from "../src/io/index.ts";

const L = g.lattice([2, 2, 2, 2], { threads: 1 });
const U = g.hot(L, g.SU(2), { seed: 1 });
const S = g.gaugeAction.wilson({ beta: 2 });
const M = g.staggered({ mass: 0.5 });
const { phi } = g.pseudofermions(M, { lattice: L, group: g.SU(2), flavours: 4 });
const scaled = g.record((V, q) => g.scale(q.a.b, g.plaquetteSum(V)), U, { a: { b: 1 }, list: [2] });
const self = (v: g.Vector): g.Vector => v;

/** Each called with an options object that has one key too many. */
const doors: Readonly<Record<string, (typo: { readonly mispelt: number }) => unknown>> = {
  lattice: (x) => g.lattice([2, 2], { threads: 1, ...x }),
  readGauge: (x) => g.readGauge("absent.ildg", { group: "su3", ...x }),
  writeGauge: (x) => g.writeGauge("absent.ildg", U, "npy", { precision: 64, ...x }),
  hot: (x) => g.hot(L, g.SU(2), { seed: 1, ...x }),
  hmc: (x) => g.hmc({ action: S, integrator: "omelyan", steps: 2, length: 1, seed: 1, ...x }),
  check: (x) => g.check(S, U, { seed: 1, ...x }),
  wilson: (x) => g.wilson({ kappa: 0.1, ...x }),
  staggered: (x) => g.staggered({ mass: 1, ...x }),
  domainWall: (x) => g.domainWall({ mass: 1, Ls: 4, ...x }),
  effectiveDomainWall: (x) => g.effectiveDomainWall({ mass: 0.1, Ls: 4, ...x }),
  pseudofermions: (x) => g.pseudofermions(M, { lattice: L, group: g.SU(2), flavours: 4, ...x }),
  rootPseudofermions: (x) => g.rootPseudofermions(M, { lattice: L, group: g.SU(2), flavours: 4, roots: 2, ...x }),
  chiralCondensate: (x) => g.chiralCondensate(U, { mass: 0.5, ...x }),
  pionCorrelator: (x) => g.pionCorrelator(U, { mass: 0.5, ...x }),
  pointPropagator: (x) => g.pointPropagator(U, 0, { mass: 0.5, ...x }),
  pseudofermionAction: (x) => g.pseudofermionAction(U, { mass: 0.5, ...x }),
  conjugateGradient: (x) => g.conjugateGradient(self, phi as g.Field<g.VectorType>, { inputs: {}, ...x }),
  multiShiftConjugateGradient: (x) => g.multiShiftConjugateGradient(self, phi as g.Field<g.VectorType>, { inputs: {}, shifts: [0], ...x }),
  gradientFlow: (x) => g.gradientFlow({ action: "wilson", step: 0.01, ...x }),
  flowScales: (x) => g.flowScales(U, { step: 0.01, ...x }),
  flowHistory: (x) => flowHistory(U, { step: 0.01, time: 0.1, ...x }),
  integrate: (x) => g.integrate(S, U, S.force(U), { integrator: "omelyan", steps: 1, length: 0.1, ...x }),
  randomParameters: (x) => g.randomParameters({ w: 1 }, { seed: 1, ...x }),
  domainWallType: (x) => g.domainWallType(L, 2, { Ls: 4, ...x }),
  convolution: (x) => g.convolution({ dim: 4, ...x }),
  heatbath: (x) => g.heatbath({ beta: 2, seed: 1, ...x }),
  lowestEigenvalues: (x) => g.lowestEigenvalues(U, { count: 1, ...x }),
  largestEigenvalue: (x) => g.largestEigenvalue(U, { twist: [0, 0, 0, 0], ...x }),
  detectFormat: (x) => detectFormat("absent.ildg", { N: 3, ...x }),
  caskNetwork: (x) => g.caskNetwork({ blocks: 1, ...x }),
  "action.with": (x) => S.with({ beta: 1, ...x }),
  Plan: (x) => new g.Plan(((V: g.Links) => V) as never, [U], { maxFields: 9, ...x }),
  "plan.run": (x) => scaled.run(U, { a: { b: 1 }, list: [2], ...x }),
  "plan.run, deeper": (x) => scaled.run(U, { a: { b: 1, ...x }, list: [2] }),
  "plan.fresh": (x) => scaled.fresh(U, { a: { b: 1, ...x }, list: [2] }),
};

describe("an option that there is not", () => {
  test.each(Object.entries(doors))("%s names it, and those that there are", (_name, call) => {
    expect(() => call({ mispelt: 1 })).toThrow(/got .*\bmispelt\b.*expected .*\w/);
  });

  test("near ones are proposed", () => {
    expect(() => g.lattice([4, 4], { thread: 1 } as never)).toThrow(/thread\b.*threads.*did you mean threads\?/);
  });

  test("a longer list than the recorded one", () => {
    expect(() => scaled.run(U, { a: { b: 1 }, list: [2, 3] })).toThrow(/key 1, expected no other keys than 0/);
  });

  test("readers pass on what is for lattices", () => {
    expect(() => g.readGauge("absent.ildg", { threads: 1, group: "su3", lattice: [4, 4, 4, 4] })).toThrow(/absent\.ildg: cannot be opened/);
  });
});
