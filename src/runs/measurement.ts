/** What `gaugegrad measure` reports of one configuration (definitions: docs of the observables; actions carry their constant, forces are dS/d(link)). */
import { type AlgebraField, DirectionalField, type Lattice, type LinkField, Plan, type Scalar, pairing } from "../autograd/index.ts";
import { type FlowPoint, type GaugeAction, flowHistory, gaugeAction, lattice as newLattice, linkTrace, ofLattice, plaquettes, polyakovLoops, rectangles } from "../gauge/index.ts";
import type { GaugeChecks, ReadOptions } from "../io/index.ts";
import { type Layer, chain, stout } from "../models/index.ts";
import { type LinksFile, readLinks } from "./system/links.ts";
import { type StaggeredMeasurement, type StaggeredRequest, measureStaggered } from "./staggered-measurement.ts";

/** What to measure on one configuration; gradient flow, stout smearing and staggered fermions where asked. Flow times in lattice units a^2. */
export interface MeasureRequest {
  readonly beta: number;
  readonly flow?: { readonly time: number; readonly step: number };
  readonly stout?: { readonly rho: number; readonly steps: number };
  readonly staggered?: StaggeredRequest;
}

/** Keys are a contract of `measure --json`. */
export interface Measurement {
  readonly file: string;
  readonly format: string;
  readonly group: string;
  readonly lattice: readonly number[];
  readonly precision: number;
  readonly checks: GaugeChecks;
  readonly plaquette: number;
  readonly plaquettePlanes: Readonly<Record<string, number>>;
  readonly rectangle: number;
  readonly polyakov: Readonly<Record<string, readonly [re: number, im: number]>>;
  readonly linkTrace: number;
  readonly action: { readonly beta: number; readonly wilson: number; readonly forceNorm2: number };
  readonly unitarityDefect: number;
  readonly determinantDefect: number;
  readonly stout?: readonly { readonly step: number; readonly plaquette: number; readonly wilson: number; readonly forceNorm2: number }[];
  /** `topologicalCharge` is null where none is defined. */
  readonly flow?: readonly (Omit<FlowPoint, "topologicalCharge"> & { readonly topologicalCharge: number | null })[];
  readonly staggered?: StaggeredMeasurement;
  readonly warnings: readonly string[];
}

interface Recordings {
  readonly smear: Layer;
  /** Wilson action of the links smeared k times, k = 0, 1, ... */
  readonly actions: readonly GaugeAction[];
}

/** Measures files one after the other; programs are recorded once for each lattice and group. */
export class Measurer {
  readonly #request: MeasureRequest;
  readonly #options: ReadOptions;
  readonly #lattices = new Map<string, Lattice>();
  readonly #recordings = new Map<number, Recordings>();
  readonly #forces = new WeakMap<Lattice, Map<number, { readonly force: AlgebraField; readonly norm2: Plan<readonly unknown[], Scalar> }>>();

  constructor(request: MeasureRequest, options: ReadOptions) {
    this.#request = request;
    this.#options = { ...options, makeLattice: (extents) => this.#lattice(extents, options) };
  }

  /** Reads and measures one file. */
  measure(file: string): Measurement {
    const read = readLinks(file, this.#options);
    try {
      return this.#measure(file, read);
    } finally {
      read.U[Symbol.dispose]();
    }
  }

  #measure(file: string, { U, ...read }: LinksFile): Measurement {
    const { beta, flow, staggered } = this.#request;
    const planes = plaquettes(U);
    const warnings = [...read.warnings];
    const { value, norm2 } = this.#valueAndForceNorm(this.#recordingsOf(U.N).actions[0]!, U);
    return {
      file,
      format: read.format,
      group: read.group.name,
      lattice: U.lattice.extents,
      precision: read.precision,
      checks: read.checks,
      plaquette: planes.mean,
      plaquettePlanes: inAxisOrder(U.lattice, planes.planes),
      rectangle: rectangles(U).mean,
      polyakov: inAxisOrder(U.lattice, polyakovLoops(U)),
      linkTrace: linkTrace(U),
      action: { beta, wilson: value, forceNorm2: norm2 },
      unitarityDefect: read.unitarity.unitarity,
      determinantDefect: read.unitarity.determinant,
      ...(this.#request.stout ? { stout: this.#stout(U) } : {}),
      ...(flow ? { flow: flowHistory(U, { ...flow, onWarning: (text) => warnings.push(text) }).map((p) => ({ ...p, topologicalCharge: p.topologicalCharge ?? null })) } : {}),
      ...(staggered ? { staggered: measureStaggered(U, staggered) } : {}),
      warnings,
    };
  }

  /** Smeared k times: plaquette, action, and its force with respect to the thin links. */
  #stout(U: LinkField): NonNullable<Measurement["stout"]> {
    const { actions, smear } = this.#recordingsOf(U.N);
    let V = U;
    return actions.map((action, step) => {
      if (step > 0) V = smear.apply(V);
      const { value, norm2 } = this.#valueAndForceNorm(action, U);
      return { step, plaquette: plaquettes(V).mean, wilson: value, forceNorm2: norm2 };
    });
  }

  /** S and sum over links of -2 tr F^2 (U(1): of F^2). */
  #valueAndForceNorm(action: GaugeAction, U: LinkField): { readonly value: number; readonly norm2: number } {
    let byN = this.#forces.get(U.lattice);
    if (!byN) this.#forces.set(U.lattice, (byN = new Map()));
    let scratch = byN.get(U.N);
    if (!scratch) {
      const force: AlgebraField = new DirectionalField(U.lattice, U.N, "algebra");
      byN.set(U.N, (scratch = { force, norm2: new Plan(((F: unknown) => pairing(F, F)) as never, [force]) }));
    }
    const value = action.valueAndForce(U, scratch.force);
    return { value, norm2: scratch.norm2.run(scratch.force) as number };
  }

  /** An action's recordings belong to one group. */
  #recordingsOf(N: number): Recordings {
    let found = this.#recordings.get(N);
    if (!found) {
      const { rho, steps } = this.#request.stout ?? { rho: 0, steps: 0 };
      const smear = stout({ rho }) as Layer;
      const wilson = gaugeAction.wilson({ beta: this.#request.beta }) as GaugeAction;
      const actions = Array.from({ length: steps + 1 }, (_, k) => (k === 0 ? wilson : (wilson.after(chain(...Array.from({ length: k }, () => smear))) as GaugeAction)));
      this.#recordings.set(N, (found = { smear, actions }));
    }
    return found;
  }

  #lattice(extents: readonly number[], options: ReadOptions): Lattice {
    const key = extents.join();
    let found = this.#lattices.get(key);
    if (!found) this.#lattices.set(key, (found = newLattice(extents, ofLattice(options))));
    return found;
  }
}

/** Keys xy, xz, xt, yz, ...: in the order of the axes. */
function inAxisOrder<T>(lattice: Lattice, values: Readonly<Record<string, T>>): Record<string, T> {
  const rank = (key: string): number => [...key].reduce((s, c) => 8 * s + lattice.extents.findIndex((_, mu) => lattice.axis(mu) === c), 0);
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => rank(a) - rank(b)));
}
