/** P1: plaquette action and force by the tape against hand-written fused loops in C. SU(3). */
import { closedFormLinks, lattice } from "gaugegrad";
import { CReference } from "./c-reference.ts";
import { type Row, bounded, expectEqual, main, measure, started } from "./harness.ts";
import { backends, plaquetteSum, valueAndForce } from "./works.ts";

export function rows(): Row[] {
  return [[8, 8, 8, 8], [16, 16, 16, 16]].flatMap((extents) => {
    const programs = backends().map((b) => valueAndForce(b, extents, 3, plaquetteSum));
    const links = closedFormLinks(lattice(extents, { backend: "js" }), 3, 0.7).fields.map((f) => f.toArray());
    const loops = [2, 8].flatMap((W) => CReference.make(extents, W)?.wilson(links) ?? []);
    const reference = programs[0]!.result();
    for (const v of [...programs.slice(1), ...loops]) expectEqual(`P1 ${v.name}`, reference, v.result());
    const seconds = measure([...programs, ...loops], extents[0]! > 8 ? 9 : 21);
    const { volume, flops, bytes } = programs[0]!;
    const at = (name: string): number | undefined => [...programs, ...loops].flatMap((v, k) => (v.name === name ? [seconds[k]!] : []))[0];
    return [...programs, ...loops].map((v, k): Row => {
      const base: Row = { target: "P1", work: "plaquette force", lattice: extents.join("x"), variant: v.name, nsPerSite: (1e9 * seconds[k]!) / volume, gflops: (flops * volume) / seconds[k]! / 1e9, bytesPerSite: bytes };
      const [two, eight] = [at("C, 2 sites"), at("C, 8 sites")];
      if (v.name === "wasm" && two) return { ...base, against: "C, 2 sites", ...bounded(seconds[k]! / two, "<=", 1.2) };
      if (v.name === "native" && eight) return { ...base, against: "C, 8 sites", ...bounded(seconds[k]! / eight, "<=", 1.15) };
      return { ...base, against: "js", ratio: seconds[k]! / seconds[0]! };
    });
  });
}

if (started(import.meta.url)) await main(rows);
