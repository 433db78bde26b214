/** What a run measures between trajectories. Noise depends on seed, stream and trajectory only, so that a resumed run measures the same numbers. */
import { type AlgebraField, DirectionalField, type LinkField } from "../autograd/index.ts";
import { NaNError } from "../errors.ts";
import { energyDensity, geometricCharge, gradientFlow, linkTrace, plaquettes, polyakovLoops, rectangles, topologicalCharge, wilsonLoop } from "../gauge/index.ts";
import { type Boundary, chiralCondensate, pionCorrelator } from "../fermions/index.ts";
import type { FlowPoint, ForceSize, MeasurementRecord } from "./records.ts";
import type { RunConfiguration } from "./schema.ts";
import type { GuideParts, System } from "./system.ts";

type Values = Readonly<Record<string, number>>;
type Observable = RunConfiguration["measurement"]["observables"][number];

/** The measurement after a trajectory, as the configuration asks. `guide` takes part in force sizes. @throws NaNError for a value that is no number. */
export function measure(c: RunConfiguration, system: System, trajectory: number, guide?: GuideParts): MeasurementRecord {
  const { U } = system;
  const { observables, wilsonLoops, flow } = c.measurement;
  const values: Values = Object.assign({}, ...observables.map((name) => valuesOf(name, c, U, trajectory)), ...wilsonLoops.map(([T, R]) => ({ [`wilson(${T},${R})`]: wilsonLoop(U, T!, R!) })));
  const bad = Object.entries(values).find(([, x]) => !Number.isFinite(x));
  if (bad) throw new NaNError(`the observable ${bad[0]} is ${bad[1]}, expected a number`);
  return {
    kind: "measurement",
    trajectory,
    values,
    ...(observables.includes("forces") ? { forces: forceSizes(system, guide) } : {}),
    ...(flow ? alongFlow(U, flow) : {}),
  };
}

function valuesOf(name: Observable, c: RunConfiguration, U: LinkField, trajectory: number): Values {
  const four = U.lattice.dim === 4;
  switch (name) {
    case "planes":
      return prefixed("plaquette", plaquettes(U).planes);
    case "rectangle":
      return { rectangle: rectangles(U).mean };
    case "polyakov": {
      const [re, im] = polyakovLoops(U)["t"]!;
      // traces of SU(2) are real
      return { "polyakov.re": re, ...(U.N === 2 ? {} : { "polyakov.im": im }), "|polyakov|": Math.hypot(re, im) };
    }
    case "linkTrace":
      return { linkTrace: linkTrace(U) };
    case "energy":
      return prefixed("energy", { ...energyDensity(U) });
    case "charge":
      return { charge: four ? topologicalCharge(U) : geometricCharge(U) };
    case "condensate":
      return { condensate: chiralCondensate(U, { ...fermionOptions(c), method: { sources: c.measurement.sources, seed: c.sampler.seed, stream: noiseStream(c.sampler.stream, trajectory) } }).value };
    case "pion":
      return Object.fromEntries([...pionCorrelator(U, fermionOptions(c))].map((x, t) => [`pion(${t})`, x]));
    case "forces":
      return {};
  }
}

const prefixed = (name: string, values: Values): Values => Object.fromEntries(Object.entries(values).map(([key, x]) => [`${name}.${key}`, x]));

function fermionOptions(c: RunConfiguration): { mass: number; boundary?: Boundary } {
  const [first] = c.fermions;
  return { mass: c.measurement.condensateMass ?? first!.mass, ...(first?.boundary ? { boundary: first.boundary } : {}) };
}

/** Noise of neighbouring trajectories and of other chains of the seed is independent. */
const noiseStream = (stream: number, trajectory: number): number => (stream * 1_000_003 + trajectory) % 2 ** 32;

function forceSizes({ gauge, fermions, target, U }: System, guide: GuideParts | undefined): Readonly<Record<string, ForceSize>> {
  const F: AlgebraField = new DirectionalField(U.lattice, U.N, "algebra");
  const parts = { gauge, ...Object.fromEntries(fermions.map((f, k) => [fermions.length === 1 ? "fermions" : `fermions.${k}`, f])), ...(fermions.length > 0 ? { target } : {}), ...(guide ? { guide: guide.whole } : {}) };
  const sizes = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, sizeOf(part.force(U, F))]));
  F[Symbol.dispose]();
  return sizes;
}

/** |F|^2 = -2 tr F^2 = 2 sum |F_ij|^2 of each link; U(1): |F|^2. */
function sizeOf(F: AlgebraField): ForceSize {
  const size = 2 * F.N * F.N;
  const norm = F.N === 1 ? 1 : 2;
  let [sum, max, links] = [0, 0, 0];
  for (const field of F.fields) {
    const f = field.toArray();
    for (let at = 0; at < f.length; at += size) {
      let s = 0;
      for (let k = 0; k < size; k++) s += norm * f[at + k]! * f[at + k]!;
      sum += s;
      max = Math.max(max, s);
      links++;
    }
  }
  return { rms: Math.sqrt(sum / links), max: Math.sqrt(max) };
}

function alongFlow(U: LinkField, { time, step, every, action }: NonNullable<RunConfiguration["measurement"]["flow"]>): Pick<MeasurementRecord, "flow" | "warnings"> {
  using V = U.clone();
  const warnings: string[] = [];
  const { advance } = gradientFlow({ action, step, onWarning: (text) => warnings.push(text) });
  const steps = Math.round(every / step);
  const points = Math.round(time / every);
  const flow = Array.from({ length: points + 1 }, (_, k): FlowPoint => {
    if (k > 0) advance(V, steps);
    const { plaquette, clover } = energyDensity(V);
    return { t: k * steps * step, plaquette: plaquettes(V).mean, energyPlaquette: plaquette, energyClover: clover, topologicalCharge: V.lattice.dim === 4 ? topologicalCharge(V) : 0 };
  });
  return { flow, ...(warnings.length > 0 ? { warnings } : {}) };
}
