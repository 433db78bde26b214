/** P10: cost a site of the plaquette force against the volume; linear within 20 % beyond the cache step, so 16^4 against 12^4. */
import { type Row, bounded, main, measure, started } from "./harness.ts";
import { backends, plaquetteSum, valueAndForce } from "./works.ts";

export function rows(): Row[] {
  return backends().filter((b) => b.name !== "js").flatMap((b) => {
    const programs = [4, 8, 12, 16].map((L) => valueAndForce(b, [L, L, L, L], 3, plaquetteSum));
    const perSite = measure(programs, 9).map((s, k) => (1e9 * s) / programs[k]!.volume);
    return programs.map(({ volume, bytes }, k): Row => {
      const L = Math.round(volume ** 0.25);
      const row: Row = { target: "P10", work: "plaquette force", lattice: `${L}x${L}x${L}x${L}`, variant: b.name, nsPerSite: perSite[k]!, bytesPerSite: bytes, against: k < 3 ? "4x4x4x4" : "12x12x12x12" };
      return k < 3 ? { ...row, ratio: perSite[k]! / perSite[0]! } : { ...row, ...bounded(perSite[k]! / perSite[2]!, "<=", 1.2) };
    });
  });
}

if (started(import.meta.url)) await main(rows);
