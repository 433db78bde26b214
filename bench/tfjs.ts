/**
 * TensorFlow.js engines against the default backend: time of one force of the Wilson action and of a stout network in SU(3), the ratio, and
 * the largest relative difference. `EXTENT=8 ENGINES=tfjs-node-gpu,wasm gaugegrad run bench/tfjs.ts`;
 * default: 8, every engine that loads.
 */
import { type GaugeAction, type LinkField, type TfjsEngineName, SU, gaugeAction, hot, lattice, loadTfjs, probeEngines, stout, DirectionalField } from "gaugegrad";

const extents = Array.from({ length: 4 }, () => Number(process.env["EXTENT"] ?? 8));
const names = (process.env["ENGINES"] ?? "").split(",").filter((x) => x !== "");
const reports = await probeEngines();
for (const r of reports) console.log(`${r.present ? "present" : "absent "}  ${r.engine.padEnd(14)} ${r.text}`);

const wilson = gaugeAction.wilson({ beta: 6 });
const actions: readonly [string, GaugeAction][] = [
  ["Wilson", wilson as unknown as GaugeAction],
  ["Wilson of two stout steps", wilson.after(stout({ rho: 0.1 })).after(stout({ rho: 0.1 })) as unknown as GaugeAction],
];

/** Median time of a force in milliseconds, after two warm-up calls, over at least five calls and one second. */
function time(S: GaugeAction, U: LinkField): number {
  const F = new DirectionalField(U.lattice, U.N, "algebra");
  const times: number[] = [];
  for (let k = -2, total = 0; k < 5 || total < 1000; k++) {
    const start = performance.now();
    S.force(U, F);
    // reading a component waits for the device
    F.toArray(0);
    const t = performance.now() - start;
    if (k >= 0) {
      times.push(t);
      total += t;
    }
  }
  return times.sort((a, b) => a - b)[times.length >> 1]!;
}

const reference = hot(lattice(extents), SU(3), { seed: 1 }) as unknown as LinkField;
const base = actions.map(([, S]) => time(S, reference));
console.log(`\nforce at ${extents.join("x")}, SU(3)${" ".repeat(12)}ms      ratio   difference`);
actions.forEach(([name], k) => console.log(`${`${reference.lattice.engine.name}: ${name}`.padEnd(42)} ${base[k]!.toFixed(1).padStart(8)}`));
for (const engine of (names.length > 0 ? names : reports.filter((r) => r.present).map((r) => r.engine)) as TfjsEngineName[]) {
  const backend = await loadTfjs({ engine });
  const U = new DirectionalField(lattice(extents, { engine: backend }), 3, "links").set(reference.fields.map((f) => f.toArray())) as unknown as LinkField;
  actions.forEach(([name, S], k) => {
    const t = time(S, U);
    const [a, b] = [S.force(reference).toArray(0), S.force(U).toArray(0)];
    const size = a.reduce((s, x) => Math.max(s, Math.abs(x)), 0);
    const difference = a.reduce((s, x, i) => Math.max(s, Math.abs(x - b[i]!)), 0) / size;
    console.log(`${`${engine} on ${backend.device}: ${name}`.padEnd(42)} ${t.toFixed(1).padStart(8)} ${(t / base[k]!).toFixed(2).padStart(10)}   ${difference.toExponential(1)}`);
  });
}
