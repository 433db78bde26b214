/**
 * Lattice, N and precision of the links in a LIME file, from its XML records. What an object is, its numbers say and not the name of its datatype: a
 * gauge field has D matrices of 2 N^2 reals a site. QDP++ calls it "Lattice", Grid "GRID_D_LorentzVector4_ColourMatrix3", Python "numpy.ndarray".
 */
import { FileFormatError } from "../errors.ts";
import { type Precision, type Shape, checkExtents, deduceN, extentsText } from "./gauge-data.ts";
import { type LimeRecord, xmlElement } from "./lime.ts";
import { type ByteSource, quoted } from "./source.ts";

/** What one record says; absent where it is silent. */
interface Description {
  readonly extents?: readonly number[];
  readonly precision?: Precision;
  readonly N?: number;
}

/** Shape from the XML records; undefined when they do not give one. What two records say must agree. */
export function describedShape(source: ByteSource, data: LimeRecord, header: Readonly<Record<string, string>>, warnings: string[]): Shape | undefined {
  const format = header["ildg-format"];
  const file = header["scidac-private-file-xml"];
  const record = header["scidac-private-record-xml"];
  const said: Description[] = [];
  if (format !== undefined) said.push(ofFormat(source, format, warnings));
  if (file !== undefined) said.push(ofFile(source, file));
  if (record !== undefined) said.push(ofRecord(source, record, said.find((d) => d.extents)?.extents?.length ?? 4));
  const all = <K extends keyof Description>(key: K): NonNullable<Description[K]>[] => said.flatMap((d) => (d[key] === undefined ? [] : [d[key]]));
  const [extents, precisions, colours] = [all("extents"), all("precision"), all("N")];
  const [first, precision] = [extents[0], precisions[0]];
  if (first === undefined || precision === undefined) return undefined;
  const agree = extents.every((e) => e.join() === first.join()) && precisions.every((p) => p === precision) && colours.every((n) => n === colours[0]);
  if (!agree) throw new FileFormatError(`${source.name}: its records contradict each other: lattices ${extents.map(extentsText).join(" and ")}, precisions ${precisions.join(" and ")}, N ${colours.join(" and ")}, expected the same in all: the file was put together from several`);
  checkExtents(source, first);
  const N = deduceN(source, first, precision, data.bytes, colours[0]);
  if (colours.length === 0) warnings.push(`no record states the gauge group: N = ${N} follows from the length of the links`);
  return { extents: first, precision, N };
}

function ofFormat(source: ByteSource, xml: string, warnings: string[]): Description {
  const shape = {
    extents: ["lx", "ly", "lz", "lt"].map((key) => integer(source, xml, key)),
    precision: bits(source, "precision", xmlElement(xml, "precision"), { "32": 32, "64": 64 }),
  };
  const field = xmlElement(xml, "field") ?? "";
  if (field === "") {
    warnings.push("ildg-format has no field element: a gauge field is assumed");
    return shape;
  }
  const m = /^s?u(\d{1,2})gauge$/i.exec(field);
  if (!m) throw new FileFormatError(`${source.name}: ildg-format field: got ${quoted(field)}, expected su3gauge or the same for another group`);
  return { ...shape, N: Number(m[1]) };
}

function ofFile(source: ByteSource, xml: string): Description {
  const dims = xmlElement(xml, "dims") ?? "";
  if (!/^\d{1,9}(\s+\d{1,9}){1,3}$/.test(dims)) throw new FileFormatError(`${source.name}: scidac dims: got ${quoted(dims, 60)}, expected up to four extents`);
  if ((xmlElement(xml, "volfmt") ?? "0") !== "0") throw new FileFormatError(`${source.name}: scidac volfmt: got ${quoted(xmlElement(xml, "volfmt"))}, expected 0: files split over several parts are not read`);
  return { extents: dims.split(/\s+/).map(Number) };
}

/** One record of the SciDAC layer: `datacount` objects of `typesize` bytes a site. */
function ofRecord(source: ByteSource, xml: string, D: number): Description {
  const precision = bits(source, "scidac precision", xmlElement(xml, "precision"), { F: 32, D: 64 });
  const kind = xmlElement(xml, "recordtype") ?? "0";
  if (kind !== "0") throw new FileFormatError(`${source.name}: scidac recordtype: got ${quoted(kind)}, expected 0 (a field on the whole lattice): other records are not read`);
  const count = integer(source, xml, "datacount");
  const size = xmlElement(xml, "typesize") === undefined ? undefined : integer(source, xml, "typesize");
  const stated = xmlElement(xml, "colors") ?? xmlElement(xml, "colours");
  // U(1) fields of some writers state no colours
  const N = stated === undefined || stated === "0" ? undefined : integer(source, xml, xmlElement(xml, "colors") === undefined ? "colours" : "colors");
  const matrix = (n: number): number => (2 * n * n * precision) / 8;
  const of = size === undefined ? N : Math.round(Math.sqrt(size / (count === 1 ? D : 1) / matrix(1)));
  const isGauge = of !== undefined && of >= 1 && (N === undefined || N === of) && (count === D ? size === undefined || size === matrix(of) : count === 1 && N !== undefined && D > 1 && size === D * matrix(of));
  if (!isGauge) {
    const got = `${count} of ${size === undefined ? "unknown size" : `${size} bytes`} a site (datacount, typesize)${N === undefined ? "" : ` for N = ${N}`}, datatype ${quoted(xmlElement(xml, "datatype"), 60)}`;
    throw new FileFormatError(`${source.name}: scidac record: got ${got}, expected ${D} matrices of ${N === undefined ? `2 N^2 reals of ${precision} bits` : `${matrix(N)} bytes`}, one for each direction: this is no gauge field`);
  }
  return { precision, N: of };
}

function integer(source: ByteSource, xml: string, key: string): number {
  const text = xmlElement(xml, key);
  if (text === undefined || !/^\d{1,9}$/.test(text)) throw new FileFormatError(`${source.name}: ${key}: got ${quoted(text)}, expected a positive integer`);
  return Number(text);
}

function bits(source: ByteSource, what: string, text: string | undefined, table: Readonly<Record<string, Precision>>): Precision {
  const p = Object.hasOwn(table, text ?? "") ? table[text!] : undefined;
  if (p === undefined) throw new FileFormatError(`${source.name}: ${what}: got ${quoted(text)}, expected ${Object.keys(table).join(" or ")}`);
  return p;
}
