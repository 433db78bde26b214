// Imports every public entry of the built package and prints numbers that have to be the same in every JavaScript engine: in strict arithmetic to the last bit.
// The links are made by products, sums, quotients and roots alone, which IEEE 754 fixes; logarithms and sines, of which random links are made, are each engine's own.
import { readFileSync } from "node:fs";

const root = new URL("../", import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
const importOf = (target) => import(new URL(target.default ?? target.node?.default ?? target.node, root).href);
for (const [entry, target] of Object.entries(exports)) if (entry !== "./package.json") if (Object.keys(await importOf(target)).length === 0) throw new Error(`${entry} is empty`);
const { SU, cold, gaugeAction, lattice } = await importOf(exports["."]);

let state = 7;
const draw = () => (state = (state * 48271) % 2147483647) / 1073741823.5 - 1;

/** Product of a matrix and an SU(2) matrix in rows and columns p, q: a normalised quaternion. */
function turned(U, p, q) {
  const a = [draw(), draw(), draw(), draw()];
  const norm = Math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2] + a[3] * a[3]);
  const [w, x, y, z] = a.map((v) => v / norm);
  const out = Float64Array.from(U);
  for (let row = 0; row < 3; row++) {
    const [i, j] = [6 * row + 2 * p, 6 * row + 2 * q];
    const [pr, pi, qr, qi] = [U[i], U[i + 1], U[j], U[j + 1]];
    // [[w + i z, y + i x], [-y + i x, w - i z]]
    out[i] = pr * w - pi * z - qr * y - qi * x;
    out[i + 1] = pr * z + pi * w + qr * x - qi * y;
    out[j] = pr * y - pi * x + qr * w + qi * z;
    out[j + 1] = pr * x + pi * y - qr * z + qi * w;
  }
  return out;
}

const unit = Float64Array.of(1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0);
const L = lattice([8, 8, 8, 8], { threads: 2, strict: true });
const links = [0, 1, 2, 3].map(() => Float64Array.from(Array.from({ length: L.volume }, () => [...turned(turned(turned(unit, 0, 1), 0, 2), 1, 2)]).flat()));
const U = cold(L, SU(3)).set(links);
const S = gaugeAction.wilson({ beta: 6 });
console.log([S.value(U), ...S.force(U).fields.flatMap((f) => [...f.toArray().subarray(0, 18)])].join(" "));
process.exit(0);
