/** Lesson 2: an action is a forward map; the tape gives its force in su(N). Compared with a difference along the group. */
import { action, closedFormLinks, directionField, exp, lattice, mul, number, pairing, plaquetteSum, record, scale, sub } from "gaugegrad";

const L = lattice([4, 4, 4, 4]);
const U = closedFormLinks(L, 2, 0.8);
const X = directionField(L, 2); // an element of su(2) on every link: the direction to move in

const wilson = action({
  name: "my Wilson action",
  inputs: { beta: 1 },
  evaluate: (V, { beta }) => {
    const p = plaquetteSum(V); // sum over sites and planes of Re tr P / N
    return scale(beta, sub(number(p.tape, 6 * L.volume), p));
  },
});

const F = wilson.force(U);
const slope = record((a, b) => pairing(a, b), F, X).run(F, X); // (F, X), the derivative of S along X

const move = record((V, Y, s) => V.map((mu) => mul(exp(scale(s, Y[mu]!)), V[mu]!)), U, X, 0);
const S = (s: number): number => wilson.value(move.fresh(U, X, s)); // S(exp(s X) U)
const h = 1e-3;
const difference = (8 * (S(h) - S(-h)) - (S(2 * h) - S(-2 * h))) / (12 * h);

console.log(`S          ${wilson.value(U).toFixed(9)}`);
console.log(`(F, X)     ${slope.toFixed(9)}`);
console.log(`difference ${difference.toFixed(9)}`);

if (Math.abs(slope - 530.308827832824) > 1e-9) throw new Error("the force differs from the reference program");
