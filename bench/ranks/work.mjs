/**
 * The works of rows R on two ranks: rank 0 alone on the whole lattice while the other one waits, and both on their halves, in turns. What is verified comes first.
 * Argument: name of a row. Prints one JSON object on rank 0: seconds of each way, the best of the rounds.
 */
import { SU, cask, closedFormLinks, closedFormSource, dot, gaugeAction, hmc, lattice, nearUnit, pseudofermions, record, solve, staggered, staggeredNormal, stout, sum, targetOf } from "gaugegrad";
import { connect } from "../../dist/backend/index.js";

/** Most rounds, and seconds after which none begins. */
const [ROUNDS, SECONDS] = [12, 5];
const comm = connect();
const [row, backend] = process.argv.slice(2);

const divided = (extents) => lattice(extents, { backend, threads: 1, comm, grid: [1, 1, 1, comm.size] });
const whole = (extents) => lattice(extents, { backend, threads: 1 });
const seconds = (f) => {
  const begin = performance.now();
  f();
  return (performance.now() - begin) / 1000;
};
/** Agreement of both ways in one number. */
const verify = (one, two, tolerance) => {
  if (!(Math.abs(one - two) <= tolerance * Math.abs(one))) throw new Error(`${row}: got ${two} on ${comm.size} ranks, expected ${one}: nothing is timed`);
};

/** Best seconds of rank 0 alone and of all ranks together, and what the latter spent in exchanges. `make` gives a function of a lattice. */
function turns(extents, make, tolerance = 0) {
  const halves = divided(extents);
  const together = make(halves);
  const alone = comm.rank === 0 ? make(whole(extents)) : undefined;
  const value = together();
  if (alone) verify(alone(), value, tolerance);
  let [one, all, exchange] = [Infinity, Infinity, 0];
  const begin = performance.now();
  for (let k = 0; k < ROUNDS && agreed(performance.now() - begin < 1000 * SECONDS); k++) {
    if (alone) one = Math.min(one, seconds(alone));
    comm.barrier();
    const before = halves.engine.exchangeTime;
    const took = seconds(together);
    if (took < all) [all, exchange] = [took, (halves.engine.exchangeTime - before) / 1000];
  }
  return { one, all, exchange };
}

/** What rank 0 says; the ranks begin together. */
function agreed(yes) {
  const said = Uint8Array.of(yes ? 1 : 0);
  comm.broadcast(said, 0);
  comm.barrier();
  return said[0] === 1;
}

/** So many calls that a turn takes some 0.1 s. */
const often = (n, f) => () => {
  let x = 0;
  for (let k = 0; k < n; k++) x = f();
  return x;
};

const force = (L) => {
  const U = closedFormLinks(L, 3, 0.7);
  const S = gaugeAction.wilson({ beta: 6 });
  const F = S.force(U);
  // links that have moved need fresh halos
  return often(3, () => S.valueAndForce(U.copyFrom(U), F));
};

/** A solve in a program that is compiled once, so that a run of it is iterations: as many on any number of ranks, whose sums have the same bits. */
const solution = (L) => {
  const U = closedFormLinks(L, 3, 0.7);
  const b = closedFormSource(L, 3);
  const plan = record((V, v, m) => sum(dot(v, solve((x) => staggeredNormal(V, x, m), v, { tolerance: 1e-3 }))), U, b, 0.1);
  return () => plan.run(U, b, 0.1);
};

const trajectory = (network) => (L) => {
  const U = nearUnit(L, SU(3), { seed: 3, width: 0.3 });
  const gauge = gaugeAction.wilson({ beta: 5.7 });
  const quarks = pseudofermions(staggered({ mass: 0.3 }), { lattice: L, group: SU(3), flavours: 4 });
  const guide = gauge.plus(quarks.action.with({ mass: 0.4, phi: quarks.phi }).after(network));
  const sampler = hmc({ action: targetOf(gauge.plus(quarks.action), quarks), guide, length: 0.1, steps: 1, integrator: "leapfrogQPQ", seed: 1 });
  return () => sampler.step(U).dH;
};

/** Seconds of a message one way, all at once in both directions. */
function message(bytes, times) {
  const count = bytes / 8;
  const other = comm.rank ^ 1;
  const messages = [{ to: other, from: other, send: new Float64Array(count).fill(comm.rank), receive: new Float64Array(count), count }];
  comm.exchange(messages);
  if (messages[0].receive.some((x) => x !== other)) throw new Error(`${row}: a message did not arrive: nothing is timed`);
  let best = Infinity;
  for (let k = 0; k < ROUNDS; k++) {
    comm.barrier();
    best = Math.min(best, seconds(() => {
      for (let t = 0; t < times; t++) comm.exchange(messages);
    }) / times);
  }
  return best;
}

const works = {
  force: () => turns([16, 16, 16, 16], force),
  cg: () => turns([16, 16, 16, 16], solution),
  stout: () => turns([8, 8, 8, 8], trajectory(stout({ rho: 0.1 }))),
  cask: () => turns([8, 8, 8, 8], trajectory(cask({ variant: "symmetric", length: 3 }))),
  messages: () => ({ small: message(8, 2000), large: message(1 << 20, 100) }),
};

const result = works[row]();
if (comm.rank === 0) process.stdout.write(`${JSON.stringify({ library: comm.name, ...result })}\n`);
await comm.leave(0, 60);
comm.close();
