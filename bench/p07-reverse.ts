/** P7: time of value and gradient beyond the value, over the time of the value, for several layers under the plaquette sum. SU(3) 8^4. */
import { type LinkField, type Links, type Scalar, cask, closedFormLinks, hyp, lattice, record, stout, valueAndGrad } from "gaugegrad";
import { type Row, bounded, main, measure, started } from "./harness.ts";
import { backends, plaquetteSum } from "./works.ts";

type Forward = { readonly parameters: unknown; readonly forward: (U: Links, parameters: never) => Links };

export function rows(): Row[] {
  const layers: [string, Forward][] = [
    ["stout", stout({ rho: 0.1 }) as unknown as Forward],
    ["HYP", hyp() as unknown as Forward],
    ["CASK", cask({ rho: 0.1, rhoQ: 0.1, rhoK: 0.1, rhoV: 0.1, length: 1 }) as unknown as Forward],
  ];
  return backends().filter((b) => b.name !== "js").flatMap((b) => {
    const L = lattice([8, 8, 8, 8], b.options);
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

if (started(import.meta.url)) await main(rows);
