/** Files of every format, written by code of its own that follows the format descriptions: plain loops, bitwise checksums, no streaming. */
import type { LinkField } from "gaugegrad";

/** Links by coordinates. */
export interface Links {
  readonly extents: readonly number[];
  readonly N: number;
  /** 2 N^2 reals, row by row. */
  readonly at: (x: readonly number[], mu: number) => Float64Array;
}

export function linksOf(U: LinkField): Links {
  const arrays = U.lattice.extents.map((_, mu) => U.toArray(mu));
  const size = 2 * U.N * U.N;
  const { extents } = U.lattice;
  return {
    extents,
    N: U.N,
    at: (x, mu) => {
      const n = extents.reduceRight((s, L, k) => s * L + ((x[k]! % L) + L) % L, 0);
      return arrays[mu]!.subarray(n * size, (n + 1) * size);
    },
  };
}

type Endian = "BIG" | "LITTLE";

/** Coordinates, x fastest. */
export function sites(extents: readonly number[]): number[][] {
  const out: number[][] = [];
  const volume = extents.reduce((v, L) => v * L, 1);
  for (let n = 0; n < volume; n++) {
    let rest = n;
    out.push(extents.map((L) => {
      const x = rest % L;
      rest = (rest - x) / L;
      return x;
    }));
  }
  return out;
}

function encodeReals(reals: readonly number[], bits: number, endian: Endian): Buffer {
  const b = Buffer.alloc((reals.length * bits) / 8);
  const put = bits === 64 ? (endian === "BIG" ? "writeDoubleBE" : "writeDoubleLE") : endian === "BIG" ? "writeFloatBE" : "writeFloatLE";
  reals.forEach((x, k) => b[put](x, (k * bits) / 8));
  return b;
}

/** The common order; `rows` rows of each matrix. */
export function payload(U: Links, bits: number, endian: Endian, rows = U.N): Buffer {
  return encodeReals(sites(U.extents).flatMap((x) => U.extents.flatMap((_, mu) => [...U.at(x, mu).subarray(0, 2 * rows * U.N)])), bits, endian);
}

const product = (a: Float64Array, b: Float64Array, N: number, daggerA = false, daggerB = false): Float64Array => {
  const out = new Float64Array(2 * N * N);
  const el = (m: Float64Array, i: number, j: number, dagger: boolean): [number, number] => (dagger ? [m[2 * (j * N + i)]!, -m[2 * (j * N + i) + 1]!] : [m[2 * (i * N + j)]!, m[2 * (i * N + j) + 1]!]);
  for (let i = 0; i < N; i++)
    for (let j = 0; j < N; j++)
      for (let k = 0; k < N; k++) {
        const [ar, ai] = el(a, i, k, daggerA);
        const [br, bi] = el(b, k, j, daggerB);
        out[2 * (i * N + j)]! += ar * br - ai * bi;
        out[2 * (i * N + j) + 1]! += ar * bi + ai * br;
      }
  return out;
};
const reTrace = (m: Float64Array, N: number): number => Array.from({ length: N }, (_, i) => m[2 * (i * N + i)]!).reduce((s, x) => s + x, 0);

/** Mean of Re tr P / N. */
export function meanPlaquette(U: Links): number {
  let [s, n] = [0, 0];
  const up = (x: readonly number[], mu: number): number[] => x.map((c, k) => c + (k === mu ? 1 : 0));
  for (const x of sites(U.extents))
    for (let mu = 0; mu < U.extents.length; mu++)
      for (let nu = mu + 1; nu < U.extents.length; nu++, n++) {
        const a = product(U.at(x, mu), U.at(up(x, mu), nu), U.N);
        const b = product(U.at(x, nu), U.at(up(x, nu), mu), U.N);
        s += reTrace(product(a, b, U.N, false, true), U.N) / U.N;
      }
  return s / n;
}

export function meanLinkTrace(U: Links): number {
  const all = sites(U.extents).flatMap((x) => U.extents.map((_, mu) => reTrace(U.at(x, mu), U.N) / U.N));
  return all.reduce((s, x) => s + x, 0) / all.length;
}

/** Words of a buffer in the given byte order. */
function words(data: Buffer, endian: Endian): number[] {
  return Array.from({ length: data.length / 4 }, (_, k) => (endian === "BIG" ? data.readUInt32BE(4 * k) : data.readUInt32LE(4 * k)));
}

export function nerscChecksum(data: Buffer, endian: Endian): string {
  return (words(data, endian).reduce((s, w) => s + BigInt(w), 0n) % (1n << 32n)).toString(16);
}

const rotl = (x: number, n: number): number => Number(((BigInt(x) << BigInt(n)) | (BigInt(x) >> BigInt(32 - n))) & 0xffffffffn);

