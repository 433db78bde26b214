/** D3: an iteration of the multi-shift solve that applies the sign function, divided by its poles, against a conjugate-gradient iteration of Wilson fermions. */
import { type LinkField, type Vector, conjugateGradient, lattice, multiShiftConjugateGradient, nearUnit, signFunction, SU, wilsonNormal, wilsonType } from "gaugegrad";
import { Field, spinMul } from "gaugegrad/autograd";
import { gamma5, overlapKernelD } from "gaugegrad/fermions";
import { type Row, bounded, main, measure, started } from "./harness.ts";
import { backends } from "./works.ts";

/** Iterations of the two solves whose difference is timed. */
const [SHORT, LONG] = [10, 40];
const HEIGHT = 1.6;

/** Numbers without structure. */
const source = (U: LinkField): Field<never> => {
  const b = new Field(U.lattice, wilsonType(U.lattice, U.N) as never);
  return b.set(Float64Array.from({ length: b.length }, (_, k) => Math.sin(1 + 2.3 * k))) as never;
};

/** eps(eps v) = v: what is timed is the sign function. */
function verify(options: object): void {
  const U = nearUnit(lattice([4, 4, 4, 4], options), SU(2), { seed: 1, width: 0.3 }) as LinkField;
  const eps = signFunction(U, { height: HEIGHT, deflate: 4, precision: 1e-10 });
  const v = (source(U) as Field).toArray();
  const w = eps.apply(eps.apply(v).slice());
  const error = Math.sqrt(v.reduce((s, x, k) => s + (x - w[k]!) ** 2, 0) / v.reduce((s, x) => s + x * x, 0));
  if (!(error < 1e-8)) throw new Error(`D3: sign(H)^2 differs from 1 by ${error}, expected at most 1e-8: nothing is timed`);
}

export function rows(): Row[] {
  return backends().filter((b) => b.name !== "js").flatMap((b): Row[] => {
    verify(b.options);
    const U = nearUnit(lattice([8, 8, 8, 8], b.options), SU(3), { seed: 1, width: 0.3 }) as LinkField;
    const x = source(U) as never;
    const { shifts } = signFunction(nearUnit(lattice([4, 4, 4, 4], b.options), SU(3), { seed: 1, width: 0.3 }) as LinkField, { height: HEIGHT, deflate: 2, precision: 1e-10 }).approximation;
    const H = (V: never, y: Vector): Vector => spinMul(overlapKernelD(V, y, HEIGHT), gamma5(U.lattice)) as Vector;
    const squared = (y: Vector, { V }: { V: never }): Vector => H(V, H(V, y));
    const wilson = (y: Vector, { V, kappa }: { V: never; kappa: never }): Vector => wilsonNormal(V, y, kappa);
    const limits = (maxIterations: number) => ({ tolerance: 1e-300, maxIterations });
    const sign = (n: number) => ({ name: b.name, run: () => void multiShiftConjugateGradient(squared as never, x, { inputs: { V: U }, shifts, ...limits(n) } as never) });
    const plain = (n: number) => ({ name: b.name, run: () => void conjugateGradient(wilson as never, x, { inputs: { V: U, kappa: 0.12 }, ...limits(n) } as never) });
    const [shortSign, longSign, shortPlain, longPlain] = measure([sign(SHORT), sign(LONG), plain(SHORT), plain(LONG)], 5) as [number, number, number, number];
    const [each, one] = [(longSign - shortSign) / (LONG - SHORT), (longPlain - shortPlain) / (LONG - SHORT)];
    const row = { target: "D3", lattice: U.lattice.toString(), variant: b.name } as const;
    return [
      { ...row, work: "Wilson CG iteration, SU(3)", nsPerSite: (1e9 * one) / U.lattice.volume },
      { ...row, work: `sign function, iteration with ${shifts.length} poles`, nsPerSite: (1e9 * each) / U.lattice.volume, against: "Wilson CG", ratio: each / one },
      { ...row, work: "the same per pole", nsPerSite: (1e9 * each) / shifts.length / U.lattice.volume, against: "Wilson CG", ...bounded(each / shifts.length / one, "<=", 1.15) },
    ];
  });
}

if (started(import.meta.url)) await main(rows);
