/**
 * Reverse pass, program to program: the cotangents of a value are recorded with the same ops on the same tape, so a
 * gradient can be differentiated again.
 */
import { RecordingError } from "../errors.ts";
import { addAll } from "./ops/accumulate.ts";
import { after } from "./ops/flow.ts";
import type { Tape, Traced } from "./tape.ts";
import { sameType, typeText } from "./types.ts";

/**
 * Cotangents of `wrt` for the cotangent `seed` of y; undefined where y does not depend on it.
 * @throws RecordingError when the seed is not of y's type.
 */
export function pullback(y: Traced, seed: Traced, wrt: readonly Traced[]): (Traced | undefined)[] {
  const tape = y.tape;
  if (!sameType(tape.lattice, y.type, seed.type))
    throw new RecordingError(`vjp: got a cotangent ${typeText(tape.lattice, seed.type)} for a value ${typeText(tape.lattice, y.type)}, expected the value's own type`);
  const targets = new Set(wrt.map((x) => x.id));
  const first = Math.min(...targets);
  // depends[id]: on the way from a target to y
  const depends = new Map<number, boolean>();
  const reaches = (id: number): boolean => {
    if (targets.has(id)) return true;
    if (id < first) return false;
    return depends.get(id) ?? false;
  };
  for (let id = first; id <= y.id; id++) depends.set(id, targets.has(id) || tape.node(id).inputs.some(reaches));
  const cotangents = new Map<number, Traced[]>([[y.id, [seed]]]);
  const recomputed = new Map<number, Map<number, Traced>>();
  const result = new Map<number, Traced>();
  for (let id = y.id; id >= first; id--) {
    const terms = cotangents.get(id);
    if (!terms || !reaches(id)) continue;
    const type = tape.node(id).type;
    const ct = addAll(terms, type);
    if (targets.has(id)) result.set(id, ct);
    cotangents.delete(id);
    const node = tape.node(id);
    if (node.inputs.length === 0) continue;
    const needs = node.inputs.map(reaches);
    if (!needs.some(Boolean)) continue;
    const clone = node.region > 0 ? recompute(tape, id, ct, targets, recomputed) : undefined;
    const inputs = node.inputs.map((i) => clone?.get(i) ?? tape.traced(i));
    const output = clone?.get(id) ?? tape.traced(id);
    const back = node.op.vjp({ inputs, output, cotangent: ct, needs, attributes: node.attributes });
    back.forEach((c, k) => {
      if (!c || !needs[k]) return;
      const i = node.inputs[k]!;
      const list = cotangents.get(i);
      if (list) list.push(c);
      else cotangents.set(i, [c]);
    });
  }
  return wrt.map((x) => result.get(x.id));
}

/**
 * Values of a checkpoint region, computed a second time once the cotangent that enters the region is known, so that nothing inside
 * it has to be kept from the forward pass.
 */
function recompute(tape: Tape, last: number, ct: Traced, targets: ReadonlySet<number>, done: Map<number, Map<number, Traced>>): Map<number, Traced> {
  const region = tape.node(last).region;
  let map = done.get(region);
  if (!map) {
    map = new Map();
    done.set(region, map);
  }
  const copy = (id: number): Traced => {
    const known = map.get(id);
    if (known) return known;
    const node = tape.node(id);
    let value: Traced;
    if (node.region !== region || node.inputs.length === 0) value = targets.has(id) ? tape.traced(id) : after(tape.traced(id), ct);
    else value = tape.apply(node.op, node.inputs.map(copy), node.attributes);
    map.set(id, value);
    return value;
  };
  copy(last);
  for (const i of tape.node(last).inputs) copy(i);
  return map;
}

