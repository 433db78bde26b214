import { describe, expect, test } from "vitest";
import {
  type ConvolutionParameters, type LinkField, type Links, type Scalar, type TracedOf, action, add, check, convolution, convolutionChannels, convolutionParameters, gaugeTransform, hot, groupOf,
  lattice, loopChannels, plaquetteSum, randomGaugeTransformation, reTrace, record, scaleBy, sum, transported, translate, valueAndGrad,
} from "gaugegrad";
import { distance, expectClose, linksOn } from "./fields.ts";

/** The layer with a head that is not zero. */
function active(options: Parameters<typeof convolution>[0]): ReturnType<typeof convolution> {
  const layer = convolution(options);
  return layer.with({ ...layer.parameters, head: layer.parameters.head.map((row, mu) => row.map((_, i) => 0.1 * Math.sin(1 + mu + 2 * i))) });
}

describe("lattice convolutions", () => {
  test.each([1, 2, 3])("gauge and translation covariant, identity with a zero head: N = %i", (N) => {
    for (const [extents, options] of [
      [[4, 4], { dim: 2, channels: [3, 3], reach: 2, polyakov: true, skip: true, gate: "tanh" }],
      [[4, 3, 2], { dim: 3, channels: [2], polyakov: true }],
      [[2, 2, 3, 2], { dim: 4, channels: [2, 2], gate: "sigmoid", skip: true }],
    ] as const) {
      const U = hot(lattice(extents), groupOf(N), { seed: 3 }) as LinkField;
      expect(distance(convolution(options).apply(U), U)).toBe(0);
      const layer = active(options);
      const g = randomGaugeTransformation(U.lattice, N as number, { seed: 4 });
      const V = layer.apply(U);
      expect(distance(V, U)).toBeGreaterThan(1e-3);
      expect(distance(layer.apply(gaugeTransform(U, g)), gaugeTransform(V, g))).toBeLessThan(1e-13);
      expect(distance(layer.apply(translate(U, extents.map((_, k) => k + 1))), translate(V, extents.map((_, k) => k + 1)))).toBeLessThan(1e-13);
    }
  });

  test("derivatives with respect to links and weights", () => {
    const report = check(active({ dim: 2, channels: [1], gate: "tanh" }), linksOn([4, 3], 2), { expect: { rotations: false, reflections: false, chargeConjugation: false } });
    expect(report.passed, report.toString()).toBe(true);
  });

  test("transport: one step forward and back is the channel itself; the transported plaquette is the loop with a stem", () => {
    const U = linksOn([4, 3, 3], 2);
    const back = record((V: Links) => {
      const P = loopChannels(V)[0]!;
      return { there: transported(V, transported(V, P, 2, 2), 2, -2), here: P };
    }, U).run(U);
    const [a, b] = [back.there.toArray(), back.here.toArray()];
    a.forEach((x, k) => expectClose(x, b[k]!, 1e-13, 1));
  });

  test("one linear block with a single weight is a plaquette field: action from its traces", () => {
    const options = { dim: 3, channels: [1], gate: "none" } as const;
    const zero = convolutionParameters(options).blocks[0]!;
    // convolution picks the first plaquette, the bilinear map the unit matrix times it
    const blocks = [{ convolution: zero.convolution.map((r) => r.map((w, j) => w.map((_, s) => (j === 0 && s === 0 ? 1 : 0)))), bilinear: zero.bilinear.map((r) => r.map((w, j) => w.map((_, k) => (j === 0 && k === 0 ? 1 : 0)))) }];
    const S = action({ name: "trace of channels", inputs: { blocks }, evaluate: (U: Links, p: { blocks: TracedOf<ConvolutionParameters["blocks"]> }): Scalar => sum(reTrace(convolutionChannels(U, p.blocks, options)[0]!)) });
    const U = linksOn([4, 3, 2], 3);
    const plane = record((V: Links) => sum(reTrace(loopChannels(V)[0]!)), U).run(U);
    expectClose(S.value(U), plane, 1e-14);
  });

  test("a batch is one program: value and weight gradient of its mean energy are the means of the members'", () => {
    const layer = active({ dim: 2, channels: [1] });
    const one = linksOn([4, 4], 2);
    const two = hot(one.lattice, groupOf(2), { seed: 9 }) as LinkField;
    const energy = (U: Links, p: TracedOf<ConvolutionParameters>): Scalar => plaquetteSum(layer.forward(U, p));
    const slope = (energies: (p: TracedOf<ConvolutionParameters>) => Scalar, p: TracedOf<ConvolutionParameters>): { value: Scalar; head: Scalar } => {
      const { value, grad } = valueAndGrad(energies)(p) as { value: Scalar; grad: TracedOf<ConvolutionParameters> };
      return { value, head: grad.head[1]![0]! };
    };
    const batch = record((Us: readonly Links[], p: TracedOf<ConvolutionParameters>) => slope((q) => scaleBy(1 / Us.length, add(energy(Us[0]!, q), ...Us.slice(1).map((U) => energy(U, q)))), p), [one, two] as readonly LinkField[], layer.parameters);
    const single = record((U: Links, p: TracedOf<ConvolutionParameters>) => slope((q) => energy(U, q), p), one, layer.parameters);
    const both = { ...batch.run([one, two], layer.parameters) };
    const members = [one, two].map((U) => ({ ...single.run(U, layer.parameters) }));
    for (const key of ["value", "head"] as const) expectClose(both[key], (members[0]![key] + members[1]![key]) / 2, 1e-12);
    expect(Math.abs(both.head)).toBeGreaterThan(1e-3);
  });

  test("errors", () => {
    expect(() => convolution({ dim: 4, channels: [] })).toThrow(/got \[\] as channels, expected the number of channels after each block/);
    expect(() => convolution({ dim: 4, reach: 0 })).toThrow(/got reach = 0, expected a positive integer/);
    expect(() => convolution({ dim: 3 }).apply(linksOn([4, 4], 2))).toThrow(/got links in 2 dimensions, expected 3/);
  });
});
