/** The formats, in the order in which a file's content is tried. */
import { FileFormatError } from "../errors.ts";
import { binaryLittle, bridge, bridgeBinary } from "./bridge.ts";
import { foreign } from "./foreign.ts";
import type { GaugeFormat, GaugeWriter, OpenOptions, Precision } from "./gauge-data.ts";
import { hdf5 } from "./hdf5.ts";
import { hirep } from "./hirep.ts";
import { ildg } from "./ildg.ts";
import { milc } from "./milc.ts";
import { nersc } from "./nersc.ts";
import { npy } from "./npy.ts";
import { openqcd } from "./openqcd.ts";
import { type ByteSource, openSource, peek } from "./source.ts";
import { guard, is } from "../util/index.ts";

/** Magic words first, then sizes, then text, then links without any mark. */
const entries = [nersc, ildg, milc, npy, hdf5, openqcd, hirep, bridge, bridgeBinary, binaryLittle] as const satisfies readonly GaugeFormat[];
type Entry = (typeof entries)[number];

/** Formats that are read; those of `writeGauge` are fewer. SciDAC is the variant of ILDG without the record of that standard. */
export type FormatName = Entry["name"] | "scidac";

type Writable = Extract<Entry, { readonly writer: GaugeWriter }>;
/** Name of a format that configurations are written in. */
export type WritableFormat = Writable["name"];

/** Every format with what is known of it: the list for help texts and documentation. */
export const gaugeFormats: readonly GaugeFormat[] = entries;

const writable: readonly GaugeFormat[] = gaugeFormats.filter((f) => f.writer);

/** Formats that are written, with the precisions that each can have; the first is the default. */
export const WRITABLE = Object.fromEntries(writable.map((f) => [f.name, f.writer!.precisions])) as { readonly [F in WritableFormat]: readonly Precision[] };

/** The writer of a format. */
export function writerOf(name: string): GaugeWriter | undefined {
  guard("writerOf", { name: [name, is.text] });
  return writable.find((f) => f.name === name)?.writer;
}

/** The format of an open file. @throws FileFormatError that names what the file is when no format recognises it. */
export function formatOf(source: ByteSource, options: OpenOptions = {}): GaugeFormat {
  const head = peek(source, 0, 4096);
  const known = options.formats ?? gaugeFormats;
  const format = known.find((f) => f.matches(source, head, options));
  if (format) return format;
  const what = foreign(source, head);
  if (!what.startsWith("got ") || source.size === 0) throw new FileFormatError(`${source.name}: ${what}`);
  throw new FileFormatError(`${source.name}: ${what}, expected ${known.map((f) => f.title).join(", ")}: not a configuration, damaged at its beginning, or links without a header (then give the lattice and the group)`);
}

/**
 * Name of a file's format, decided by its content: `nersc`, `ildg`, `scidac`, `milc`, `npy`, `hdf5`, `openqcd`, `hirep`, `bridge`, `bridge-binary`, `binary-little`.
 * @throws FileFormatError for files of no known format, and for damaged headers.
 */
export function detectFormat(file: string | Uint8Array, options: OpenOptions = {}): FormatName {
  guard("detectFormat", { file: [file, is.fileOrBytes], options: [options, is.keysOf("extents", "N", "order", "datasets", "hdf5", "formats", "allowMismatch")] });
  const source = openSource(file);
  try {
    const format = formatOf(source, options);
    return (format.name === "ildg" ? format.open(source, options).format : format.name) as FormatName;
  } finally {
    source.close();
  }
}