export function milcChecksums(data: Buffer, endian: Endian): [number, number] {
  let [a, b] = [0, 0];
  words(data, endian).forEach((w, k) => {
    a = (a ^ rotl(w, k % 29)) >>> 0;
    b = (b ^ rotl(w, k % 31)) >>> 0;
  });
  return [a, b];
}

/** CRC-32 bit by bit. */
export function crcBitwise(data: Buffer): number {
  let c = 0xffffffff;
  for (const byte of data) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return (c ^ 0xffffffff) >>> 0;
}

export function scidacChecksums(data: Buffer, volume: number): [string, string] {
  const size = data.length / volume;
  let [a, b] = [0, 0];
  for (let r = 0; r < volume; r++) {
    const c = crcBitwise(data.subarray(r * size, (r + 1) * size));
    a = (a ^ rotl(c, r % 29)) >>> 0;
    b = (b ^ rotl(c, r % 31)) >>> 0;
  }
  return [a.toString(16), b.toString(16)];
}

export interface NerscOptions {
  readonly bits?: 32 | 64;
  readonly endian?: Endian;
  readonly rows?: number;
  /** Header lines that replace the computed ones; null leaves a key out. */
  readonly header?: Readonly<Record<string, string | null>>;
  /** Further lines at the end of the header. */
  readonly lines?: readonly string[];
}

export function nerscFile(U: Links, { bits = 64, endian = "BIG", rows = U.N, header = {}, lines = [] }: NerscOptions = {}): Buffer {
  const data = payload(U, bits, endian, rows);
  const keys: Record<string, string | null> = {
    HDR_VERSION: "1.0",
    DATATYPE: `4D_SU${U.N}_GAUGE${rows === U.N ? `_${U.N}x${U.N}` : ""}`,
    ...Object.fromEntries(U.extents.map((L, k) => [`DIMENSION_${k + 1}`, String(L)])),
    LINK_TRACE: meanLinkTrace(U).toFixed(10),
    PLAQUETTE: meanPlaquette(U).toFixed(10),
    CHECKSUM: nerscChecksum(data, endian),
    FLOATING_POINT: `IEEE${bits}${endian}`,
    ...header,
  };
  const text = Object.entries(keys).flatMap(([k, v]) => (v === null ? [] : [`${k} = ${v}`]));
  return Buffer.concat([Buffer.from(["BEGIN_HEADER", ...text, ...lines, "END_HEADER", ""].join("\n"), "latin1"), data]);
}

export function limeRecord(type: string, data: Buffer | string, flags = 0xc000): Buffer {
  const body = Buffer.from(data);
  const head = Buffer.alloc(144);
  head.writeUInt32BE(0x456789ab, 0);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(flags, 6);
  head.writeUInt32BE(body.length, 12);
  head.write(type, 16, "latin1");
  return Buffer.concat([head, body, Buffer.alloc((8 - (body.length % 8)) % 8)]);
}

export function checksumXml([a, b]: readonly [string, string]): string {
  return `<?xml version="1.0" encoding="UTF-8"?><scidacChecksum><version>1.0</version><suma>${a}</suma><sumb>${b}</sumb></scidacChecksum>`;
}

export function ildgFile(U: Links, { bits = 64, endian = "BIG" as Endian, tags = {} as Record<string, string>, sums = undefined as readonly [string, string] | undefined } = {}): Buffer {
  const data = payload(U, bits, endian);
  const entries: Record<string, string> = { field: `su${U.N}gauge`, precision: String(bits), lx: String(U.extents[0]), ly: String(U.extents[1]), lz: String(U.extents[2]), lt: String(U.extents[3]), ...tags };
  // prefix, attributes and white space as other writers have them
  const xml = `<?xml version="1.0"?>\n<ildg:ildgFormat xmlns:ildg="http://www.lqcd.org/ildg">\n${Object.entries(entries).map(([k, v]) => `  <ildg:${k} unit="1"> ${v} </ildg:${k}>`).join("\n")}\n</ildg:ildgFormat>`;
  const volume = U.extents.reduce((v, L) => v * L, 1);
  return Buffer.concat([limeRecord("ildg-format", xml, 0x8000), limeRecord("ildg-binary-data", data, 0), limeRecord("scidac-checksum", checksumXml(sums ?? scidacChecksums(data, volume)), 0x4000)]);
}

