/** The hand-written C loops of `reference/loops.c`, compiled for one width by the system's compiler; undefined where that is not possible. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

type Foreign = (...args: (number | ArrayBufferView)[]) => number;

/** Site order of the loops: the lattice cut in two along the last directions, W = 2^cuts lanes. */
interface Order {
  readonly blocks: number;
  readonly position: Int32Array;
  readonly table: Int32Array;
}

function order(extents: readonly number[], W: number): Order {
  const cuts = Math.log2(W);
  const half = extents.map((L, mu) => (mu >= extents.length - cuts ? L / 2 : L));
  const V = extents.reduce((v, L) => v * L, 1);
  const coordinates = (n: number): number[] => extents.map((L) => [n % L, (n = Math.floor(n / L))][0]!);
  const place = (x: readonly number[]): number => {
    let [block, lane] = [0, 0];
    for (let mu = extents.length - 1; mu >= 0; mu--) {
      const y = (x[mu]! + extents[mu]!) % extents[mu]!;
      block = block * half[mu]! + (y % half[mu]!);
      if (mu >= extents.length - cuts) lane = 2 * lane + Math.floor(y / half[mu]!);
    }
    return block * W + lane;
  };
  const position = Int32Array.from({ length: V }, (_, n) => place(coordinates(n)));
  const table = new Int32Array((V / W) * 2 * extents.length);
  for (let n = 0; n < V; n++) {
    if (position[n]! % W !== 0) continue;
    const x = coordinates(n);
    extents.forEach((_, mu) => [1, -1].forEach((s, k) => (table[(position[n]! / W) * 2 * extents.length + 2 * mu + k] = place(x.map((c, nu) => (nu === mu ? c + s : c))))));
  }
  return { blocks: V / W, position, table };
}

export interface CLoop {
  readonly name: string;
  run(): void;
  result(): Float64Array[];
}

/** Loops on one lattice; directions and components of links are given as one array a direction, sites lexicographic. */
export class CReference {
  readonly #call: (prototype: string) => Foreign;
  readonly #order: Order;
  readonly #W: number;
  readonly name: string;

  private constructor(call: (prototype: string) => Foreign, extents: readonly number[], W: number) {
    this.#call = call;
    this.#order = order(extents, W);
    this.#W = W;
    this.name = `C, ${W} sites`;
  }

  static make(extents: readonly number[], W: number): CReference | undefined {
    if (extents.length !== 4 || extents.some((L) => L % 2 !== 0)) return undefined;
    const folder = mkdtempSync(join(tmpdir(), "gaugegrad-bench-"));
    try {
      const koffi = createRequire(import.meta.url)("koffi") as { load(file: string): { func(prototype: string): Foreign } };
      const file = join(folder, "loops.so");
      const source = fileURLToPath(new URL("./reference/loops.c", import.meta.url));
      const cc = spawnSync(process.env["CC"] ?? "cc", [`-DW=${W}`, "-march=native", "-O3", "-ffp-contract=fast", "-fno-math-errno", "-fPIC", "-shared", "-o", file, source]);
      if (cc.status !== 0) return undefined;
      const library = koffi.load(file);
      return new CReference((prototype) => library.func(prototype), extents, W);
    } catch {
      return undefined;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  #memory(bytes: number): number {
    return this.#call("int64_t reserve(int64_t bytes)")(bytes);
  }
  #write(to: number, data: ArrayBufferView): void {
    this.#call("void put(int64_t to, void* from, int64_t bytes)")(to, data, data.byteLength);
  }
  /** Canonical fields of n reals a site, side by side in a block, and back. */
  #pack(fields: readonly Float64Array[], n: number): Float64Array {
    const { position, blocks } = this.#order;
    const out = new Float64Array(blocks * this.#W * n * fields.length);
    fields.forEach((f, d) => position.forEach((p, site) => {
      const [block, lane] = [Math.floor(p / this.#W), p % this.#W];
      for (let c = 0; c < n; c++) out[((block * fields.length + d) * n + c) * this.#W + lane] = f[site * n + c]!;
    }));
    return out;
  }
  #unpack(from: number, count: number, n: number): Float64Array[] {
    const { position, blocks } = this.#order;
    const data = new Float64Array(blocks * this.#W * n * count);
    this.#call("void get(void* to, int64_t from, int64_t bytes)")(data, from, data.byteLength);
    return Array.from({ length: count }, (_, d) => {
      const f = new Float64Array(position.length * n);
      position.forEach((p, site) => {
        const [block, lane] = [Math.floor(p / this.#W), p % this.#W];
        for (let c = 0; c < n; c++) f[site * n + c] = data[((block * count + d) * n + c) * this.#W + lane]!;
      });
      return f;
    });
  }
  #table(): number {
    const t = this.#memory(this.#order.table.byteLength);
    this.#write(t, this.#order.table);
    return t;
  }

  /** Sum of Re tr over all plaquettes and its force, SU(3). */
  wilson(links: readonly Float64Array[]): CLoop {
    const U = this.#pack(links, 18);
    const [u, f, t] = [this.#memory(U.byteLength), this.#memory(U.byteLength), this.#table()];
    this.#write(u, U);
    const loop = this.#call("double wilson(int64_t links, int64_t force, int64_t table, int32_t blocks)");
    const run = (): number => loop(u, f, t, this.#order.blocks);
    return { name: this.name, run, result: () => [Float64Array.of(run()), ...this.#unpack(f, 4, 18)] };
  }

  /** Sum of Re tr over all plaquettes after one stout step, and its force by the links before it, SU(3). */
  stout(links: readonly Float64Array[], rho: number): CLoop {
    const U = this.#pack(links, 18);
    const [u, f, w, t] = [this.#memory(U.byteLength), this.#memory(U.byteLength), this.#memory(4 * U.byteLength), this.#table()];
    this.#write(u, U);
    const loop = this.#call("double stout(int64_t links, int64_t force, int64_t work, int64_t table, int32_t blocks, double rho)");
    const run = (): number => loop(u, f, w, t, this.#order.blocks, rho);
    return { name: this.name, run, result: () => [Float64Array.of(run()), ...this.#unpack(f, 4, 18)] };
  }

  /** The staggered operator on all sites, SU(3), with the phases in the links. */
  staggered(links: readonly Float64Array[], x: Float64Array): CLoop {
    const [U, X] = [this.#pack(links, 18), this.#pack([x], 6)];
    const [u, v, y, t] = [this.#memory(U.byteLength), this.#memory(X.byteLength), this.#memory(X.byteLength), this.#table()];
    this.#write(u, U);
    this.#write(v, X);
    const loop = this.#call("void staggered(int64_t links, int64_t in, int64_t out, int64_t table, int32_t blocks)");
    const run = (): number => loop(u, v, y, t, this.#order.blocks);
    return { name: this.name, run, result: () => (run(), this.#unpack(y, 1, 6)) };
  }
}
