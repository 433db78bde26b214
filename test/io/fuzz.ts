/** Damaged files: whatever happens to a header, the reader gives links or one FileFormatError, soon and with bounded memory. */
import fc from "fast-check";
import { SU, hot, lattice } from "gaugegrad";
import { FileFormatError } from "../../src/errors.ts";
import { readGauge } from "../../src/io/index.ts";
import { bridgeText, gridFile, hirepFile, ildgFile, linksOf, milcFile, nerscFile, npyArray, npyDirection, npyWhole, openqcdFile, payload, scidacFile } from "./encode.ts";

const geo = lattice([2, 2, 2, 2], { threads: 1 });
const extents = geo.extents;
const links = linksOf(hot(geo, SU(3), { seed: 77 }));

/** A valid file of each format, and how many of its first bytes are header. */
export const subjects = (
  [
    ["nersc", nerscFile(links)],
    ["nersc two rows", nerscFile(links, { rows: 2, bits: 32 })],
    ["ildg", ildgFile(links)],
    ["scidac", scidacFile(links)],
    ["milc", milcFile(links, "BIG")],
    ["old milc", milcFile(links, "LITTLE", true)],
    ["openqcd", openqcdFile(links)],
    ["hirep", hirepFile(links)],
    ["npy", npyWhole(links)],
    ["npy direction", npyDirection(links, 0)],
    ["short datatype", nerscFile(links, { header: { DATATYPE: "4D_SUN_GAUGE" }, lines: ["MILC_INFO = BEGIN", "a = b", "MILC_INFO = END"] })],
    ["grid", gridFile(links)],
    ["npy pairs", npyArray(links, ["t", "z", "y", "x", "mu", "row", "column"], { pairs: true })],
    ["bridge", bridgeText(links)],
    ["bridge binary", payload(links, 64, "BIG")],
    ["binary little", payload(links, 64, "LITTLE")],
  ] as const
).map(([name, bytes]) => ({ name, bytes, header: Math.min(bytes.length, name === "grid" ? 3600 : name === "scidac" || name === "ildg" ? 1400 : 600) }));

type Damage =
  | { readonly kind: "byte"; readonly at: number; readonly value: number }
  | { readonly kind: "word"; readonly at: number; readonly value: number }
  | { readonly kind: "cut"; readonly at: number }
  | { readonly kind: "insert"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "repeat"; readonly at: number; readonly length: number; readonly times: number }
  | { readonly kind: "digits"; readonly at: number; readonly text: string }
  | { readonly kind: "append"; readonly bytes: Uint8Array };

/** Words that hostile headers are made of: huge, negative, zero, one off. */
const nastyWords = fc.constantFrom(0, 1, 2, 3, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 0x10000, 0x456789ab);
const nastyTexts = fc.constantFrom("-1", "0", "999999999", "99999999999999999999", "1e9", "0x10", "NaN", "Infinity", "<", "<lx>", "=", "\n", "END_HEADER\n", "__proto__ = 1\n", "'", "(", "3.5", "2 2 2 2 2");

function damage(header: number, size: number): fc.Arbitrary<Damage> {
  const at = fc.nat(header - 1);
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
  return fc.oneof(
    fc.record({ kind: fc.constant("byte" as const), at, value: fc.nat(255) }),
    fc.record({ kind: fc.constant("word" as const), at, value: nastyWords }),
    fc.record({ kind: fc.constant("cut" as const), at: fc.nat(size - 1) }),
    fc.record({ kind: fc.constant("insert" as const), at, bytes }),
    fc.record({ kind: fc.constant("repeat" as const), at, length: fc.integer({ min: 1, max: 200 }), times: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ kind: fc.constant("digits" as const), at, text: nastyTexts }),
    fc.record({ kind: fc.constant("append" as const), bytes }),
  );
}

function apply(bytes: Buffer, d: Damage): Buffer {
  const out = Buffer.from(bytes);
  switch (d.kind) {
    case "byte":
      if (d.at < out.length) out[d.at] = d.value;
      return out;
    case "word":
      if (d.at + 4 <= out.length) out.writeUInt32BE(d.value, d.at);
      return out;
    case "cut":
      return out.subarray(0, d.at);
    case "insert":
      return Buffer.concat([out.subarray(0, d.at), d.bytes, out.subarray(d.at)]);
    case "repeat": {
      const part = out.subarray(d.at, d.at + d.length);
      return Buffer.concat([out.subarray(0, d.at), ...Array.from({ length: d.times }, () => part), out.subarray(d.at)]);
    }
    case "digits": {
      // the next number or word of the header gives way to the text
      const from = d.at + out.subarray(d.at).toString("latin1").search(/[\d<='(]/);
      const length = /^\d+|^./.exec(out.subarray(Math.max(from, 0)).toString("latin1"))?.[0].length ?? 0;
      return Buffer.concat([out.subarray(0, from), Buffer.from(d.text, "latin1"), out.subarray(from + length)]);
    }
    case "append":
      return Buffer.concat([out, d.bytes]);
  }
}

/** Counts of what came of the damaged files. */
export interface FuzzOutcome {
  refused: number;
  read: number;
  /** Milliseconds of the slowest. */
  slowest: number;
}

/** Damages each subject `runs` times with up to three mutations. Throws, with the seed, at the first file that does anything else than give links or one line of error. */
export function fuzz(runs: number, seed: number): FuzzOutcome {
  const outcome: FuzzOutcome = { refused: 0, read: 0, slowest: 0 };
  for (const s of subjects)
    fc.assert(
      fc.property(fc.array(damage(s.header, s.bytes.length), { minLength: 1, maxLength: 3 }), fc.boolean(), fc.boolean(), (damages, allowMismatch, given) => {
        const file = damages.reduce(apply, Buffer.from(s.bytes));
        const start = performance.now();
        try {
          const { U } = readGauge(file, { threads: 1, backend: "js", allowMismatch, makeLattice: (L) => (L.join() === extents.join() ? geo : lattice(L, { threads: 1, backend: "js" })), ...(given ? { lattice: extents } : {}) });
          if (U.lattice !== geo) U[Symbol.dispose]();
          outcome.read++;
        } catch (error) {
          if (!(error instanceof FileFormatError)) throw error;
          if (/[\r\n]/.test(error.message) || !/expected|damaged/.test(error.message)) throw new Error(`not one clear line: ${JSON.stringify(error.message)}`, { cause: error });
          outcome.refused++;
        }
        outcome.slowest = Math.max(outcome.slowest, performance.now() - start);
      }),
      { numRuns: runs, seed },
    );
  return outcome;
}
