/** P5: two threads against one on the plaquette force, SU(3); the bits must be the same. */
import { type Row, bounded, expectEqual, main, measure, started } from "./harness.ts";
import { backends, plaquetteSum, valueAndForce } from "./works.ts";

export function rows(): Row[] {
  return [[8, 8, 8, 8], [16, 16, 16, 16]].flatMap((extents) =>
    backends().filter((b) => b.name !== "js").map((b): Row => {
      const [one, two] = [1, 2].map((threads) => valueAndForce({ name: b.name, options: { ...b.options, threads } }, extents, 3, plaquetteSum));
      expectEqual(`P5 ${b.name}`, one!.result(), two!.result(), 0);
      const [a, c] = measure([one!, two!], extents[0]! > 8 ? 11 : 21) as [number, number];
      return { target: "P5", work: "2 threads", lattice: extents.join("x"), variant: b.name, nsPerSite: (1e9 * c) / one!.volume, against: "1 thread", ...bounded(a / c, ">=", b.name === "wasm" ? 1.85 : 1.8) };
    }),
  );
}

if (started(import.meta.url)) await main(rows);
