/** P1: plaquette action and force by the tape against hand-written fused loops in C. SU(3). */
import { type Field, type LinkField, type Links, type Matrix, adj, closedFormLinks, lattice, mul, plaquette, record } from "gaugegrad";
import { CReference } from "./c-reference.ts";
import { type Row, type Variant, bounded, expectEqual, main, measure, started } from "./harness.ts";
import { type Backend, backends, plaquetteSum, valueAndForce } from "./works.ts";

/** As many products as the force has, in one kernel and with every operand at the loop's own site: what the arithmetic alone takes. */
const PRODUCTS = 52;

function products(backend: Backend, extents: readonly number[]): Variant {
  const U = closedFormLinks(lattice(extents, backend.options), 3, 0.7) as LinkField;
  const [a, b] = record(((V: Links) => [plaquette(V, 0, 1), plaquette(V, 2, 3)]) as never, U as never).run(U as never) as unknown as [Field, Field];
  const chain = (x: Matrix, y: Matrix): Matrix => {
    let z = x;
    for (let k = 0; k < PRODUCTS; k++) z = mul(z, k % 4 === 3 ? adj(y) : k % 2 === 1 ? y : x);
    return z;
  };
  const plan = record(chain as never, a as never, b as never) as unknown as { fresh(...x: Field[]): Field; runInto(into: Field, ...x: Field[]): void };
  const out = plan.fresh(a, b);
  return { name: `${backend.name}, products alone`, run: () => plan.runInto(out, a, b) };
}

export function rows(): Row[] {
  return [[8, 8, 8, 8], [16, 16, 16, 16]].flatMap((extents) => {
    const programs = backends().map((b) => valueAndForce(b, extents, 3, plaquetteSum));
    const links = closedFormLinks(lattice(extents, { backend: "js" }), 3, 0.7).fields.map((f) => f.toArray());
    const loops = [2, 8].flatMap((W) => CReference.make(extents, W)?.wilson(links) ?? []);
    const reference = programs[0]!.result();
    for (const v of [...programs.slice(1), ...loops]) expectEqual(`P1 ${v.name}`, reference, v.result());
    const alone = backends().filter((b) => b.name !== "js").map((b) => products(b, extents));
    const seconds = measure([...programs, ...loops, ...alone], extents[0]! > 8 ? 9 : 21);
    const { volume, flops, bytes } = programs[0]!;
    const at = (name: string): number | undefined => [...programs, ...loops].flatMap((v, k) => (v.name === name ? [seconds[k]!] : []))[0];
    const forces = [...programs, ...loops].map((v, k): Row => {
      const base: Row = { target: "P1", work: "plaquette force", lattice: extents.join("x"), variant: v.name, nsPerSite: (1e9 * seconds[k]!) / volume, gflops: (flops * volume) / seconds[k]! / 1e9, bytesPerSite: bytes };
      const [two, eight] = [at("C, 2 sites"), at("C, 8 sites")];
      if (v.name === "wasm" && two) return { ...base, against: "C, 2 sites", ...bounded(seconds[k]! / two, "<=", 1.2) };
      if (v.name === "native" && eight) return { ...base, against: "C, 8 sites", ...bounded(seconds[k]! / eight, "<=", 1.15) };
      return { ...base, against: "js", ratio: seconds[k]! / seconds[0]! };
    });
    const parts = alone.map(({ name }, k): Row => {
      const time = seconds[programs.length + loops.length + k]!;
      return { target: "P1", work: "its products", lattice: extents.join("x"), variant: name, nsPerSite: (1e9 * time) / volume, gflops: (198 * PRODUCTS * volume) / time / 1e9 };
    });
    return [...forces, ...parts];
  });
}

if (started(import.meta.url)) await main(rows);
