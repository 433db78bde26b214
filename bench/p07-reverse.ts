/**
 * P7: time of value and gradient beyond the value, over the time of the value, for several layers under the plaquette sum; value and gradient
 * through one stout step against a recursion written by hand in C, for vectors of the same width. SU(3) 8^4.
 */
import { type LinkField, type Links, type Scalar, cask, closedFormLinks, hyp, lattice, record, stout, valueAndGrad } from "gaugegrad";
import { CReference } from "./c-reference.ts";
import { type Row, bounded, expectEqual, main, measure, started } from "./harness.ts";
import { backends, plaquetteSum, smeared, valueAndForce } from "./works.ts";

type Forward = { readonly parameters: unknown; readonly forward: (U: Links, parameters: never) => Links };

const EXTENTS = [8, 8, 8, 8];
/** That of the stout steps in works.ts. */
const RHO = 0.1;
/** How far forces may differ. Sums over the lattice have an order of their own: relative to their size. */
const TOLERANCE = 1e-12;

export function rows(): Row[] {
  return [...ratios(), ...againstC()];
}

function ratios(): Row[] {
  const layers: [string, Forward][] = [
    ["stout", stout({ rho: 0.1 }) as unknown as Forward],
    ["HYP", hyp() as unknown as Forward],
    ["CASK", cask({ rho: 0.1, rhoQ: 0.1, rhoK: 0.1, rhoV: 0.1, length: 1 }) as unknown as Forward],
  ];
  return backends().filter((b) => b.name !== "js").flatMap((b) => {
    const L = lattice(EXTENTS, b.options);
    const U = closedFormLinks(L, 3, 0.7) as LinkField;
    return layers.map(([name, layer]): Row => {
      const S = (V: Links, p: never): Scalar => plaquetteSum(layer.forward(V, p));
      const value = record(S as never, U as never, layer.parameters as never) as unknown as { run(...a: unknown[]): number };
      const both = record(((V: Links, p: never) => valueAndGrad((W: Links) => S(W, p))(V)) as never, U as never, layer.parameters as never) as unknown as { run(...a: unknown[]): { value: number } };
      const [a, c] = [value.run(U, layer.parameters), both.run(U, layer.parameters).value];
      if (!(Math.abs(a / c - 1) < 1e-12)) throw new Error(`P7 ${name}: values ${a} and ${c} differ: nothing is timed`);
      const [forward, all] = measure([{ name: "value", run: () => void value.run(U, layer.parameters) }, { name: "both", run: () => void both.run(U, layer.parameters) }], 9) as [number, number];
      return { target: "P7", work: `reverse pass, ${name}`, lattice: L.toString(), variant: b.name, nsPerSite: (1e9 * all) / L.volume, against: "forward pass", ...bounded((all - forward) / forward, "<=", 3) };
    });
  });
}

function againstC(): Row[] {
  const links = closedFormLinks(lattice(EXTENTS, { backend: "js" }), 3, 0.7).fields.map((f) => f.toArray());
  return backends().filter((b) => b.name !== "js").flatMap((b): Row[] => {
    const loop = CReference.make(EXTENTS, b.name === "native" ? 8 : 2)?.stout(links, RHO);
    if (!loop) return [];
    const force = valueAndForce(b, EXTENTS, 3, smeared(1));
    expectEqual(`P7 ${b.name} against ${loop.name}`, loop.result(), force.result(), TOLERANCE);
    const [ours, theirs] = measure([force, loop]) as [number, number];
    return [{ target: "P7", work: "stout force against C", lattice: EXTENTS.join("x"), variant: b.name, nsPerSite: (1e9 * ours) / force.volume, against: loop.name, ...bounded(ours / theirs, "<=", 1.25) }];
  });
}

if (started(import.meta.url)) await main(rows);
