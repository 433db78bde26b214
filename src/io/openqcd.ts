/**
 * openQCD export format: little endian; Lt, Lx, Ly, Lz; the mean of Re tr P (three times the normalised plaquette); then for every odd site, t slowest
 * and z fastest, U_mu(n) and U_mu(n - mu) for mu = t, x, y, z. SU(3) in double precision, no checksum.
 */
import { FileFormatError } from "../errors.ts";
import { type GaugeData, type GaugeFormat, checkExtents, extentsText } from "./gauge-data.ts";
import { peek } from "./source.ts";
import { streamRecords } from "./stream.ts";

const HEADER = 24;

/** (Lt, Lx, Ly, Lz) when the size of the file fits them. */
function dims(size: number, head: Buffer): number[] | undefined {
  if (head.length < HEADER) return undefined;
  const d = [0, 4, 8, 12].map((k) => head.readInt32LE(k));
  return d.every((L) => L >= 1) && d.reduce((v, L) => v * L, 576) + HEADER === size ? d : undefined;
}

export const openqcd = {
  name: "openqcd",
  title: "openQCD",
  cite: ["luscher.web.cern.ch/luscher/openQCD"],
  matches: (source, head) => dims(source.size, head) !== undefined,
  open(source) {
    const head = peek(source, 0, HEADER);
    const [Lt, Lx, Ly, Lz] = dims(source.size, head)! as [number, number, number, number];
    const extents = checkExtents(source, [Lx, Ly, Lz, Lt]);
    if (extents.some((L) => L % 2 !== 0)) throw new FileFormatError(`${source.name}: got the lattice ${extentsText(extents)}, expected even extents in openQCD files`);
    const stored = head.readDoubleLE(16);
    if (!Number.isFinite(stored)) throw new FileFormatError(`${source.name}: plaquette in the header: got ${stored}, expected a number`);
    const lexicographic = (x: number, y: number, z: number, t: number): number => x + Lx * (y + Ly * (z + Lz * t));
    // two neighbours along z are one odd and one even site: record k is the odd one of pair k
    const site = (record: number, matrix: number): number => {
      const half = Lz / 2;
      let n = Math.floor(record / half);
      const y = n % Ly;
      n = (n - y) / Ly;
      const x = n % Lx;
      const t = (n - x) / Lx;
      const z = 2 * (record % half) + ((x + y + t + 1) % 2);
      if (matrix % 2 === 0) return lexicographic(x, y, z, t);
      const back = (c: number, L: number): number => (c + L - 1) % L;
      const mu = matrix >> 1;
      return mu === 0 ? lexicographic(x, y, z, back(t, Lt)) : mu === 1 ? lexicographic(back(x, Lx), y, z, t) : mu === 2 ? lexicographic(x, back(y, Ly), z, t) : lexicographic(x, y, back(z, Lz), t);
    };
    const data: GaugeData = {
      format: "openqcd",
      extents,
      N: 3,
      precision: 64,
      header: { plaquette: String(stored) },
      warnings: [],
      plaquette: { value: stored / 3, tolerance: 1e-12 },
      stream(sink) {
        streamRecords({ source, at: HEADER, N: 3, littleEndian: true, records: (Lx * Ly * Lz * Lt) / 2, directions: [3, 3, 0, 0, 1, 1, 2, 2], site }, sink);
        return { checksum: "absent", detail: "" };
      },
    };
    return data;
  },
} as const satisfies GaugeFormat;
