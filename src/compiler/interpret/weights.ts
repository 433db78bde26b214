/** Weights on channels by their definition: sums over sites, displacements, rows and columns in canonical order. */
import { type ChannelsType, type Lattice, type Node, type TensorType, type ValueType, components, tapsOf, weightShape } from "../../autograd/index.ts";

/** Does the field live at the site? */
type Lives = (type: ValueType, site: number) => boolean;

/** y_o(n) = sum w_oik x_i(n + d_k) of one sample, or the transposed x_i(n) = sum w_oik y_o(n - d_k). */
export function applyWeights(lattice: Lattice, { attributes, type }: Node, [wt, xt]: readonly ValueType[], [w, x]: readonly Float64Array[], lives: Lives): Float64Array {
  const shape = weightShape(wt as TensorType);
  const transpose = attributes["transpose"] === true;
  const [made, given] = [components(type), components(xt!)];
  const out = new Float64Array(lattice.volume * made);
  for (let n = 0; n < lattice.volume; n++) {
    if (!lives(type, n)) continue;
    tapsOf(attributes, lattice).forEach((d, k) => {
      const m = lattice.site(lattice.coordinates(n).map((c, mu) => c + (transpose ? -1 : 1) * d[mu]!));
      if (!lives(xt!, m)) return;
      for (let r = 0; r < made; r++)
        for (let g = 0; g < given; g++) {
          const [o, i] = transpose ? [g, r] : [r, g];
          out[n * made + r]! += w![(o * shape.in + i) * shape.taps + k]! * x![m * given + g]!;
        }
    });
  }
  return out;
}

/** G_oik = sum_n y_o(n) x_i(n + d_k) over all samples. */
export function correlate(lattice: Lattice, { attributes, type }: Node, [yt, xt]: readonly ValueType[], [y, x]: readonly Float64Array[], lives: Lives): Float64Array {
  const { taps } = weightShape(type as TensorType);
  const [out, channels] = [(yt as ChannelsType).count, (xt as ChannelsType).count];
  const G = new Float64Array(out * channels * taps);
  const samples = y!.length / (lattice.volume * out);
  tapsOf(attributes, lattice).forEach((d, k) => {
    for (let n = 0; n < lattice.volume; n++) {
      const m = lattice.site(lattice.coordinates(n).map((c, mu) => c + d[mu]!));
      if (!lives(yt!, n) || !lives(xt!, m)) continue;
      for (let b = 0; b < samples; b++)
        for (let o = 0; o < out; o++) for (let i = 0; i < channels; i++) G[(o * channels + i) * taps + k]! += y![(b * lattice.volume + n) * out + o]! * x![(b * lattice.volume + m) * channels + i]!;
    }
  });
  return G;
}
