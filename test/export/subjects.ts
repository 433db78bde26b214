/** What the tests export: modules of users. */

/** A stout-smeared Wilson action of SU(3). */
export const STOUTED = `
import { gaugeAction, stout } from "gaugegrad";
export const stouted = gaugeAction.wilson({ beta: 6.1 }).after(stout({ rho: 0.12 }));
`;

/** A layer of a user's own, with a gate that is an invariant function of the site, a mean over the lattice, constants and a selection by parity, and weights on the neighbours along t. */
export const OWN_LAYER = `
import { add, adj, channel, channels, constantReal, exp, layer, mask, mean, mul, plaquette, reTrace, real, scale, scaleBy, siteConv, staples, ta, tanh, tensor } from "gaugegrad";
export const gated = layer({
  name: "gated */ stout",
  params: { rho: real(0.11), gate: { w: real(0.7), b: real(-0.2) }, net: tensor([1, 2, 1, 1, 1, 3], { seed: 3 }) },
  forward: (U, { rho, gate, net }) => {
    const p = scaleBy(1 / U.N, reTrace(plaquette(U, 0, 1)));
    const { lattice } = U;
    const even = constantReal(p.tape, "even", (n) => (lattice.parity(n) === 0 ? 1 : 0.5));
    const seen = tanh(channel(siteConv(channels(p, tanh(p)), net), 0));
    const open = add(tanh(add(scale(gate.w, p), scale(gate.b, even))), scale(mean(p), even), seen);
    const some = (mu, m) => (mu === 1 ? mask(m, "even", (x) => x.reduce((s, c) => s + c, 0) % 2 === 0) : m);
    return U.map((mu) => mul(exp(ta(scale(rho, scale(open, some(mu, mul(staples(U, mu), adj(U[mu]!))))))), U[mu]!));
  },
});
`;

/** Wilson action and staggered pseudofermions. */
export const FERMIONS = `
import { SU, gaugeAction, lattice, pseudofermions, staggered } from "gaugegrad";
const fermions = pseudofermions(staggered({ mass: 0.4 }), { lattice: lattice([4, 4, 4, 4]), group: SU(2), flavours: 4 });
export const dynamical = gaugeAction.wilson({ beta: 2.2 }).plus(fermions.action);
`;

/** A run that trains a CASK network. */
export const CASK_RUN = `group = "SU(2)"
[lattice]
extents = [4, 4]
[start]
kind = "hot"
[action]
beta = 2.0
[fermions]
flavours = 4
mass = 0.4
[network]
kind = "cask"
randomWidth = 0.05
[guide]
masses = [0.5]
trainable = ["network", "gauge.beta"]
[sampler]
steps = 4
seed = 11
thermalisation = 1
trajectories = 1
[training]
trajectories = 4
batch = 2
replay = 2
rate = 2e-2
`;
