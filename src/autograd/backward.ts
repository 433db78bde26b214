/**
 * Reverse pass, program to program: the cotangents of a value are recorded with the same ops on the same tape, so a
 * gradient can be differentiated again.
 *
 * The cotangent of a selection (`where`, `mask`) vanishes at the sites that are not taken. There the values further up may be infinite or
 * NaN, and the product of a rule 0 * NaN: so the pass carries along outside of which sites a cotangent vanishes, its support, and selects
 * again behind every rule that reads values.
 */
import { RecordingError } from "../errors.ts";
import { addAll } from "./ops/accumulate.ts";
import { either, keep, keepOp } from "./ops/where.ts";
import { after } from "./ops/flow.ts";
import { asScalarOf } from "./ops/samples.ts";
import type { VjpContext } from "./op.ts";
import { attributesKey, opKey } from "./program.ts";
import type { Node, Real, Tape, Traced } from "./tape.ts";
import { type SiteType, domainOf, sameType, typeText } from "./types.ts";
import { closure, guard, is } from "../util/index.ts";
import * as kind from "./kinds.ts";

/** A cotangent, and a condition outside of which it vanishes, if one is known. */
interface Term {
  readonly cotangent: Traced;
  readonly support: Real | undefined;
}

/**
 * Cotangents of `wrt` for the cotangent `seed` of y; undefined where y does not depend on it.
 * @throws RecordingError when the seed is not of y's type.
 */
export function pullback(y: Traced, seed: Traced, wrt: readonly Traced[]): (Traced | undefined)[] {
  guard("pullback", { y: [y, kind.traced], seed: [seed, kind.traced], wrt: [wrt, is.listOf(kind.traced, 1)] });
  return pullbackAll([y], [seed], wrt);
}

/** As `pullback` for several values, whose contributions are added: one pass for all of them. */
export function pullbackAll(ys: readonly Traced[], seeds: readonly Traced[], wrt: readonly Traced[]): (Traced | undefined)[] {
  if (ys.length === 0) return wrt.map(() => undefined);
  const { tape } = ys[0]!;
  const cotangents = new Map<number, Term[]>();
  const contribute = (id: number, term: Term): void => {
    const list = cotangents.get(id);
    if (list) list.push(term);
    else cotangents.set(id, [term]);
  };
  ys.forEach((y, k) => {
    const cotangent = asScalarOf(seeds[k]!, y.type);
    if (!sameType(tape.lattice, y.type, cotangent.type))
      throw new RecordingError(`vjp: got a cotangent ${typeText(tape.lattice, cotangent.type)} for a value ${typeText(tape.lattice, y.type)}, expected the value's own type`);
    contribute(y.id, { cotangent, support: undefined });
  });
  const last = ys.reduce((id, y) => Math.max(id, y.id), 0);
  const targets = new Set(wrt.map((x) => x.id));
  const first = wrt.reduce((id, x) => Math.min(id, x.id), Infinity);
  // depends[id]: on the way from a target to one of the values
  const depends = new Map<number, boolean>();
  const reaches = (id: number): boolean => {
    if (targets.has(id)) return true;
    if (id < first) return false;
    return depends.get(id) ?? false;
  };
  for (let id = first; id <= last; id++) depends.set(id, targets.has(id) || usedBy(tape.node(id)).some(reaches));
  const recomputed = new Map<number, Map<number, Traced>>();
  const entered = new Map<number, Traced | undefined>();
  const loops = loopsBetween(tape, first, last);
  const result = new Map<number, Traced>();
  for (let id = last; id >= first; id--) {
    const node = tape.node(id);
    const loop = loops.get(id);
    const terms = reaches(id) ? cotangents.get(id) : undefined;
    let context: VjpContext | undefined;
    let support: Real | undefined;
    if (terms) {
      const ct = addAll(terms.map((t) => t.cotangent), node.type);
      support = union(terms);
      if (targets.has(id)) result.set(id, ct);
      cotangents.delete(id);
      if (loop) loop.cotangents[node.attributes["output"] as number] = ct;
      else context = contextOf(id, ct);
    }
    // the values of a loop go back together, once the cotangents of all of them are known
    const all = loop?.first === id ? loop.cotangents.find((c) => c !== undefined) : undefined;
    if (all) context = contextOf(id, all);
    if (!context) continue;
    const { inputs, needs, attributes } = context;
    const made = tape.asIn(node, () => (all ? node.op.joint!({ inputs, needs, attributes, cotangents: loop!.cotangents }).map((c) => c && { cotangent: c, support: undefined }) : selectedVjp(node, context, support)));
    made.forEach((term, k) => {
      if (!term || !needs[k]) return;
      contribute(node.inputs[k]!, { ...term, cotangent: asScalarOf(term.cotangent, inputs[k]!.type) });
    });
  }
  return wrt.map((x) => result.get(x.id));

  /** The cotangent that a region waits for. */
  function entering(region: number, cotangent: Traced): Traced {
    if (!entered.has(region)) entered.set(region, cotangent.type.kind === "scalar" ? latest(tape, region, cotangents) : undefined);
    return (cotangent.type.kind === "scalar" && entered.get(region)) || cotangent;
  }

  /** Values at hand for the rule of a node; undefined where nothing further up wants a cotangent. */
  function contextOf(id: number, cotangent: Traced): VjpContext | undefined {
    const node = tape.node(id);
    const needs = node.inputs.map(reaches);
    if (!needs.some(Boolean)) return undefined;
    // a derivative taken inside of a region finds the values of the region at hand
    const clone = node.region > 0 && node.region !== tape.region ? recompute(tape, id, entering(node.region, cotangent), targets, recomputed) : undefined;
    return { inputs: node.inputs.map((i) => clone?.get(i) ?? tape.traced(i)), output: clone?.get(id) ?? tape.traced(id), cotangent, needs, attributes: node.attributes };
  }
}

