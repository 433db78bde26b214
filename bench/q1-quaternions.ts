/** Q1: SU(2) plaquette force with links stored as quaternions, four numbers each, against matrices of eight; values and forces agree before anything is timed. */
import { type Row, bounded, expectEqual, main, measure, started } from "./harness.ts";
import { type Backend, backends, plaquetteSum, valueAndForce } from "./works.ts";

function force(backend: Backend, extents: readonly number[]): Row {
  const short = { name: backend.name, options: { ...backend.options, quaternions: true } };
  const [matrices, quaternions] = [backend, short].map((b) => valueAndForce(b, extents, 2, plaquetteSum)) as [ReturnType<typeof valueAndForce>, ReturnType<typeof valueAndForce>];
  expectEqual(`Q1, ${backend.name}`, matrices.result(), quaternions.result(), 1e-12);
  const [slow, fast] = measure([matrices, quaternions], 9) as [number, number];
  return { target: "Q1", work: "SU(2) plaquette force", lattice: extents.join("x"), variant: backend.name, nsPerSite: (1e9 * fast) / quaternions.volume, gflops: (1e-9 * quaternions.flops * quaternions.volume) / fast, against: "matrices", ...bounded(slow / fast, ">=", 1.7) };
}

export function rows(): Row[] {
  return backends()
    .filter((b) => b.name !== "js")
    .flatMap((b) => [[8, 8, 8, 8], [16, 16, 16, 16]].map((extents) => force(b, extents)));
}

if (started(import.meta.url)) await main(rows);
