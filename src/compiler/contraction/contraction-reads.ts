/** What contractions of weights with channels read of their neighbours. */
import { type Domain, type Lattice, type ValueType, domainOf, tapsOf } from "../../autograd/index.ts";
import type { ContractionStep } from "../ir.ts";

/** A displacement of a contraction. */
export interface Tap {
  readonly displacement: readonly number[];
  /** Sites of the loop that have a neighbour there: on the other parity than that of the channels there is none. */
  readonly domain: Domain | undefined;
}

/** The taps of a contraction, from the types of its operands and of what it makes; none of a sum over weights. */
export function tapReads({ attributes, types: inputs }: ContractionStep, output: ValueType, lattice: Lattice): Tap[] {
  if (attributes["displacements"] === undefined) return [];
  const sign = attributes["transpose"] === true ? -1 : 1;
  const loop = domainOf(output.kind === "channels" ? output : inputs[0]!);
  const given = domainOf(inputs.at(-1)!);
  return tapsOf(attributes, lattice).map((d) => {
    const odd = d.reduce((n, x) => n + x, 0) % 2 !== 0;
    const from = given === "all" ? loop : (given === "even") === odd ? "odd" : "even";
    return { displacement: d.map((x) => sign * x), domain: loop === "all" || loop === from ? from : undefined };
  });
}