export function scidacFile(U: Links, { bits = 32, tags = {} as Record<string, string> } = {}): Buffer {
  const data = payload(U, bits, "BIG");
  const record: Record<string, string> = { datatype: `QDP_${bits === 32 ? "F" : "D"}${U.N}_ColorMatrix`, precision: bits === 32 ? "F" : "D", colors: String(U.N), typesize: String((2 * U.N * U.N * bits) / 8), datacount: "4", ...tags };
  const volume = U.extents.reduce((v, L) => v * L, 1);
  return Buffer.concat([
    limeRecord("scidac-private-file-xml", `<?xml version="1.0"?><scidacFile><version>1.1</version><spacetime>4</spacetime><dims>${tags["dims"] ?? U.extents.join(" ")} </dims><volfmt>${tags["volfmt"] ?? "0"}</volfmt></scidacFile>`),
    limeRecord("scidac-file-xml", "<title>test</title>"),
    limeRecord("scidac-private-record-xml", `<?xml version="1.0"?><scidacRecord><!-- <datacount>9</datacount> -->${Object.entries(record).map(([k, v]) => `<${k}>${v}</${k}>`).join("")}</scidacRecord>`),
    limeRecord("scidac-record-xml", "<info/>"),
    limeRecord("scidac-binary-data", data),
    limeRecord("scidac-checksum", checksumXml(scidacChecksums(data, volume))),
  ]);
}

/** A file in the layout of Grid: its own metadata, the SciDAC records and the ILDG ones, a datatype that names a vector, dims over several lines. */
export function gridFile(U: Links, { tags = {} as Record<string, string>, metadata = "<nd>4</nd>" } = {}): Buffer {
  const data = payload(U, 64, "BIG");
  const volume = U.extents.reduce((v, L) => v * L, 1);
  const record: Record<string, string> = { version: "1", date: "Mon 01 Jan 2024", recordtype: "0", datatype: `GRID_D_LorentzVector4_ColourMatrix${U.N}`, precision: "D", colors: String(U.N), spins: "1", typesize: String(16 * U.N * U.N), datacount: "4", ...tags };
  const xml = (name: string, entries: Readonly<Record<string, string>>): string => `<?xml version="1.0"?>\n<${name}>\n${Object.entries(entries).map(([k, v]) => `  <${k}>${v}</${k}>\n`).join("")}</${name}>\n`;
  const [lx, ly, lz, lt] = U.extents.map(String) as [string, string, string, string];
  return Buffer.concat([
    limeRecord("grid-format", `<?xml version="1.0"?>\n<FieldMetaData>\n  ${metadata}\n</FieldMetaData>\n`, 0x8000),
    limeRecord("FieldNormMetaData", "<FieldNormMetaData><norm2>1</norm2></FieldNormMetaData>", 0),
    limeRecord("scidac-private-file-xml", xml("scidacFile", { version: "1", spacetime: "4", dims: U.extents.join(" \n"), volfmt: "0" }), 0),
    limeRecord("scidac-file-xml", xml("usqcdInfo", { version: "1" }), 0x4000),
    limeRecord("scidac-private-record-xml", xml("scidacRecord", record), 0x8000),
    limeRecord("scidac-record-xml", xml("usqcdInfo", { version: "1" }), 0),
    limeRecord("ildg-format", xml("ildgFormat", { version: "1", field: `su${U.N}gauge`, precision: "64", lx, ly, lz, lt }), 0),
    limeRecord("ildg-data-lfn", "lfn://example/none", 0),
    limeRecord("ildg-binary-data", data, 0),
    limeRecord("scidac-checksum", checksumXml(scidacChecksums(data, volume)), 0x4000),
  ]);
}

export function milcFile(U: Links, endian: Endian, old = false): Buffer {
  const data = payload(U, 32, endian);
  const head = Buffer.alloc(old ? 28 : 96);
  const put = (x: number, at: number): void => void (endian === "BIG" ? head.writeUInt32BE(x, at) : head.writeUInt32LE(x, at));
  put(old ? 59354 : 20103, 0);
  U.extents.forEach((L, k) => put(L, 4 + 4 * k));
  if (!old) {
    head.write("Tue Nov 24 2026", 20);
    const [a, b] = milcChecksums(data, endian);
    put(a, 88);
    put(b, 92);
  }
  return Buffer.concat([head, data]);
}

export function openqcdFile(U: Links, plaquette = 3 * meanPlaquette(U)): Buffer {
  const [Lx, Ly, Lz, Lt] = U.extents as [number, number, number, number];
  const head = Buffer.alloc(24);
  [Lt, Lx, Ly, Lz].forEach((L, k) => head.writeInt32LE(L, 4 * k));
  head.writeDoubleLE(plaquette, 16);
  const reals: number[] = [];
  for (let t = 0; t < Lt; t++)
    for (let x = 0; x < Lx; x++)
      for (let y = 0; y < Ly; y++)
        for (let z = 0; z < Lz; z++) {
          if ((t + x + y + z) % 2 === 0) continue;
          for (const mu of [3, 0, 1, 2]) {
            reals.push(...U.at([x, y, z, t], mu));
            reals.push(...U.at([x, y, z, t].map((c, k) => c - (k === mu ? 1 : 0)), mu));
          }
        }
  return Buffer.concat([head, encodeReals(reals, 64, "LITTLE")]);
}

