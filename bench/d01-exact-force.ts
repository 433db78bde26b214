/** D1: value and force of an exact staggered determinant on 4^4 with SU(2), one core, in milliseconds. */
import { type LinkField, closedFormLinks, determinantAction, lattice, staggered } from "gaugegrad";
import { type Row, bounded, expectEqual, main, measure, started } from "./harness.ts";
import { backends } from "./works.ts";

/** Milliseconds. */
const BOUNDS: Readonly<Record<string, number>> = { wasm: 60, native: 25 };

export function rows(): Row[] {
  const variants = backends().map((b) => {
    const U = closedFormLinks(lattice([4, 4, 4, 4], b.options), 2 as number, 0.8) as LinkField;
    const S = determinantAction(staggered({ mass: 0.3 }), { flavours: 4 });
    const F = S.force(U);
    return { name: b.name, volume: U.lattice.volume, run: () => void S.force(U, F), result: () => [Float64Array.of(S.value(U)), ...S.force(U, F).fields.map((f) => f.toArray())] };
  });
  for (const v of variants.slice(1)) expectEqual(`D1 ${v.name}`, variants[0]!.result(), v.result(), 1e-9);
  // ln det of the closed-form field, by an independent program
  const value = variants[0]!.result()[0]![0]!;
  if (!(Math.abs(value + 146.578092416805) < 1e-8)) throw new Error(`D1: got the action ${value}, expected -146.578092416805: nothing is timed`);
  const seconds = measure(variants, 9);
  return variants.map((v, k): Row => {
    const row: Row = { target: "D1", work: "exact force, staggered SU(2)", lattice: "4x4x4x4", variant: v.name, nsPerSite: (1e9 * seconds[k]!) / v.volume, against: "ms" };
    const bound = BOUNDS[v.name];
    return bound === undefined ? { ...row, ratio: 1e3 * seconds[k]! } : { ...row, ...bounded(1e3 * seconds[k]!, "<=", bound) };
  });
}

if (started(import.meta.url)) await main(rows);
