/**
 * HiRep: big endian; N, Lt, Lx, Ly, Lz; the normalised mean plaquette; then for every site, t slowest and z fastest, U_mu for mu = t, x, y, z.
 * SU(N) in double precision, no checksum. SU(2) with four reals a link (the code's own quaternions) or eight; the size tells.
 */
import { FileFormatError } from "../errors.ts";
import { type GaugeData, type GaugeFormat, MAX_N, checkExtents } from "./gauge-data.ts";
import { peek } from "./source.ts";
import { streamRecords } from "./stream.ts";

const HEADER = 28;

/** (N, Lt, Lx, Ly, Lz) when the size of the file fits them. */
function dims(size: number, head: Buffer): number[] | undefined {
  if (head.length < HEADER) return undefined;
  const d = [0, 4, 8, 12, 16].map((k) => head.readInt32BE(k));
  const [N, ...extents] = d as [number, ...number[]];
  if (!(N >= 2 && N <= MAX_N && extents.every((L) => L >= 1))) return undefined;
  const volume = extents.reduce((v, L) => v * L, 1);
  return size === HEADER + 64 * N * N * volume || (N === 2 && size === HEADER + 128 * volume) ? d : undefined;
}

export const hirep = {
  name: "hirep",
  title: "HiRep",
  cite: ["arXiv:0805.2058"],
  matches: (source, head) => dims(source.size, head) !== undefined,
  open(source) {
    const head = peek(source, 0, HEADER);
    const [N, Lt, Lx, Ly, Lz] = dims(source.size, head)! as [number, number, number, number, number];
    const extents = checkExtents(source, [Lx, Ly, Lz, Lt]);
    const stored = head.readDoubleBE(20);
    if (!Number.isFinite(stored)) throw new FileFormatError(`${source.name}: plaquette in the header: got ${stored}, expected a number`);
    const site = (record: number): number => {
      const z = record % Lz;
      let n = (record - z) / Lz;
      const y = n % Ly;
      n = (n - y) / Ly;
      const x = n % Lx;
      return x + Lx * (y + Ly * (z + (Lz * (n - x)) / Lx));
    };
    const quaternions = N === 2 && source.size === HEADER + 128 * Lx * Ly * Lz * Lt;
    const data: GaugeData = {
      format: "hirep",
      extents,
      N,
      precision: 64,
      header: { plaquette: String(stored) },
      warnings: [],
      plaquette: { value: stored, tolerance: 1e-10 },
      stream(sink) {
        streamRecords({ source, at: HEADER, N, littleEndian: false, records: Lx * Ly * Lz * Lt, directions: [3, 0, 1, 2], quaternions, site }, sink);
        return { checksum: "absent", detail: "" };
      },
    };
    return data;
  },
} as const satisfies GaugeFormat;
