/**
 * Short programs with the mistakes that a first user makes: each is answered by one line of an error of this package that names what was wrong, none by an error of the
 * engine, a silent default or a number.
 */
import { describe, expect, test } from "vitest";
import {
  EffectiveAction, GaugegradError, Tensor, acceptanceOfSd, adam, adamW, cask, caskNetwork, chain, convolution, covariantNetwork, effectiveAction, gaugeAction, heatbath, hmc, hot, lattice, layer,
  loopAction, losses, maskedStout, parameterSpace, pseudofermions, real, record, runChain, scale, stout, SU, takeSample, tensor, tensorSum, trainOffline, trainOnline, wilson,
} from "gaugegrad";
import * as errors from "../src/errors.ts";
import { actionFlow, chain as chainOfBijections } from "gaugegrad/flows";

const L = lattice([4, 4], { threads: 1 });
const [U, other] = [hot(L, SU(2), { seed: 1 }), hot(lattice([2, 2, 2, 2], { threads: 1 }), SU(2), { seed: 1 })];
const S = gaugeAction.wilson({ beta: 2 });
const network = covariantNetwork({ layers: 2 });
const conv = convolution({ dim: 2 });
const map = maskedStout({ rho: 0.05 });
const weights = layer({ name: "weights", params: { w: tensor([2, 3]) }, forward: (V, { w }) => V.map((mu) => scale(tensorSum(w), V[mu]!)) });
const theta = new EffectiveAction(loopAction({ beta: 2, loops: [{ name: "plaquette", weight: 1 }] }), ["beta"]);
const moves = { action: S, integrator: "omelyan", steps: 2, length: 0.5, seed: 1 } as const;
const online = { action: theta, loss: losses.squared(), optimiser: adam({ rate: 0.01 }), sampler: hmc(moves), target: S, U: U.clone(), trajectories: 1 };
const offline = { action: theta, loss: losses.squared(), optimiser: adam({ rate: 0.01 }), samples: [takeSample(U, S, [])], epochs: 1 };

type Loose = (...args: unknown[]) => unknown;
const loosely = (f: unknown): Loose => f as Loose;
/** Recorded with other parameters than those that are declared. */
const traced = (m: { forward: unknown }, p: unknown) => () => record(((V: unknown, q: unknown) => loosely(m.forward)(V, q)) as never, U, p as never);

