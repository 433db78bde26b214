/**
 * P11: seconds to record, differentiate and compile against the size of the program, on a new lattice each time: the parameter gradient of stout steps gated by a
 * network 4 -> h -> h -> 1 with one scalar a weight (h (h + 5) of them), and value, force and parameter gradient of stacked stout layers. The
 * exponent of the growth is n in seconds ~ size^n, from the size before.
 */
import { type Links, type Real, type Scalar, SU, add, adj, chain, exp, gaugeAction, hot, lattice, layer, mul, plaquette, reTrace, real, scale, scaleBy, staples, stout, ta, tanh } from "gaugegrad";
import { type Row, bounded, main, started } from "./harness.ts";

const total = (terms: readonly Real[]): Real => add(terms[0]!, ...terms.slice(1));

interface Weights<S> {
  readonly first: readonly (readonly S[])[];
  readonly second: readonly (readonly S[])[];
  readonly last: readonly S[];
}

/** In direction mu of four the first layer sees the mean plaquette of the planes that hold mu. */
export function gated(h: number) {
  const matrix = (rows: number, columns: number) => Array.from({ length: rows }, (_r, i) => Array.from({ length: columns }, (_c, j) => real(0.1 * Math.sin(1 + 7 * i + 3 * j))));
  const forward = (U: Links, w: Weights<Scalar>): Links => {
    const axes = Array.from({ length: U.dim }, (_, mu) => mu);
    const around = axes.map((mu) => total(axes.filter((nu) => nu !== mu).map((nu) => scaleBy(1 / U.N, reTrace(plaquette(U, Math.min(mu, nu), Math.max(mu, nu)))))));
    const dense = (rows: readonly (readonly Scalar[])[], x: readonly Real[]): Real[] => rows.map((row) => tanh(total(row.map((c, j) => scale(c, x[j]!)))));
    const gate = total(dense(w.second, dense(w.first, around)).map((x, j) => scale(w.last[j]!, x)));
    return U.map((mu) => mul(exp(ta(scale(gate, mul(staples(U, mu), adj(U[mu]!))))), U[mu]!));
  };
  return layer({ name: "gated", params: { first: matrix(h, 4), second: matrix(h, h), last: matrix(1, h)[0]! }, forward: forward as never });
}

/** Seconds of everything that happens once: the second call replays. */
function seconds(work: () => void): number {
  const time = (): number => {
    const begin = performance.now();
    work();
    return (performance.now() - begin) / 1000;
  };
  const first = time();
  return first - time();
}

function weights(h: number): number {
  const U = hot(lattice([4, 4, 4, 4]), SU(2), { seed: 1 });
  const S = gaugeAction.wilson({ beta: 2 }).after(gated(h) as never);
  return seconds(() => void S.parameterGradient(U as never));
}

function layers(n: number): number {
  const U = hot(lattice([4, 4, 4, 4]), SU(3), { seed: 1 });
  const S = gaugeAction.wilson({ beta: 6 }).after(chain(...Array.from({ length: n }, () => stout({ rho: 0.05 }))) as never);
  return seconds(() => {
    S.value(U as never);
    S.force(U as never);
    S.parameterGradient(U as never);
  });
}

export function rows(): Row[] {
  const series = (work: string, sizes: readonly number[], measure: (size: number) => number, bound: readonly [number, number]): Row[] => {
    let before: readonly [size: number, seconds: number] | undefined;
    return sizes.flatMap((size): Row[] => {
      const s = measure(size);
      const row: Row = { target: "P11", work: `${work}, ${size}`, lattice: "4x4x4x4", variant: "wasm" };
      const growth = before && Math.log(s / before[1]) / Math.log(size / before[0]);
      before = [size, s];
      return [{ ...row, against: "seconds", ...(size === bound[0] ? bounded(s, "<=", bound[1]) : { ratio: s }) }, ...(growth === undefined ? [] : [{ ...row, against: "exponent of the growth", ratio: growth }])];
    });
  };
  return [...series("weights, compile", [104, 986, 4416], (size) => weights(Math.round((Math.sqrt(25 + 4 * size) - 5) / 2)), [4416, 5]), ...series("stout layers, compile", [3, 30, 100], layers, [30, 3])];
}

if (started(import.meta.url)) await main(rows);
