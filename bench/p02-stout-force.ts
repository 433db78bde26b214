/** P2: plaquette action of one stout layer, value and gradient, against the plaquette force of the same run. SU(3) 8^4. */
import { type Row, bounded, expectEqual, main, measure, started } from "./harness.ts";
import { type Recorded, backends, plaquetteSum, smeared, valueAndForce } from "./works.ts";

export function rows(): Row[] {
  const extents = [8, 8, 8, 8];
  let reference: Recorded | undefined;
  let slowest = 0;
  return backends().flatMap((b): Row[] => {
    const [stout, plain] = [valueAndForce(b, extents, 3, smeared(1)), valueAndForce(b, extents, 3, plaquetteSum)];
    reference ??= stout;
    if (stout !== reference) expectEqual(`P2 ${b.name}`, reference.result(), stout.result());
    const [seconds, one] = measure([stout, plain]) as [number, number];
    if (stout === reference) slowest = seconds;
    const row: Row = { target: "P2", work: "stout force", lattice: extents.join("x"), variant: b.name, nsPerSite: (1e9 * seconds) / stout.volume, gflops: (stout.flops * stout.volume) / seconds / 1e9, bytesPerSite: stout.bytes };
    return [
      { ...row, against: "plaquette force", ...(b.name === "wasm" ? bounded(seconds / one, "<=", 8) : { ratio: seconds / one }) },
      ...(stout === reference ? [] : [{ ...row, against: "js", ratio: seconds / slowest }]),
    ];
  });
}

if (started(import.meta.url)) await main(rows);
