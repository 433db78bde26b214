import { expect, test } from "vitest";
import { type Layer, type Plain, SU, ape, caskNetwork, chain, convolution, covariantNetwork, flowLayer, hex, hyp, lattice, nhyp, parameterSpace, stout } from "gaugegrad";
import { buildNetwork as build, builtIn, networkBuilders } from "gaugegrad/runs";
import { distance, linksOn } from "../models/layers/fields.ts";

const place = { lattice: lattice([4, 3]), group: SU(2) };
const networks = networkBuilders(place, builtIn);
const buildNetwork = (declaration: Plain): Layer<number, unknown> => build(declaration, place, builtIn);

const direct: Readonly<Record<string, [Plain, { readonly parameters: unknown; apply: Layer["apply"] }]>> = {
  stout: [{ rho: { plaquette: 0.1, t: 0.05 }, loops: { t: { loop: "polyakov", links: "temporal" } } }, stout({ rho: { plaquette: 0.1, t: 0.05 }, loops: { t: { loop: "polyakov", links: "temporal" } } })],
  ape: [{ alpha: 0.3, spatial: true }, ape({ alpha: 0.3, spatial: true })],
  hyp: [{}, hyp()],
  nhyp: [{ alpha1: 0.7, alpha2: 0.5, alpha3: 0.2 }, nhyp({ alpha1: 0.7, alpha2: 0.5, alpha3: 0.2 })],
  hex: [{}, hex()],
  flow: [{ time: 0.1, steps: 2, rho: [0.9, 0.2] }, flowLayer({ time: 0.1, steps: 2, rho: [0.9, 0.2] })],
  cask: [{ blocks: 2, length: 2, rho: 0.1, rhoQ: 0.1, rhoK: 0.2, rhoV: 0.1, activation: "tanh" }, caskNetwork({ blocks: 2, length: 2, rho: 0.1, rhoQ: 0.1, rhoK: 0.2, rhoV: 0.1, activation: "tanh" })],
  covariant: [{ layers: [[0.1, 0.2, 0.3]] }, covariantNetwork({ layers: [[0.1, 0.2, 0.3]] })],
  convolution: [{ dim: 2, channels: [1], seed: 3 }, convolution({ dim: 2, channels: [1], seed: 3 })],
  chain: [[{ network: "stout", rho: 0.1 }, { network: "covariant", layers: 1 }], chain(stout({ rho: 0.1 }), covariantNetwork({ layers: 1 }))],
};

test("every registered network is the one that its function makes", () => {
  expect(Object.keys(networks).sort()).toEqual(Object.keys(direct).sort());
  const U = linksOn([4, 3], 2);
  for (const [name, [declaration, layer]] of Object.entries(direct)) {
    const built = networks[name]!(declaration) as unknown as typeof layer;
    expect(built.parameters, name).toEqual(layer.parameters);
    expect(distance(built.apply(U), layer.apply(U)), name).toBe(0);
    // a declaration is plain data: it survives a file
    const again = buildNetwork(name === "chain" ? { network: name, layers: declaration } : { network: name, ...(JSON.parse(JSON.stringify(declaration)) as object) });
    expect(parameterSpace(again.parameters).names).toEqual(parameterSpace(layer.parameters).names);
  }
});

test("what does not fit is refused with the alternatives", () => {
  expect(() => buildNetwork({ network: "transformer" })).toThrow(/got the name "transformer", expected one of ape, cask/);
  expect(() => buildNetwork({ network: "toString" })).toThrow(/got the name "toString"/);
  expect(() => buildNetwork({ network: "cask", lenght: 3 })).toThrow(/got the option "lenght", expected blocks, rho, rhoQ/);
  expect(() => buildNetwork({ network: "cask", activation: "gelu" })).toThrow(/got activation = "gelu", expected one of tan, tanh, relu, softmax/);
  expect(() => buildNetwork({ network: "stout", rho: "0.1" })).toThrow(/got rho = "0.1", expected a number/);
  expect(() => buildNetwork({ network: "hyp", alpha1: 0.1 })).toThrow(/got 1 of the weights, expected alpha1, alpha2 and alpha3, or none/);
  expect(() => networks["chain"]!({})).toThrow(/network chain: got layers = nothing, expected a list/);
});