const programs: readonly (readonly [string, () => unknown, RegExp])[] = [
  // options
  ["channels as a number", () => loosely(convolution)({ dim: 2, channels: 2 }), /got channels = 2, expected the number of channels after each block, an array: \[2\] is one block/],
  ["a convolution without a dimension", () => loosely(convolution)({ channels: [2] }), /got dim = undefined, expected an integer from 1 to 4/],
  ["a gate that there is not", () => loosely(convolution)({ dim: 2, gate: "gelu" }), /got gate = "gelu", expected "relu"/],
  ["polyakov as a number", () => loosely(convolution)({ dim: 2, polyakov: 3 }), /got polyakov = 3, expected true or false/],
  ["layers as numbers", () => loosely(covariantNetwork)({ layers: [1, 2] }), /expected a positive integer or an array of at least 1 of the weights of each layer/],
  ["layers as a string", () => loosely(covariantNetwork)({ layers: "2" }), /got layers = "2"/],
  ["an activation that there is not", () => loosely(cask)({ activation: "gelu" }), /got activation = "gelu", expected "tan"/],
  ["a variant that there is not", () => loosely(cask)({ variant: "coded" }), /got variant = "coded"/],
  ["an option of another name", () => loosely(caskNetwork)({ block: 2, activaton: "tan" }), /expected an object with no other keys than rho, /],
  ["lr for rate", () => loosely(adam)({ lr: 0.1 }), /got an object with lr as options/],
  ["betta1", () => loosely(adamW)({ betta1: 0.5 }), /did you mean beta1\?/],
  ["a rate as a string", () => loosely(adam)({ rate: "0.1" }), /got rate = "0.1", expected a positive number or a schedule/],
  ["a negative standard deviation", () => acceptanceOfSd(-1), /got sd = -1, expected a number of at least 0/],
  ["trainabel", () => loosely(effectiveAction)({ gauge: S, fermions: S, network, trainabel: ["gauge"] }), /did you mean trainable\?/],
  ["pseudofermions with tol", () => loosely(pseudofermions)(wilson({ kappa: 0.1 }), { lattice: L, group: SU(2), flavours: 2, tol: 1e-8 }), /got an object with lattice, group, flavours, tol as options/],
  ["a negative tolerance", () => pseudofermions(wilson({ kappa: 0.1 }), { lattice: L, group: SU(2), flavours: 2, tolerance: -1 }), /got tolerance = -1, expected a number between 0 and 1/],
  // parameters of another structure
  ["weights of another number of channels", () => conv.with(convolution({ dim: 2, channels: [2] }).parameters), /lattice convolution.with: got an array of length 2 as blocks.0.convolution, expected an array of length 4: change the numbers in a copy/],
  ["traced weights of another layer", traced(conv, { rho: 0.1 }), /lattice convolution: got the unknown key "rho", expected blocks, head: leave it out/],
  ["traced weights of other channels", traced(conv, convolution({ dim: 2, channels: [2] }).parameters), /as blocks.0.convolution, expected an array of length 4/],
  ["a weight of another name", traced(stout({ rho: 0.1 }), { roh: 0.1 }), /layer stout: got the unknown key "roh", expected rho: did you mean rho\?/],
  ["a weight too many", traced(stout({ rho: 0.1 }), { rho: 0.1, sigma: 0.1 }), /unknown key "sigma"/],
  ["a number for the weights", traced(stout({ rho: 0.1 }), 0.1), /layer stout: got a Traced .* expected an object with rho/],
  ["a layer too many", traced(network, [...network.parameters, network.parameters[0]]), /got an array of length 3, expected an array of length 2/],
  ["a layer too few of a chain", traced(chain(stout({ rho: 0.1 }), stout({ rho: 0.1 })), [{ rho: 0.1 }]), /got an array of length 1, expected an array of length 2/],
  ["weights of a layer for those of a bijection", traced(map, { rho: 0.1 }), /bijection masked stout: got the unknown key "rho", expected sweeps/],
  ["a sweep too many", traced(map, { sweeps: [{ plaquette: 0.1 }, { plaquette: 0.1 }] }), /got an array of length 2 as sweeps, expected an array of length 1/],
  ["weights of one bijection for those of two", traced(chainOfBijections(map, map), map.parameters), /expected an array of length 2/],
  ["coefficients of other operators", traced(actionFlow({ coefficients: { plaquette: [0.1] } }), { coefficients: { bent: [0.1] } }), /unknown key "bent" in coefficients, expected plaquette/],
  ["an input of another name", traced({ forward: S.evaluate }, { Beta: 2 }), /Wilson.evaluate: got the unknown key "Beta", expected beta: did you mean beta\?/],
  ["weights of another shape", () => weights.with({ w: new Tensor([3, 2]) }), /got a Tensor \(tensor of 3 x 2\) as w, expected a tensor of 2 x 3/],
  ["traced weights of another shape", traced(weights, { w: new Tensor([6]) }), /layer weights: got a Traced .* as w, expected a traced tensor of 2 x 3/],
  ["an array for weights", () => loosely(weights.with.bind(weights))({ w: [[1, 2, 3], [4, 5, 6]] }), /got an array of length 2 as w, expected a tensor of 2 x 3/],
  ["a weight that is not a number", () => stout({ rho: 0.1 }).with({ rho: Number.NaN }), /got the number NaN as rho, expected a finite number: look at where it was computed/],
  ["a coupling that is not a number", () => S.with({ beta: Number.NaN }), /Wilson.with: got the number NaN as beta/],
  ["parameters that are nothing", () => loosely(theta.with.bind(theta))(), /got parameters = undefined, expected an array of number/],
  ["numbers that are strings", () => loosely(parameterSpace({ a: 1 }).unflatten)(["1"]), /expected an array of number/],
  ["numbers in other places", () => loosely(parameterSpace({ a: 1 }).flatten)({ b: 1 }), /parameters: got nothing as a, expected a number|unknown key "b"/],
  // another lattice
  ["weights of two dimensions in four", () => conv.apply(other), /got links in 4 dimensions, expected 2/],
  ["links of another lattice", () => S.force(U, S.force(other)), /runInto: got/],
  // samplers
  ["stepSize for steps", () => loosely(hmc)({ ...moves, stepSize: 0.1 }), /hmc: got an object with .* as options, expected an object with no other keys/],
  ["negative steps", () => hmc({ ...moves, steps: -1 }), /got steps = -1, expected a positive integer/],
  ["a guide that is a layer", () => loosely(hmc)({ ...moves, guide: stout({ rho: 0.1 }) }), /got a Layer as the action of a force, expected an action or a guide/],
  ["a level without an action", () => loosely(hmc)({ action: S, levels: [{ integrator: "omelyan", steps: 2 }], length: 1, seed: 1 }), /got undefined as the action of a force/],
  ["levels and steps", () => loosely(hmc)({ ...moves, levels: [{ action: S, integrator: "omelyan", steps: 2 }] }), /got integrator together with levels/],
  ["a guide beside levels", () => loosely(hmc)({ action: S, levels: [{ action: S, integrator: "omelyan", steps: 2 }], guide: S, length: 1, seed: 1 }), /got guide together with levels, expected one of them: give the guide as the action of a level/],
  ["acceptAlways as a string", () => loosely(hmc)({ ...moves, acceptAlways: "all" }), /got acceptAlways = "all", expected a non-negative integer/],
  ["a trajectory number that is none", () => Object.assign(hmc(moves), { trajectory: -1 }).step(U.clone()), /got trajectory = -1, expected an integer from 0 to 2\^32 - 1/],
  ["a sweep number that is none", () => Object.assign(heatbath({ beta: 2, seed: 1 }), { trajectory: Number.NaN }).step(U.clone()), /got trajectory = NaN/],
  ["observables for measure", () => loosely(runChain)({ sampler: hmc(moves), U: U.clone(), trajectories: 1, observables: {} }), /no other keys than sampler, U, trajectories, thermalisation, measure, every/],
  // training
  ["trainable as a string", () => loosely((a: never, t: never) => new EffectiveAction(a, t))(S, "beta"), /got trainable = "beta", expected an array of string/],
  ["the name of a loss", () => [...trainOnline({ ...online, loss: "squared" as never })], /got loss = "squared", expected a loss, losses.squared\(\)/],
  ["a loss that was not called", () => [...trainOnline({ ...online, loss: losses.squared as never })], /expected a loss, losses.squared\(\)/],
  ["an optimiser that was not called", () => [...trainOnline({ ...online, optimiser: adam as never })], /got a function as optimiser, expected an optimiser, adam/],
  ["an action without theta", () => [...trainOnline({ ...online, action: S as never })], /got a GaugeAction as action, expected an effective action/],
  ["a sampler that is none", () => [...trainOnline({ ...online, sampler: S as never })], /got a GaugeAction as sampler, expected a sampler/],
  ["epochs of an online training", () => [...trainOnline({ ...online, epochs: 3 } as never)], /no other keys than action, loss, optimiser/],
  ["a mean that runs away", () => [...trainOnline({ ...online, offsetRate: -2 })], /got offsetRate = -2, expected a number in \[0, 1\]/],
  ["links for samples", () => [...trainOffline({ ...offline, samples: [U] as never })], /got an array of length 1 as samples, expected an array of sample \(takeSample\)/],
  ["batchSize for batch", () => [...trainOffline({ ...offline, batchSize: 2 } as never)], /no other keys than action, loss, optimiser/],
  ["a state that is none", () => [...trainOffline({ ...offline, state: { version: 1 } as never })], /got an object with version as state, expected the state of a training/],
];

describe("programs of strangers", () => {
  test.each(programs)("%s", (_name, program, message) => {
    const error: unknown = (() => {
      try {
        return program();
      } catch (e) {
        return e;
      }
    })();
    expect(error).toBeInstanceOf(GaugegradError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain("\n");
  });

  test("errors are called as their classes are, whatever a minifier makes of those", () => {
    for (const [name, kind] of Object.entries(errors)) if (typeof kind === "function" && kind !== GaugegradError) expect(new (kind as new (m: string, own?: number) => Error)("m", 1).name).toBe(name);
  });

  test("and the same programs without the mistake", () => {
    expect(() => {
      traced(network, network.parameters)();
      traced(map, map.parameters)();
      traced(weights, { w: new Tensor([2, 3]) })();
      for (const step of [...trainOnline(online), ...trainOffline(offline)]) step.state();
      stout({ rho: 0.1 }).with({ rho: 0.2 });
      layer({ name: "mine", params: { rho: real(0.1) }, forward: (V, { rho }) => V.map((mu) => scale(rho, V[mu]!)) });
    }).not.toThrow();
  });
});
