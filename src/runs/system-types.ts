/** The physics of a run as its parts see it. */
import type { Lattice, LinkField } from "../autograd/index.ts";
import type { Pseudofermions } from "../fermions/index.ts";
import type { AnyBijection } from "../flows/index.ts";
import type { Action, Configuration, FieldAction, FieldKinds, GaugeAction, Group } from "../gauge/index.ts";
import type { ReadOptions } from "../io/index.ts";
import type { Layer, Plain } from "../models/index.ts";
import type { Target } from "../samplers/index.ts";
import type { EffectiveAction } from "../training/index.ts";

/** A network with its weights and what a model file says about it. */
export interface RunNetwork {
  readonly layer: Layer<number, unknown>;
  /** Name in the registry. */
  readonly name: string;
  readonly declaration: Plain;
  /** Numbers that were trained with it, by the names of the effective action. */
  readonly others: { readonly [name: string]: number };
}

/** A gauge action whose inputs do not matter. */
export type AnyAction = GaugeAction<number, unknown>;

/** S_theta and its parts, as functions of the thin links. */
export interface GuideParts {
  readonly whole: AnyAction;
  /** Parts by the names of `sampler.levels`. */
  part(name: string): AnyAction;
}

/** Effective action of self-learning HMC. */
export interface GuideSystem {
  readonly network?: RunNetwork;
  /** Absent when nothing of it can be trained. */
  readonly effective?: EffectiveAction<number, unknown>;
  /** The parts with these parameters of the effective action; without them with those it starts from. */
  at(theta?: ArrayLike<number>): GuideParts;
}

/** Fermions of a run: pseudofermions, which draw their fields, or a function of the links alone, without `refresh`. */
export type FermionField = Pick<Pseudofermions, "name" | "value" | "force"> & Partial<Pick<Pseudofermions, "refresh" | "solveError" | "index">> & {
  readonly action: Action<number>;
  /** The same action with the solver tolerance of forces. */
  readonly forceAction?: Action<number>;
};

/** What every configuration that a run reads is read with: the formats that the run knows, and the library of HDF5 once it is needed. */
export type Reading = Pick<ReadOptions, "formats" | "hdf5">;

/** Matter of a run. */
export interface MatterSystem {
  readonly action: FieldAction<FieldKinds, number, unknown>;
  readonly fields: Configuration;
  readonly moved: Configuration;
  readonly links: boolean;
  /** The action of everything that is moved: `action`, and those of the links and fermions. */
  readonly whole: FieldAction<FieldKinds, number, unknown>;
  /** Parts of the action as functions of what is moved, by the names of `sampler.levels`. */
  part(name: string): FieldAction<FieldKinds, number, unknown>;
}

/** A field transformation whose weights are trained: S(F(V)) - log det is to be like a smoother action of V. */
export interface LearnedTransform {
  /** S(F(V)) - log det with the weights of F as its parameters. */
  readonly effective: EffectiveAction<number, unknown>;
  readonly smoother: AnyAction;
  /** The map of now. */
  readonly map: AnyBijection;
  /** Goes on with other weights. */
  use(theta: ArrayLike<number>): void;
}

/** What a run is made on. */
export interface System {
  readonly group: Group;
  readonly lattice: Lattice;
  /** Links, updated in place. */
  readonly U: LinkField;
  readonly gauge: AnyAction;
  readonly fermions: readonly FermionField[];
  readonly target: Target;
  readonly guide?: GuideSystem;
  /** Training of that transformation. */
  readonly learned?: LearnedTransform;
  /** F of a run with a field transformation: U above is V, and the target is that of V. */
  readonly transform?: AnyBijection;
  /** Fields of matter, their action, and everything that the sampler moves: they and the links U, or they alone where their action knows no links, which are then 1. */
  readonly matter?: MatterSystem;
  readonly reading: Reading;
  /** What has to be said about the links of a start from a file. */
  readonly notes: readonly string[];
}
