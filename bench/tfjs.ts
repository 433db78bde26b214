/**
 * G1: forces and a trajectory in SU(3) on TensorFlow.js engines, with the ops, uploads and downloads that they take. `AGAINST=/path/to/another/dist/index.js` times
 * another build of the package on the same engine beside this one; without it the ratio is to the default backend. `EXTENT=8 ENGINES=tfjs-node-gpu,wasm`; default: 8,
 * every engine that loads but `cpu`, which takes seconds.
 */
import { pathToFileURL } from "node:url";
import * as here from "gaugegrad";
import { type Row, bounded, expectEqual, main, measure, started } from "./harness.ts";

type Package = typeof here;
type Engine = Awaited<ReturnType<Package["loadTfjs"]>>;
type Geometry = ReturnType<Package["lattice"]>;

const extents = Array.from({ length: 4 }, () => Number(process.env["EXTENT"] ?? 8));
const STEPS = 10;

interface Work {
  readonly name: string;
  run(): void;
  result(): Float64Array[];
}

/** What is measured, with one package on one lattice. Reading the action waits for the device. */
function worksOn(p: Package, on: Geometry): Work[] {
  const S = p.gaugeAction.wilson({ beta: 6 });
  const [U, P, F] = [p.closedFormLinks(on, 3, 0.7), p.directionField(on, 3), new p.DirectionalField(on, 3, "algebra")];
  const numbers = (field: { readonly fields: readonly { toArray(): Float64Array }[] }): Float64Array[] => field.fields.map((f) => f.toArray());
  const force = (name: string, action: { valueAndForce(U: never, into: never): number }): Work => {
    const run = (): void => void action.valueAndForce(U as never, F as never);
    return { name, run, result: () => (run(), numbers(F)) };
  };
  const trajectory = (): void => {
    p.integrate(S as never, U as never, P as never, { integrator: "leapfrogPQP", steps: STEPS, length: 1e-6 * STEPS });
    S.value(U as never);
  };
  return [
    force("Wilson force", S as never),
    force("force of two stout steps", S.after(p.stout({ rho: 0.1 })).after(p.stout({ rho: 0.1 })) as never),
    { name: `${STEPS} leapfrog steps`, run: trajectory, result: () => (trajectory(), numbers(U)) },
  ];
}

/** Calls of one run, once what is made at the first one is there. */
function callsOf(engine: Engine, { run }: Work): string {
  run();
  const before = engine.calls();
  run();
  const after = engine.calls();
  return `${after.ops - before.ops} ops, ${after.uploads - before.uploads} up, ${after.downloads - before.downloads} down`;
}

export async function rows(): Promise<Row[]> {
  const asked = (process.env["ENGINES"] ?? "").split(",").filter((x) => x !== "");
  const engines = asked.length > 0 ? asked : (await here.probeEngines()).filter((r) => r.present && r.engine !== "cpu").map((r) => r.engine);
  const against = process.env["AGAINST"];
  const other = against ? ((await import(pathToFileURL(against).href)) as Package) : undefined;
  const base = here.lattice(extents);
  const list: Row[] = [];
  for (const name of engines) {
    const engine = await here.loadTfjs({ engine: name as never });
    const works = worksOn(here, here.lattice(extents, { engine }));
    const reference = worksOn(here, base);
    const beside = other ? worksOn(other, other.lattice(extents, { engine: await other.loadTfjs({ engine: name as never }) })) : reference;
    works.forEach((work, k) => {
      expectEqual(`G1 ${name} ${work.name}`, reference[k]!.result(), work.result(), 1e-4);
      const calls = callsOf(engine, work);
      const [seconds, others] = measure([work, beside[k]!], 5) as [number, number];
      const ratio = others / seconds;
      list.push({ target: "G1", work: work.name, lattice: extents.join("x"), variant: `${name} on ${engine.device}: ${calls}`, nsPerSite: (1e9 * seconds) / base.volume, against: other ? "the other build" : `backend ${base.engine.name}`, ...(other ? bounded(ratio, ">=", 5) : { ratio }) });
    });
  }
  return list;
}

if (started(import.meta.url)) await main(rows);
