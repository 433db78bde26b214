/**
 * T1: a stout step whose coefficient in every direction is a network 4 -> 64 -> 64 -> 1 of the mean plaquettes around it, with weights as tensors (4416 of them): seconds to record,
 * differentiate and compile its parameter gradient, and the replay of that. The same network with one scalar a weight (P11's) gives the same gradient before anything is timed.
 */
import { type LatticeOptions, type LinkField, type Links, type Real, SU, Tensor, type TracedTensor, add, adj, channel, channels, exp, gaugeAction, hot, lattice, layer, mul, plaquette, reTrace, scale, scaleBy, siteLinear, staples, ta, tanh, tensor } from "gaugegrad";
import { type Row, bounded, expectEqual, main, measure, started } from "./harness.ts";
import { gated } from "./p11-growth.ts";
import { type Backend, backends } from "./works.ts";

const HIDDEN = 64;
const filled = (rows: number, columns: number): Tensor => new Tensor([rows, columns], Float64Array.from({ length: rows * columns }, (_, k) => 0.1 * Math.sin(1 + 7 * Math.floor(k / columns) + 3 * (k % columns))));

interface Weights<W> {
  readonly first: W;
  readonly second: W;
  readonly last: W;
}
const values: Weights<Tensor> = { first: filled(HIDDEN, 4), second: filled(HIDDEN, HIDDEN), last: new Tensor([1, HIDDEN], filled(1, HIDDEN).data) };

const network = layer({
  name: "gated by tensors",
  params: { first: tensor([HIDDEN, 4]), second: tensor([HIDDEN, HIDDEN]), last: tensor([1, HIDDEN]) },
  forward: ((U: Links, w: Weights<TracedTensor>): Links => {
    const axes = Array.from({ length: U.dim }, (_, mu) => mu);
    const total = (terms: readonly Real[]): Real => add(terms[0]!, ...terms.slice(1));
    const around = axes.map((mu) => total(axes.filter((nu) => nu !== mu).map((nu) => scaleBy(1 / U.N, reTrace(plaquette(U, Math.min(mu, nu), Math.max(mu, nu)))))));
    const x = tanh(siteLinear(tanh(siteLinear(channels(...around), w.first)), w.second));
    const gate = channel(siteLinear(x, w.last), 0);
    return U.map((mu) => mul(exp(ta(scale(gate, mul(staples(U, mu), adj(U[mu]!))))), U[mu]!));
  }) as never,
}).with(values as never);

/** The gradient by the weights as one array, in the order of first, second, last. */
function flat({ gradient }: { readonly gradient: unknown }): Float64Array {
  const { first, second, last } = (gradient as { readonly layer: Weights<unknown> }).layer;
  const numbers = (x: unknown): number[] => (x instanceof Tensor ? [...x.data] : Array.isArray(x) ? x.flatMap(numbers) : [x as number]);
  return Float64Array.from([first, second, last].flatMap(numbers));
}

/** The work: links, weights in the order of the gradient, and the gradient of the Wilson action behind the step. */
export function gatedStout(options: LatticeOptions) {
  const U = hot(lattice([4, 4, 4, 4], options), SU(2), { seed: 1 }) as LinkField;
  const S = gaugeAction.wilson({ beta: 2 });
  const behind = S.after(network as never);
  return {
    U,
    weights: Float64Array.from([values.first, values.second, values.last].flatMap((w) => [...w.data])),
    gradient: (): Float64Array => flat(behind.parameterGradient(U)),
    replay: (): void => void behind.parameterGradient(U),
    byScalars: (): Float64Array => flat(S.after(gated(HIDDEN) as never).parameterGradient(U)),
  };
}

function one(backend: Backend): Row[] {
  const work = gatedStout(backend.options);
  const begin = performance.now();
  const got = work.gradient();
  const seconds = (performance.now() - begin) / 1000;
  expectEqual(`T1, ${backend.name}`, [work.byScalars()], [got], 1e-10);
  const [replay] = measure([{ name: "replay", run: work.replay }], 7) as [number];
  const row = { target: "T1", lattice: "4x4x4x4", variant: backend.name };
  return [
    { ...row, work: "4416 weights, record and compile", against: "seconds", ...bounded(seconds - replay, "<=", 2) },
    { ...row, work: "gated stout gradient", nsPerSite: (1e9 * replay) / 256, against: "milliseconds", ratio: 1000 * replay },
  ];
}

export function rows(): Row[] {
  return backends().filter((b) => b.name !== "js").flatMap(one);
}

if (started(import.meta.url)) await main(rows);