/** The operands that a value depends on; not those that it waits for. */
const usedBy = ({ op: { role }, inputs }: Node): readonly number[] => (role?.is === "view" && role.waits ? inputs.slice(0, 1) : inputs);

/**
 * What a region waits for whose first cotangent is a number: that may be known from the beginning, such as the 1 of a log det, while the cotangents of the region's fields are made by what comes
 * behind it. The last recorded of them.
 */
function latest(tape: Tape, region: number, cotangents: ReadonlyMap<number, readonly Term[]>): Traced | undefined {
  let last: Traced | undefined;
  for (const [id, terms] of cotangents) if (tape.node(id).region === region) for (const { cotangent: c } of terms) if (c.type.kind !== "scalar" && c.id > (last?.id ?? -1)) last = c;
  return last;
}

/** The values of one loop: the first of them on the tape, and the cotangents found so far. */
interface LoopValues {
  readonly first: number;
  readonly cotangents: (Traced | undefined)[];
}

/** The loops to which values between two nodes belong, by node. */
function loopsBetween(tape: Tape, first: number, last: number): Map<number, LoopValues> {
  const byKey = new Map<string, LoopValues>();
  const byNode = new Map<number, LoopValues>();
  for (let id = first; id <= last; id++) {
    const { op, inputs, attributes, region } = tape.node(id);
    if (!op.joint) continue;
    const key = `${region}|${opKey(op)}(${inputs.join(",")})${attributesKey({ ...attributes, output: 0 })}`;
    let loop = byKey.get(key);
    if (!loop) byKey.set(key, (loop = { first: id, cotangents: [] }));
    byNode.set(id, loop);
  }
  return byNode;
}

/** The condition outside of which a sum vanishes; undefined where it may differ from zero anywhere. */
function union(terms: readonly Term[]): Real | undefined {
  let all = terms[0]!.support;
  for (const { support } of terms) {
    if (!all || !support || domainOf(support.type) !== domainOf(all.type)) return undefined;
    all = either(all, support);
  }
  return all;
}

/** An op's cotangents, each with its support. */
function selectedVjp(node: Node, context: VjpContext, support: Real | undefined): (Term | undefined)[] {
  const fresh = (cotangent: Traced): Term => {
    const n = cotangent.tape.node(cotangent.id);
    return { cotangent, support: n.op === keepOp ? (cotangent.tape.traced(n.inputs[0]!) as Real) : undefined };
  };
  const { op } = node;
  if (!support || context.output.type.kind === "scalar" || !(op.site || op.moved)) return op.vjp(context).map((c) => c && fresh(c));
  if (op.linear) {
    const at = (op.moved?.(support, context.attributes) ?? support) as Real;
    // a support on one parity says nothing about the other, to which an input may extend
    return op.vjp(context).map((c, k) => c && { cotangent: c, support: domainOf(at.type) === "all" || domainOf(at.type) === domainOf(context.inputs[k]!.type) ? at : undefined });
  }
  // a scalar's cotangent is a sum over sites: it must not read what was left out
  const inputs = context.inputs.some((x, k) => context.needs[k] && x.type.kind === "scalar") ? context.inputs.map((x) => (x.type.kind === "scalar" ? x : keep(support, x as Traced<SiteType>))) : context.inputs;
  return op.vjp({ ...context, inputs }).map((c) => {
    if (!c || c.type.kind === "scalar") return c && { cotangent: c, support: undefined };
    return fresh(keep(support, c as Traced<SiteType>));
  });
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
  const inside = (id: number): boolean => tape.node(id).region === region && tape.node(id).inputs.length > 0;
  const made = map;
  const open = (ids: readonly number[]): number[] => ids.filter((id) => !made.has(id));
  for (const id of closure(open([last, ...tape.node(last).inputs]), (id) => (inside(id) ? open(tape.node(id).inputs) : []))) {
    const node = tape.node(id);
    let value: Traced;
    if (!inside(id)) value = targets.has(id) ? tape.traced(id) : after(tape.traced(id), ct);
    else value = tape.apply(node.op, node.inputs.map((i) => map.get(i)!), node.attributes);
    map.set(id, value);
  }
  return map;
}

