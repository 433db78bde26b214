/** P6: memory of the intermediate fields of value and gradient after 1, 3 and 6 stout layers, in link fields; a count, not a measurement. */
import { type LinkField, type Links, checkpoint, closedFormLinks, lattice, record, valueAndGrad } from "gaugegrad";
import { type Row, bounded, main, started } from "./harness.ts";
import { plaquetteSum, smeared, stoutStep } from "./works.ts";

export function rows(): Row[] {
  const L = lattice([8, 8, 8, 8], { threads: 1 });
  const U = closedFormLinks(L, 3, 0.7) as LinkField;
  const again = (V: Links): Links => checkpoint(stoutStep)(V) as Links;
  return ([[1, 12], [3, 20], [6, 32]] as const).flatMap(([layers, bound]): Row[] => {
    const kept = record((V: Links) => valueAndGrad(smeared(layers))(V) as never, U);
    const recomputed = record((V: Links) => valueAndGrad((W: Links) => plaquetteSum(Array.from({ length: layers }).reduce((X: Links) => again(X), W)))(V) as never, U);
    const row = { target: "P6", work: `memory, ${layers} stout layers`, lattice: L.toString(), against: "a link field" };
    return [
      { ...row, variant: "kept", bytesPerSite: kept.arenaBytes / L.volume, ...bounded(kept.peakFields, "<=", bound) },
      { ...row, variant: "checkpoint", bytesPerSite: recomputed.arenaBytes / L.volume, ratio: recomputed.peakFields },
    ];
  });
}

if (started(import.meta.url)) await main(rows);
