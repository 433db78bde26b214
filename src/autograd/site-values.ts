/** Values of fields site by site: what goes to a file or comes from one, without any process holding those of the whole lattice where that is divided. */
import { GeometryError } from "../errors.ts";
import { guard, is } from "../util/index.ts";
import { Field } from "./field.ts";
import * as kind from "./kinds.ts";
import type { Lattice } from "./lattice.ts";
import { atOnce, forOwnSites } from "./own-sites.ts";
import { channelsType, components } from "./types.ts";

/** Reals of one piece. */
const PIECE = 1 << 17;

/** Values of several fields on the sites of a lattice. */
export interface SiteValues {
  /** Reals that each field has on a site. */
  readonly components: readonly number[];
  /** Number of sites. */
  readonly sites: number;
  /** The values on these sites, all fields of a site side by side. */
  read(sites: Int32Array, out: Float64Array): void;
}

/** Canonical arrays, one a field, or values by site. */
export type FieldData = readonly Float64Array[] | SiteValues;

/** The present values of fields on one lattice. */
export class LiveValues implements SiteValues {
  readonly lattice: Lattice;
  readonly components: readonly number[];
  readonly sites: number;
  readonly #fields: readonly Field[];

  /** @throws GeometryError for what are no fields with sites. */
  constructor(fields: readonly Field[]) {
    guard("LiveValues", { fields: [fields, is.listOf(kind.field, 1)] });
    this.#fields = fields;
    this.lattice = fields[0]!.lattice;
    this.components = fields.map((f) => components(f.type));
    this.sites = this.lattice.batch * this.lattice.volume;
  }

  /** Of sites of this process. */
  read(sites: Int32Array, out: Float64Array): void {
    const perSite = this.components.reduce((s, n) => s + n, 0);
    let at = 0;
    this.#fields.forEach((f, k) => {
      f.readOwnSites(sites, out, at, perSite);
      at += this.components[k]!;
    });
  }
}

/**
 * `count` numbers of every site of all samples, in the order of the sites: `make` writes those of some sites of this process, the others come from the processes that have
 * them, in place of the fields that they are made of. Collective on a lattice that is divided over ranks.
 */
export function numbersBySite(lattice: Lattice, count: number, make: (sites: Int32Array, out: Float64Array) => void): Float64Array {
  guard("numbersBySite", { lattice: [lattice, kind.lattice], count: [count, is.count], make: [make, is.callable] });
  const field = new Field(lattice, channelsType(count));
  forOwnSites(lattice, atOnce(lattice, 4096), (sites) => {
    const out = new Float64Array(count * sites.length);
    make(sites, out);
    field.writeSites(sites, out);
  });
  const all = field.toArray();
  field[Symbol.dispose]();
  return all;
}

/** Sets fields of one lattice. @throws GeometryError for values of other fields. */
export function setFields(fields: readonly Field[], data: FieldData): void {
  guard("setFields", { fields: [fields, is.listOf(kind.field, 1)], data: [data, is.either(is.listOf(is.instanceOf(Float64Array, "a Float64Array")), is.withFields("values by site", "components", "sites", "read"))] });
  if (Array.isArray(data)) {
    if (data.length !== fields.length) throw new GeometryError(`setFields: got ${data.length} arrays, expected ${fields.length}, one a field`);
    return fields.forEach((f, k) => void f.set(data[k]!));
  }
  const values = data as SiteValues;
  const { lattice } = fields[0]!;
  const own = fields.map((f) => components(f.type));
  if (own.join() !== values.components.join() || values.sites !== lattice.batch * lattice.volume) throw new GeometryError(`setFields: got ${values.sites} sites with ${values.components.join(", ")} reals, expected ${lattice.batch * lattice.volume} with ${own.join(", ")}`);
  const perSite = own.reduce((s, n) => s + n, 0);
  const most = atOnce(lattice, Math.max(1, Math.floor(PIECE / perSite)));
  const piece = new Float64Array(most * perSite);
  forOwnSites(lattice, most, (sites) => {
    values.read(sites, piece);
    let at = 0;
    fields.forEach((f, k) => {
      f.writeSites(sites, piece, at, perSite);
      at += own[k]!;
    });
  });
}
