/** Maps with log det, and those of which a chain is made: different ones by what they record, not by their names. */
import { type Lattice, type LinkField, type Links, type Scalar, type Traced, concreteLeaves, leafTypeOn, openTape, tracedTwin } from "../autograd/index.ts";

/** A map of links with the logarithm of its Jacobian determinant, as `bijection` of gaugegrad/flows makes it. */
export interface BijectionSubject<N extends number = number> {
  readonly name: string;
  readonly parameters: unknown;
  readonly forward: (V: Links<N>, parameters: never) => { readonly links: Links<N>; readonly logDet: Scalar };
  image(V: LinkField<N>): { readonly links: LinkField<N>; readonly logDet: number };
  inverse(U: LinkField<N>): LinkField<N>;
  invertibleOn(lattice: Lattice): boolean;
  stepsOn(lattice: Lattice): readonly BijectionSubject<N>[];
}

/** True for a map with log det. */
export function isBijection(x: unknown): x is BijectionSubject {
  return typeof x === "object" && x !== null && ["forward", "image", "inverse", "stepsOn", "invertibleOn"].every((k) => typeof (x as Record<string, unknown>)[k] === "function");
}

/** One of the steps of a chain. */
export interface ChainStep {
  readonly k: number;
  readonly step: BijectionSubject;
  /** The links that the steps before it have made. */
  readonly V: LinkField;
  /** Its links and log det at V. */
  readonly image: { readonly links: LinkField; readonly logDet: number };
  /** No step before it records the same: equal recordings differ in their weights alone. */
  readonly distinct: boolean;
}

/** The steps of which F is made, each at the links that those before it have made of U. */
export function chainSteps(F: BijectionSubject, U: LinkField): ChainStep[] {
  const seen = new Set<string>();
  let V = U;
  return F.stepsOn(U.lattice).map((step, k) => {
    const key = recordingOf(step, V);
    const image = step.image(V);
    const made = { k, step, V, image, distinct: !seen.has(key) };
    seen.add(key);
    V = image.links;
    return made;
  });
}

/** The key of the program of a step, with its weights as inputs. */
function recordingOf({ forward, parameters }: BijectionSubject, V: LinkField): string {
  const tape = openTape(V.lattice);
  const inputs: Traced[] = concreteLeaves([V, parameters]).map((leaf) => tape.input(leafTypeOn(V.lattice, leaf)));
  let at = 0;
  const [links, weights] = tracedTwin([V, parameters], () => inputs[at++]!) as [Links, never];
  const image = forward(links, weights);
  return tape.finish([...image.links.values(), image.logDet]).key;
}
