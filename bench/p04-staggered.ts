/** P4: the staggered operator with its phases in the links against C loops, and one iteration of conjugate gradient. */
import { type Field, type LinkField, type Links, type Vector, add, adj, closedFormLinks, closedFormSource, conjugateGradient, lattice, mul, record, scaleBy, shift, staggeredNormal, sub } from "gaugegrad";
import { CReference } from "./c-reference.ts";
import { type Row, bounded, expectEqual, main, measure, started } from "./harness.ts";
import { backends, cost } from "./works.ts";

/** Lengths of the two solves whose difference is timed; short iterations need many. */
const lengths = (volume: number): [number, number] => (volume < 1000 ? [50, 450] : [50, 100]);

/** (1/2) sum_mu [V_mu(n) x(n+mu) - V_mu(n-mu)^+ x(n-mu)]. */
function hop(V: Links, x: Vector): Vector {
  const terms = Array.from({ length: V.dim }, (_, mu) => sub(mul(V[mu]!, shift(x, mu)), shift(mul(adj(V[mu]!), x), mu, -1)));
  return scaleBy(0.5, add(terms[0]!, ...terms.slice(1)));
}

function operatorRows(extents: readonly number[], N: number): Row[] {
  const programs = backends().map((b) => {
    const L = lattice(extents, b.options);
    const U = closedFormLinks(L, N, 0.7) as LinkField;
    const x = closedFormSource(L, N, extents.map(() => 1 as const)) as Field;
    const plan = record((V: Links, y: Vector) => hop(V, y) as never, U as never, x as never);
    const run = (): Field => plan.run(U as never, x as never) as unknown as Field;
    return { name: b.name, volume: L.volume, run, result: () => [run().toArray()], ...cost(plan), links: U, source: x };
  });
  const { links, source, volume, flops, bytes } = programs[0]!;
  const loops = N === 3 ? [2, 8].flatMap((W) => CReference.make(extents, W)?.staggered(links.fields.map((f) => f.toArray()), source.toArray()) ?? []) : [];
  const all = [...programs, ...loops];
  for (const v of all.slice(1)) expectEqual(`P4 ${v.name}`, programs[0]!.result(), v.result());
  const seconds = measure(all, extents[0]! > 8 ? 11 : 21);
  const at = (name: string): number | undefined => seconds[all.findIndex((v) => v.name === name)];
  return all.map((v, k): Row => {
    const row: Row = { target: "P4", work: `staggered D SU(${N})`, lattice: extents.join("x"), variant: v.name, nsPerSite: (1e9 * seconds[k]!) / volume, gflops: (flops * volume) / seconds[k]! / 1e9, bytesPerSite: bytes };
    const [two, eight] = [at("C, 2 sites"), at("C, 8 sites")];
    if (v.name === "wasm" && two) return { ...row, against: "C, 2 sites", ...bounded(seconds[k]! / two, "<=", 1.25) };
    if (v.name === "native" && eight) return { ...row, against: "C, 8 sites", ...bounded(seconds[k]! / eight, "<=", 1.1) };
    return { ...row, against: "js", ratio: seconds[k]! / seconds[0]! };
  });
}

function solverRows(extents: readonly number[], N: number): Row[] {
  const variants = backends().map((b) => {
    const L = lattice(extents, b.options);
    const U = closedFormLinks(L, N, 0.7) as LinkField;
    const x = closedFormSource(L, N) as never;
    const solve = (maxIterations: number) => conjugateGradient(((y: Vector, p: { U: Links; m: never }) => staggeredNormal(p.U, y, p.m)) as never, x, { inputs: { U, m: 0.1 }, tolerance: 1e-300, maxIterations } as never);
    // the difference of two lengths leaves the iterations alone
    return { name: b.name, volume: L.volume, runs: lengths(L.volume).map((n) => ({ name: b.name, run: () => void solve(n) })), result: () => [(solve(50) as { solution: Field }).solution.toArray()] };
  });
  for (const v of variants.slice(1)) expectEqual(`P4 CG ${v.name}`, variants[0]!.result(), v.result(), 1e-8);
  const iterations = variants.map((v) => {
    const [short, long] = measure(v.runs, 9) as [number, number];
    const [few, many] = lengths(v.volume);
    return (long - short) / (many - few);
  });
  return variants.map((v, k): Row => ({ target: "P4", work: `CG iteration SU(${N})`, lattice: extents.join("x"), variant: v.name, nsPerSite: (1e9 * iterations[k]!) / v.volume, against: "js", ratio: iterations[k]! / iterations[0]! }));
}

export function rows(): Row[] {
  return [operatorRows([8, 8, 8, 8], 3), operatorRows([16, 16, 16, 16], 3), operatorRows([8, 8, 8, 8], 2), solverRows([8, 8, 8, 8], 3), solverRows([4, 4, 4, 4], 2)].flat();
}

if (started(import.meta.url)) await main(rows);
