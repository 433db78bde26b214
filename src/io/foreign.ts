/** Names what a file is that holds no configuration, so that a message can say what to do instead. */
import type { ByteSource } from "./source.ts";

interface Foreign {
  readonly what: string;
  readonly hint: string;
  matches(head: Buffer): boolean;
}

const starts = (...bytes: readonly number[]) => (head: Buffer): boolean => head.length >= bytes.length && bytes.every((b, k) => head[k] === b);
const text = (prefix: string) => (head: Buffer): boolean => head.subarray(0, prefix.length).toString("latin1") === prefix;
const UNPACK = "unpack it first";
const CONVERT = "give a file of links (NERSC, ILDG, SciDAC, MILC, npy, HDF5, openQCD, HiRep, Bridge++)";

const FOREIGN: readonly Foreign[] = [
  { what: "gzip data", hint: UNPACK, matches: starts(0x1f, 0x8b) },
  { what: "xz data", hint: UNPACK, matches: starts(0xfd, 0x37, 0x7a, 0x58, 0x5a) },
  { what: "Zstandard data", hint: UNPACK, matches: starts(0x28, 0xb5, 0x2f, 0xfd) },
  { what: "bzip2 data", hint: UNPACK, matches: text("BZh") },
  { what: "a tar archive", hint: UNPACK, matches: (head) => head.subarray(257, 262).toString("latin1") === "ustar" },
  { what: "a ZIP archive (NumPy .npz and PyTorch files are such)", hint: "save the one array of links with numpy.save", matches: starts(0x50, 0x4b, 0x03, 0x04) },
  { what: "a Python pickle", hint: "save the array of links with numpy.save", matches: (head) => head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5 },
  { what: "NetCDF", hint: "save the links as HDF5 or npy", matches: text("CDF") },
  { what: "a PNG image", hint: CONVERT, matches: starts(0x89, 0x50, 0x4e, 0x47) },
  { what: "a JPEG image", hint: CONVERT, matches: starts(0xff, 0xd8, 0xff) },
  { what: "a PDF document", hint: CONVERT, matches: text("%PDF") },
  { what: "a program (ELF)", hint: CONVERT, matches: starts(0x7f, 0x45, 0x4c, 0x46) },
  { what: "a Git LFS pointer, not the file itself", hint: "fetch it with git lfs pull", matches: text("version https://git-lfs") },
  { what: "a checkpoint of a run", hint: "give the folder of the run", matches: text("gaugegrad checkpoint") },
  { what: "a model file", hint: CONVERT, matches: text("gaugegrad model") },
  { what: "a web page", hint: "the download failed: fetch the file itself", matches: (head) => /^\s*<(!doctype html|html)/i.test(head.toString("latin1")) },
  { what: "XML", hint: CONVERT, matches: (head) => /^\s*<\?xml/.test(head.toString("latin1")) },
  { what: "JSON", hint: CONVERT, matches: (head) => /^\s*[{[]\s*["{[\d-]/.test(head.toString("latin1")) },
  { what: "text", hint: CONVERT, matches: (head) => head.length > 0 && head.every((b) => (b >= 0x20 && b !== 0x7f) || b === 9 || b === 10 || b === 13) && new TextDecoder("utf-8").decode(head).indexOf("\ufffd") < 0 },
  { what: "nothing but zeros", hint: "it was not written to its end, or damaged on the way", matches: (head) => head.length > 0 && head.every((b) => b === 0) },
];

/** "this is gzip data: unpack it first", or what its first bytes are when nobody knows. */
export function foreign(source: ByteSource, head: Buffer): string {
  if (source.size === 0) return "got an empty file, expected a configuration: it was not written to its end";
  const found = FOREIGN.find((f) => f.matches(head));
  if (found) return `this is ${found.what}, expected a configuration: ${found.hint}`;
  const start = head.subarray(0, 16).toString("latin1").replace(/[^\x20-\x7e]/g, ".");
  return `got ${source.size} bytes that start with "${start}"`;
}
