/**
 * The arithmetic of an op at one site, for all sites at once: one real number at a site is an array over the sites, or a number of the
 * host where it is the same everywhere. Gives every op with a site rule a TensorFlow.js rule.
 */
import type { Site, SiteFunction, V } from "../../autograd/index.ts";
import type { Arrays, BinaryFunction, DeviceArray, UnaryFunction } from "../../backend/index.ts";

type Val = number | DeviceArray;
const val = (v: V): Val => v as unknown as Val;
const out = (v: Val): V => v as unknown as V;

const HOST: Readonly<Record<SiteFunction, (x: number, y: number) => number>> = {
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  tanh: Math.tanh,
  exp: Math.exp,
  log: Math.log,
  atan2: Math.atan2,
};

export class ArraySite implements Site {
  readonly #b: Arrays;

  constructor(b: Arrays) {
    this.#b = b;
  }

  constant(x: number): V {
    return out(x);
  }
  add(a: V, b: V): V {
    const [x, y] = [val(a), val(b)];
    if (x === 0) return b;
    if (y === 0) return a;
    return this.#binary("add", x, y, (p, q) => p + q);
  }
  sub(a: V, b: V): V {
    return val(b) === 0 ? a : this.#binary("sub", val(a), val(b), (p, q) => p - q);
  }
  mul(a: V, b: V): V {
    const [x, y] = [val(a), val(b)];
    if (x === 0 || y === 0) return out(0);
    if (x === 1) return b;
    if (y === 1) return a;
    return this.#binary("mul", x, y, (p, q) => p * q);
  }
  fma(a: V, b: V, c: V): V {
    return this.add(this.mul(a, b), c);
  }
  fnma(a: V, b: V, c: V): V {
    return this.sub(c, this.mul(a, b));
  }
  div(a: V, b: V): V {
    return this.#binary("div", val(a), val(b), (p, q) => p / q);
  }
  neg(a: V): V {
    return this.#unary("neg", a, (x) => -x);
  }
  sqrt(a: V): V {
    return this.#unary("sqrt", a, Math.sqrt);
  }
  abs(a: V): V {
    return this.#unary("abs", a, Math.abs);
  }
  max(a: V, b: V): V {
    return this.#binary("maximum", val(a), val(b), (p, q) => (p > q ? p : q));
  }
  positive(c: V, a: V, b: V): V {
    const x = val(c);
    if (typeof x === "number") return x > 0 ? a : b;
    return out(this.#b.positive(x, this.#array(val(a)), this.#array(val(b))));
  }
  call(name: SiteFunction, ...args: V[]): V {
    if (name === "atan2") return this.#binary("atan2", val(args[0]!), val(args[1]!), HOST.atan2);
    return this.#unary(name, args[0]!, (x) => HOST[name](x, 0));
  }
  loop(count: V, carried: readonly V[], body: (values: readonly V[]) => V[]): V[] {
    const b = this.#b;
    const repeats = Math.ceil(this.#largest(count));
    const mark = b.mark();
    let values: readonly V[] = carried;
    for (let k = 0; k < repeats; k++) {
      const next = body(values);
      const more = this.sub(count, out(k));
      values = next.map((v, i) => this.positive(more, v, values[i]!));
      b.sweep(mark, values.map(val).filter((v) => typeof v !== "number"));
    }
    return [...values];
  }

  #largest(v: V): number {
    const x = val(v);
    return typeof x === "number" ? x : this.#b.download(x).reduce((s, y) => Math.max(s, y), -Infinity);
  }
  #array(x: Val): DeviceArray {
    return typeof x === "number" ? this.#b.number(x) : x;
  }
  #unary(name: UnaryFunction, a: V, host: (x: number) => number): V {
    const x = val(a);
    return out(typeof x === "number" ? host(x) : this.#b.unary(name, x));
  }
  #binary(name: BinaryFunction, x: Val, y: Val, host: (p: number, q: number) => number): V {
    if (typeof x === "number" && typeof y === "number") return out(host(x, y));
    return out(this.#b.binary(name, this.#array(x), this.#array(y)));
  }
}
