/** Steps of a chain of maps that are different maps: by what they record, not by their names. */
import { type LinkField, type Links, type Traced, concreteLeaves, leafTypeOn, openTape, tracedTwin } from "../autograd/index.ts";
import type { BijectionSubject } from "./bijection.ts";

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
