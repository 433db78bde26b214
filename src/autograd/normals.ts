/** Random fields: linear images of normal numbers, drawn where the lattice's engine keeps its fields. */
import { GeometryError } from "../errors.ts";
import { type RandomStream, type SparseMap, fillNormals, guard, is, streamOfSample } from "../util/index.ts";
import type { NormalCounter } from "./engine.ts";
import type { Field } from "./field.ts";
import { components, domainOf, typeText } from "./types.ts";
import * as kind from "./kinds.ts";

const fieldList = is.listOf(kind.field, 1);

/**
 * Fills fields on one domain: at every site field f is output f of the map of independent standard normal numbers, those of
 * `fillNormals`. The bits depend on neither engine nor threads. Other sites than those of the domain get zero. Sample b of a batch has the numbers
 * of the stream b places after the given one.
 * @throws GeometryError for fields that do not fit the map, or lie on several lattices or domains.
 */
export function drawNormals(fields: readonly Field[], map: SparseMap, random: RandomStream, counter: NormalCounter): void {
  guard("drawNormals", { fields: [fields, fieldList], map: [map, is.withMethods("a sparse map", "apply")], random: [random, is.withMethods("a random stream", "normals")], counter: [counter, is.object] });
  const { lattice } = fields[0]!;
  const { engine, volume, batch } = lattice;
  const domain = domainOf(fields[0]!.type);
  if (fields.length !== map.outputs.length || fields.some((f, k) => f.lattice !== lattice || f.type.kind === "scalar" || domainOf(f.type) !== domain || components(f.type) !== map.outputs[k]!.length))
    throw new GeometryError(`drawNormals: got ${fields.map((f) => typeText(f.lattice, f.type)).join(", ")}, expected fields of ${map.outputs.map((o) => o.length).join(", ")} components on one domain of one lattice`);
  if (engine.drawNormals) {
    engine.drawNormals(fields.map((f) => f.storage), fields.map((f) => f.type), map, random, counter);
    return;
  }
  const x = new Float64Array(batch * volume * map.inputs);
  for (let b = 0; b < batch; b++) fillNormals(streamOfSample(random, b), { sites: volume, components: map.inputs, ...counter }, x.subarray(b * volume * map.inputs, (b + 1) * volume * map.inputs));
  let out = new Float64Array(0);
  fields.forEach((field, f) => {
    if (out.length !== field.length) out = new Float64Array(field.length);
    map.apply(f, batch * volume, x, 0, out, 0);
    field.set(out);
  });
}
