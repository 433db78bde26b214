/**
 * S1, S2: single precision against float64. S1: conjugate gradient to 1e-10 whose iteration is in single precision, with reliable updates, for staggered SU(3) on 16^4 and Wilson fermions
 * on 8^4; the residuals of both, computed in float64, are looked at before anything is timed. S2: value and force of the plaquette action on 16^4, which agree to the digits of a float.
 */
import { Field, SU, type Scalar, type Vector, conjugateGradient, lattice, nearUnit, staggeredNormal, staggeredType, wilsonNormal, wilsonType } from "gaugegrad";
import { type Row, bounded, expectEqual, main, measure, median, started } from "./harness.ts";
import { type Backend, backends, plaquetteSum, valueAndForce } from "./works.ts";

const single = ({ name, options }: Backend): Backend => ({ name, options: { ...options, precision: "f32" } });

interface System {
  readonly work: string;
  readonly extents: readonly number[];
  readonly type: typeof wilsonType;
  readonly normal: (U: never, x: Vector, parameter: Scalar) => Vector;
  readonly parameter: number;
}
const systems: readonly System[] = [
  { work: "staggered CG to 1e-10", extents: [16, 16, 16, 16], type: staggeredType as typeof wilsonType, normal: staggeredNormal as never, parameter: 0.2 },
  { work: "Wilson CG to 1e-10", extents: [8, 8, 8, 8], type: wilsonType, normal: wilsonNormal as never, parameter: 0.13 },
];

function solver(backend: Backend, { work, extents, type, normal, parameter }: System): Row {
  const L = lattice(extents, backend.options);
  const inner = lattice(extents, single(backend).options);
  const U = nearUnit(L, SU(3), { seed: 1, width: 0.6 });
  const b = new Field(L, type(L, 3));
  b.set(Float64Array.from({ length: b.length }, (_, k) => Math.sin(1.7 * (k % 10007) * k + k)));
  const solve = (how: object) => conjugateGradient((x, { V, p }: never) => normal(V, x as Vector, p) as never, b as never, { inputs: { V: U, p: parameter }, tolerance: 1e-10, ...how } as never);
  const [plain, mixed] = [solve({}), solve({ inner })];
  for (const { converged, residual } of [plain, mixed]) if (!converged || !(residual <= 2e-10)) throw new Error(`S1, ${work}, ${backend.name}: residual ${residual}, expected 1e-10: nothing is timed`);
  const [x, y] = [plain.solution.toArray(), mixed.solution.toArray()];
  expectEqual(`S1, ${work}, ${backend.name}`, [x], [y], 1e-7);
  // solves are long and warm after the first: three of each, in turn
  const seconds = (how: object): number => {
    const begin = performance.now();
    solve(how).solution.dispose();
    return (performance.now() - begin) / 1000;
  };
  const samples = [1, 2, 3].map(() => [seconds({}), seconds({ inner })] as const);
  const [wide, short] = [median(samples.map((s) => s[0])), median(samples.map((s) => s[1]))];
  return { target: "S1", work: `${work}, ${mixed.iterations} iterations for ${plain.iterations}`, lattice: `${L}`, variant: backend.name, nsPerSite: (1e9 * short) / L.volume, against: "float64", ...bounded(wide / short, ">=", 1.6) };
}

function force(backend: Backend): Row {
  const [wide, short] = [backend, single(backend)].map((b) => valueAndForce(b, [16, 16, 16, 16], 3, plaquetteSum)) as [ReturnType<typeof valueAndForce>, ReturnType<typeof valueAndForce>];
  expectEqual(`S2, ${backend.name}`, wide.result(), short.result(), 2e-6);
  const [slow, fast] = measure([wide, short], 7) as [number, number];
  return { target: "S2", work: "plaquette force", lattice: "16x16x16x16", variant: backend.name, nsPerSite: (1e9 * fast) / short.volume, gflops: (1e-9 * short.flops * short.volume) / fast, against: "float64", ...bounded(slow / fast, ">=", 1.7) };
}

export function rows(): Row[] {
  const present = backends().filter((b) => b.name !== "js");
  return [...present.flatMap((b) => systems.map((s) => solver(b, s))), ...present.map(force)];
}

if (started(import.meta.url)) await main(rows);
