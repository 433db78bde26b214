/** Sparse linear maps from a few numbers of a site to the components of fields there. */

/** x[input] * factor * scale, rounded after each product; `scale` is 1 when left out. */
export interface Term {
  readonly input: number;
  readonly factor: number;
  readonly scale?: number;
}

/** Component c of output f is the sum, from left to right, of the terms outputs[f][c]; 0 without terms. */
export class SparseMap {
  /** Number of inputs of a site. */
  readonly inputs: number;
  readonly outputs: readonly (readonly (readonly Term[])[])[];

  constructor(inputs: number, outputs: readonly (readonly (readonly Term[])[])[]) {
    this.inputs = inputs;
    this.outputs = outputs;
  }

  /** One output of consecutive sites: inputs in x[xAt] and after, site by site, components to out[at] and after. */
  apply(output: number, sites: number, x: ArrayLike<number>, xAt: number, out: Float64Array, at: number): void {
    const components = this.outputs[output]!;
    const size = components.length;
    out.fill(0, at, at + sites * size);
    components.forEach((terms, c) => {
      for (const { input, factor, scale = 1 } of terms)
        for (let n = 0, i = xAt + input, o = at + c; n < sites; n++, i += this.inputs, o += size) out[o]! += x[i]! * factor * scale;
    });
  }
}
