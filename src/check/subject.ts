/** What can be checked, brought into one form: a recorded map of links and parameters, and for actions the value and force that samplers use. */
import { type AlgebraField, DirectionalField, type LinkField, type Links, Plan, type Program, type Scalar, totalOf } from "../autograd/index.ts";
import { RecordingError } from "../errors.ts";
import { type Action, type FieldAction, GaugeAction, type Isometry } from "../gauge/index.ts";
import type { BijectionSubject } from "./steps.ts";

/** An action by its recorded function, for instance a GaugeAction. `inputs` are the values of everything besides the links. */
export interface RecordedAction<N extends number = number> {
  readonly name: string;
  readonly inputs?: unknown;
  readonly evaluate: (U: Links<N>, inputs: never) => Scalar;
  /** The inputs after an isometry or charge conjugation, where they hold fields that go along. */
  readonly image?: (inputs: never, map: Isometry | "conjugate") => unknown;
}

/** A layer whose parameter structure does not matter. */
export interface AnyLayer<N extends number = number> {
  readonly name: string;
  readonly parameters: unknown;
  readonly forward: (U: Links<N>, parameters: never) => Links<N>;
}

/**
 * A recorded action, an object with `value` and `force` (and the recorded `action` behind them, as pseudofermions have), a layer, or a
 * function of traced links that returns a scalar or links.
 */
export type Subject<N extends number = number> = RecordedAction<N> | FieldAction<never, number, never> | Action<N> | AnyLayer<N> | BijectionSubject<N> | ((U: Links<N>) => Scalar | Links<N>);

/** The point at which a subject is checked. */
export interface Point {
  readonly links: LinkField;
  readonly parameters: unknown;
}

/** The same with traced values. */
export interface TracedPoint {
  readonly links: Links;
  readonly parameters: unknown;
}

export interface Checked {
  readonly kind: "action" | "layer";
  readonly name: string;
  readonly parameters: unknown;
  /** The recorded function; an action known by value and force alone has none. */
  readonly map?: (x: TracedPoint) => Scalar | Links;
  /** S[U] and force as a sampler gets them: every action has them. */
  readonly own?: Action;
  /** Parameters under a symmetry; without it those that hold fields have no known image. */
  readonly image?: ((parameters: never, map: Isometry | "conjugate") => unknown) | undefined;
  /** Largest relative residual that the solves behind value and force leave; 0 without solves. */
  readonly residual: number;
}

/** True for what `check` accepts besides functions. */
export function isSubject(x: unknown): x is RecordedAction | Action | AnyLayer {
  if (typeof x !== "object" || x === null) return false;
  const has = (k: string): boolean => typeof (x as Record<string, unknown>)[k] === "function";
  return typeof (x as { name?: unknown }).name === "string" && (has("evaluate") || (has("value") && has("force")) || (has("forward") && "parameters" in x));
}

/**
 * Records the subject once on U, so that errors of the forward map come first.
 * @throws CovarianceError, RecordingError from its ops; RecordingError for anything that is no subject.
 */
export function checked(subject: Subject, U: LinkField): Checked {
  if (typeof subject === "function") {
    const map = subject as (V: Links) => Scalar | Links;
    return recorded(map.name || "function", {}, ({ links }) => map(links), U);
  }
  if (!isSubject(subject)) throw new RecordingError(`check: got ${describe(subject)}, expected an action (evaluate, or value and force), a layer (name, parameters, forward), or a function of links`);
  const own = "value" in subject && "force" in subject ? (subject as Action) : undefined;
  if ("evaluate" in subject) {
    const { name, inputs = {}, evaluate, image } = subject as RecordedAction;
    return { ...recorded(name, inputs, ({ links, parameters }) => evaluate(links, parameters as never), U, own), image };
  }
  if ("forward" in subject) return recorded(subject.name, subject.parameters, ({ links, parameters }) => subject.forward(links, parameters as never), U);
  // pseudofermions and other targets of samplers: value and force, and the recorded action behind them
  const behind = (subject as { readonly action?: unknown }).action;
  if (isSubject(behind) && "evaluate" in behind) return recorded(subject.name, behind.inputs ?? {}, ({ links, parameters }) => behind.evaluate(links, parameters as never), U, subject);
  return { kind: "action", name: subject.name, parameters: {}, own: subject, residual: 0 };
}

/** Largest tolerance of the solves of a program, and of those inside its solves and loops. */
function residualOf({ nodes }: Program): number {
  return nodes.reduce((t, { op: { role }, attributes }) => {
    if (role?.is === "loop") return Math.max(t, residualOf(role.work(attributes).body));
    if (role?.is !== "solve") return t;
    const { tolerance, operator } = role.system(attributes);
    return Math.max(t, tolerance, residualOf(operator));
  }, 0);
}

/** Decides by the recorded output: one scalar is an action, links are a layer. */
function recorded(name: string, parameters: unknown, map: NonNullable<Checked["map"]>, U: LinkField, own?: Action): Checked {
  const { program } = new Plan(map as never, [{ links: U, parameters }]);
  // forces may be solved to a tolerance of their own
  const forces = (own as { readonly forceAction?: unknown } | undefined)?.forceAction;
  const force = isSubject(forces) && "evaluate" in forces ? new Plan(((x: TracedPoint) => forces.evaluate(x.links, x.parameters as never)) as never, [{ links: U, parameters }]).program : program;
  const residual = Math.max(residualOf(program), residualOf(force));
  const kinds = program.outputs.map((id) => program.nodes[id]!.type.kind);
  if (kinds.length === 1 && kinds[0] === "scalar")
    return { kind: "action", name, parameters, map, residual, own: own ?? new GaugeAction(name, parameters, (V: Links, p: unknown) => map({ links: V, parameters: p }) as Scalar) };
  if (kinds.length !== U.lattice.dim || kinds.some((k) => k !== "matrix"))
    throw new RecordingError(`check: ${name} returns ${kinds.join(", ")}, expected one scalar (an action) or links in ${U.lattice.dim} directions (a layer): take sum of a site scalar`);
  return { kind: "layer", name, parameters, map, residual };
}

function describe(x: unknown): string {
  return typeof x === "object" && x !== null ? `an object with ${Object.keys(x).join(", ") || "no properties"}` : String(x);
}

/** Values of a subject near one point, from plans recorded once. */
export class Probe {
  readonly subject: Checked;
  readonly at: Point;
  readonly #plan: Plan<readonly unknown[], unknown> | undefined;
  constructor(subject: Checked, links: LinkField) {
    this.subject = subject;
    this.at = { links, parameters: subject.parameters };
    this.#plan = subject.map && (new Plan(subject.map as never, [this.at]) as Plan<readonly unknown[], unknown>);
  }

  /** S[U] of an action, of a batch the sum of all samples; at its own parameters where it is known by value and force alone. */
  value(x: Point): number {
    return totalOf(this.#plan ? (this.#plan.run(x) as number) : this.subject.own!.value(x.links));
  }

  /** The links of a layer at a point; a new field. */
  links(x: Point): LinkField {
    return this.#plan!.fresh(x) as LinkField;
  }

  /** The action's own force at links. */
  force(U: LinkField): AlgebraField {
    return this.subject.own!.force(U, new DirectionalField(U.lattice, U.N as number, "algebra"));
  }
}
