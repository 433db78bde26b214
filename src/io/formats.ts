/** The formats, in the order in which a file's content is tried. */
import { FileFormatError } from "../errors.ts";
import { bridge, bridgeBinary } from "./bridge.ts";
import type { FormatName, GaugeFormat, OpenOptions } from "./gauge-data.ts";
import { hirep } from "./hirep.ts";
import { ildg } from "./ildg.ts";
import { milc } from "./milc.ts";
import { nersc } from "./nersc.ts";
import { npy } from "./npy.ts";
import { openqcd } from "./openqcd.ts";
import { type ByteSource, openSource, peek } from "./source.ts";

/** Magic words first, then sizes, then text, then links without any mark. */
const formats: readonly GaugeFormat[] = [nersc, ildg, milc, npy, openqcd, hirep, bridge, bridgeBinary];

/** The format of an open file. @throws FileFormatError when no format recognises it. */
export function formatOf(source: ByteSource, options: OpenOptions = {}): GaugeFormat {
  const head = peek(source, 0, 4096);
  const format = formats.find((f) => f.matches(source, head, options));
  if (format) return format;
  const start = head.subarray(0, 16).toString("latin1").replace(/[^\x20-\x7e]/g, ".");
  throw new FileFormatError(
    `${source.name}: got ${source.size} bytes that start with "${start}", expected NERSC, ILDG or SciDAC, MILC, npy, openQCD, HiRep or Bridge++: not a configuration, damaged at its beginning, or links without a header (then give the lattice)`,
  );
}

/**
 * Name of a file's format, decided by its content: `nersc`, `ildg`, `scidac`, `milc`, `npy`, `openqcd`, `hirep`, `bridge`, `bridge-binary`.
 * @throws FileFormatError for files of no known format, and for damaged headers.
 */
export function detectFormat(file: string | Uint8Array, options: OpenOptions = {}): FormatName {
  const source = openSource(file);
  try {
    const format = formatOf(source, options);
    return format.name === "ildg" ? format.open(source, options).format : format.name;
  } finally {
    source.close();
  }
}