/** `quaternions`: SU(2) as (q0, q1, q2, q3) with U_00 = q0 + i q3 and U_10 = q2 + i q1. */
export function hirepFile(U: Links, plaquette = meanPlaquette(U), quaternions = false): Buffer {
  const [Lx, Ly, Lz, Lt] = U.extents as [number, number, number, number];
  const head = Buffer.alloc(28);
  [U.N, Lt, Lx, Ly, Lz].forEach((L, k) => head.writeInt32BE(L, 4 * k));
  head.writeDoubleBE(plaquette, 20);
  const reals: number[] = [];
  for (let t = 0; t < Lt; t++) for (let x = 0; x < Lx; x++) for (let y = 0; y < Ly; y++) for (let z = 0; z < Lz; z++) for (const mu of [3, 0, 1, 2]) {
    const m = U.at([x, y, z, t], mu);
    reals.push(...(quaternions ? [m[0]!, m[5]!, m[4]!, m[1]!] : m));
  }
  return Buffer.concat([head, encodeReals(reals, 64, "BIG")]);
}

export function bridgeText(U: Links, format: (x: number) => string = (x) => x.toExponential(16)): Buffer {
  return Buffer.from(sites(U.extents).flatMap((x) => U.extents.flatMap((_, mu) => [...U.at(x, mu)].map(format))).join("\n") + "\n");
}

function npyHeader(text: string): Buffer {
  const body = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11) + "\n";
  const head = Buffer.alloc(10);
  head.write("\x93NUMPY", 0, "latin1");
  head[6] = 1;
  head.writeUInt16LE(body.length, 8);
  return Buffer.concat([head, Buffer.from(body, "latin1")]);
}

export function npyWhole(U: Links, bits: 32 | 64 = 64, endian: Endian = "LITTLE"): Buffer {
  const shape = [...[...U.extents].reverse(), U.extents.length, U.N, U.N].join(", ");
  return Buffer.concat([npyHeader(`{'descr': '${endian === "BIG" ? ">" : "<"}c${bits / 4}', 'fortran_order': False, 'shape': (${shape}), }`), payload(U, bits, endian)]);
}

/** One array [row, column, x, y, z, t] in Fortran order. */
export function npyDirection(U: Links, mu: number): Buffer {
  const { N } = U;
  const reals = sites(U.extents).flatMap((x) => {
    const m = U.at(x, mu);
    return Array.from({ length: N * N }, (_, k) => [m[2 * ((k % N) * N + Math.floor(k / N))]!, m[2 * ((k % N) * N + Math.floor(k / N)) + 1]!]).flat();
  });
  return Buffer.concat([npyHeader(`{'descr': '<c16', 'fortran_order': True, 'shape': (${[N, N, ...U.extents].join(", ")}), }`), encodeReals(reals, 64, "LITTLE")]);
}

/** Reals of an array whose axes stand in the given order, slowest first; and its shape. */
export function arrayOf(U: Links, axes: readonly string[], direction?: number): { shape: number[]; reals: number[] } {
  const names = U.extents.length === 2 ? ["x", "t"] : U.extents.length === 3 ? ["x", "y", "t"] : ["x", "y", "z", "t"];
  const length = (axis: string): number => (axis === "mu" ? U.extents.length : axis === "row" || axis === "column" ? U.N : U.extents[names.indexOf(axis)]!);
  const shape = axes.map(length);
  const reals: number[] = [];
  const walk = (at: Readonly<Record<string, number>>, k: number): void => {
    if (k === axes.length) {
      const m = U.at(names.map((n) => at[n]!), at["mu"] ?? direction!);
      const element = 2 * (at["row"]! * U.N + at["column"]!);
      reals.push(m[element]!, m[element + 1]!);
      return;
    }
    for (let c = 0; c < shape[k]!; c++) walk({ ...at, [axes[k]!]: c }, k + 1);
  };
  walk({}, 0);
  return { shape, reals };
}

/** An array with its axes in the given order; `pairs`: real numbers with a last axis of length 2; `fortran`: as an array in column-major order of the reversed axes. */
export function npyArray(U: Links, axes: readonly string[], { pairs = false, fortran = false } = {}): Buffer {
  const { shape, reals } = arrayOf(U, axes);
  const stated = [...(fortran ? [...shape].reverse() : shape), ...(pairs ? [2] : [])];
  return Buffer.concat([npyHeader(`{'descr': '<${pairs ? "f8" : "c16"}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (${stated.join(", ")}), }`), encodeReals(reals, 64, "LITTLE")]);
}
