/** Reference folder of the fixtures, and links and vectors read from npy files in Fortran order. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DirectionalField, type Lattice, type LinkField } from "gaugegrad";
import { readNpy } from "../samplers/helpers.ts";

export const reference = fileURLToPath(new URL("../../../shared/reference/", import.meta.url));

export const fixture = (name: string): string => `${reference}latticeqcd-rs-fixtures/${name}/`;
export const metadata = (name: string): unknown => JSON.parse(readFileSync(`${fixture(name)}metadata.json`, "utf8"));
export const numbers = (name: string, file: string): Float64Array => readNpy(`${fixture(name)}${file}.npy`).data;

/** u0 ... u3 = [row, column, x, y, z, t], first index fastest. */
export function fixtureLinks(geo: Lattice, name: string, file = "u"): LinkField {
  return new DirectionalField(geo, 3, "links").set(
    geo.extents.map((_, mu) => {
      const data = numbers(name, `${file}${mu}`);
      const out = new Float64Array(data.length);
      for (let n = 0; n < geo.volume; n++)
        for (let i = 0; i < 3; i++)
          for (let j = 0; j < 3; j++)
            for (let c = 0; c < 2; c++) out[18 * n + 2 * (3 * i + j) + c] = data[18 * n + 2 * (3 * j + i) + c]!;
      return out;
    }),
  ) as LinkField;
}

/** Old ILDG payload: big-endian doubles; site, direction, row, column, (re, im), x fastest. */
export function ildgLinks(geo: Lattice, N: number, file: string): LinkField {
  const bytes = readFileSync(`${reference}configs/${file}`);
  const size = 2 * N * N;
  const start = bytes.length - 8 * geo.volume * geo.dim * size;
  return new DirectionalField(geo, N, "links").set(
    geo.extents.map((_, mu) => Float64Array.from({ length: geo.volume * size }, (_v, k) => bytes.readDoubleBE(start + 8 * ((Math.floor(k / size) * geo.dim + mu) * size + (k % size))))),
  );
}
