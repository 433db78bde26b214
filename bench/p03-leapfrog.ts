/** P3: one leapfrog step of molecular dynamics, force, kick and drift, SU(3) 8^4; MILC takes 3.2 us a site on one core of a Sapphire Rapids Xeon. */
import { type LinkField, closedFormLinks, directionField, gaugeAction, integrate, lattice } from "gaugegrad";
import { type Row, bounded, expectEqual, main, measure, started } from "./harness.ts";
import { backends } from "./works.ts";

const MILC = 3200;
const STEPS = 10;

export function rows(): Row[] {
  const extents = [8, 8, 8, 8];
  const action = gaugeAction.wilson({ beta: 6 });
  const variants = backends().map((b) => {
    const L = lattice(extents, b.options);
    const [U, P] = [closedFormLinks(L, 3, 0.7) as LinkField, directionField(L, 3)];
    const run = (): void => integrate(action, U, P as never, { integrator: "leapfrogQPQ", steps: STEPS, length: 1e-6 * STEPS });
    return { name: b.name, run, result: () => (run(), U.fields.map((f) => f.toArray())), volume: L.volume };
  });
  const reference = variants[0]!.result();
  for (const v of variants.slice(1)) expectEqual(`P3 ${v.name}`, reference, v.result());
  return measure(variants, 9).flatMap((seconds, k): Row => {
    const { name, volume } = variants[k]!;
    const nsPerSite = (1e9 * seconds) / STEPS / volume;
    const bound = name === "wasm" ? 0.5 : name === "native" ? 0.2 : undefined;
    return { target: "P3", work: "leapfrog step", lattice: extents.join("x"), variant: name, nsPerSite, against: "MILC, published machine", ...(bound ? bounded(nsPerSite / MILC, "<=", bound) : { ratio: nsPerSite / MILC }) };
  });
}

if (started(import.meta.url)) await main(rows);
