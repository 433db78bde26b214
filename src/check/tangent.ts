/** Directions in the space of links and parameters, motion along them, and scalar products, on fields with values. */
import {
  type AlgebraField, type Algebras, PerSample, totalOf, DirectionalField, Field, type LinkField, type Links, type Plan, type Scalar, type ValueType, components, exp, metric, mul, record, scale,
} from "../autograd/index.ts";
import { PURPOSE, type Path, type RandomStream, fillNormals, leavesOf, mapLeaves, valueAt } from "../util/index.ts";
import { algebraMap, groupOf } from "../gauge/index.ts";

/** Random tangents of one seed; every call gives new ones. */
export class Directions {
  readonly #random: RandomStream;
  #count = 0;
  constructor(random: RandomStream) {
    this.#random = random;
  }

  /** Independent normal numbers. */
  normals(sites: number, perSite: number): Float64Array {
    const out = new Float64Array(sites * perSite);
    fillNormals(this.#random, { sites, components: perSite, trajectory: this.#count++, purpose: PURPOSE.test }, out);
    return out;
  }

  /** X_mu(n) = sum_a x^a T_a with x^a ~ N(0, 1). */
  algebra<N extends number>(like: DirectionalField<N>): AlgebraField<N> {
    const X = new DirectionalField(like.lattice, like.N, "algebra");
    return X.set(X.fields.map(() => this.#algebraArray(sitesOf(like), like.N)));
  }

  /** Complex normal numbers in every entry: a raw cotangent. */
  cotangent<N extends number>(like: LinkField<N>): LinkField<N> {
    const W = new DirectionalField(like.lattice, like.N, "links");
    return W.set(W.fields.map((w) => this.normals(sitesOf(like), w.length / sitesOf(like))));
  }

  /** A tangent of any structure: links and algebra fields get algebra fields, numbers p get one of size max(|p|, 0.1). */
  tangent(structure: unknown): unknown {
    return mapLeaves(structure, (x) => {
      if (typeof x === "number") return Math.sign(this.normals(1, 1)[0]!) * Math.max(Math.abs(x), 0.1);
      if (x instanceof DirectionalField) return this.algebra(x);
      const { lattice, type } = x as Field;
      return new Field(lattice, type as ValueType).set(this.#fieldArray(x as Field));
    });
  }

  #fieldArray(x: Field): Float64Array {
    const t = x.type;
    if (t.kind === "matrix" && t.algebra) return this.#algebraArray(sitesOf(x), t.N);
    return t.kind === "scalar" ? this.normals(x.length, 1) : this.normals(sitesOf(x), components(t));
  }

  #algebraArray(sites: number, N: number): Float64Array {
    const { generators } = groupOf(N);
    const x = this.normals(sites, generators);
    const out = new Float64Array(sites * 2 * N * N);
    algebraMap(1, N).apply(0, sites, x, 0, out, 0);
    return out;
  }
}

/** The tangent zero. */
export function zeroTangent(structure: unknown): unknown {
  return mapLeaves(structure, (x) => {
    if (typeof x === "number") return 0;
    return x instanceof DirectionalField ? new DirectionalField(x.lattice, x.N as number, "algebra") : new Field((x as Field).lattice, (x as Field).type as ValueType);
  });
}

/** Leaves that are numbers or fields, with their names: `rho`, `weights[2]`. */
export function namedLeaves(x: unknown): { readonly name: string; readonly value: unknown }[] {
  const text = (path: Path): string => path.reduce((name, key) => (/^\d+$/.test(key) ? `${name}[${key}]` : name === "" ? key : `${name}.${key}`), "");
  return leavesOf(x).map(({ value, path }) => ({ name: text(path), value }));
}

/** The tangent with every leaf zero but the k-th of `namedLeaves`. */
export function onlyLeaf(v: unknown, k: number): unknown {
  let at = 0;
  return mapLeaves(v, (y) => (at++ === k ? y : zeroTangent(y)));
}

/** The tangent with the leaves of these names zero. */
export function without(v: unknown, frozen: ReadonlySet<string>): unknown {
  const names = namedLeaves(v).map((l) => l.name);
  let at = 0;
  return mapLeaves(v, (y) => (frozen.has(names[at++]!) ? zeroTangent(y) : y));
}

/** The algebra field on the links a..b-1 of the list (mu, n) -> mu V + n, zero elsewhere. */
export function onLinks<N extends number>(X: AlgebraField<N>, a: number, b: number): AlgebraField<N> {
  const V = sitesOf(X);
  return new DirectionalField(X.lattice, X.N, "algebra").set(
    X.fields.map((f, mu) => {
      const x = f.toArray();
      const size = x.length / V;
      return x.map((y, i) => {
        const link = mu * V + Math.floor(i / size);
        return link >= a && link < b ? y : 0;
      });
    }),
  );
}

function dot(a: Float64Array, b: Float64Array): number {
  let s = 0;
  for (let k = 0; k < a.length; k++) s += a[k]! * b[k]!;
  return s;
}

/** Scalar product of tangents: (X, Y) = -2 tr(X Y) for algebra fields (N = 1: -X Y), Re tr(A^+ B) for other fields and raw link cotangents. */
export function inner(x: unknown, y: unknown): number {
  return leavesOf(x).reduce((s, { value, path }) => s + innerOfLeaves(value, valueAt(y, path)), 0);
}

function innerOfLeaves(x: unknown, y: unknown): number {
  // the cotangent 1 of a number is that of each sample
  if (typeof x === "number") return x * totalOf(y as number);
  if (x instanceof PerSample) return typeof y === "number" ? y * totalOf(x) : dot(x, y as PerSample);
  if (x instanceof DirectionalField) {
    const sum = x.fields.reduce((s, f, mu) => s + dot(f.toArray(), (y as DirectionalField).toArray(mu)), 0);
    return x.role === "algebra" ? metric(x.N as number) * sum : sum;
  }
  return dot((x as Field).toArray(), (y as Field).toArray());
}

export const norm = (x: unknown): number => Math.sqrt(inner(x, x));

type Drift = Plan<readonly unknown[], Links>;

/** exp(s X) U as a plan. */
export function driftPlan(U: LinkField, X: AlgebraField): Drift {
  return record((u: Links, x: Algebras, s: Scalar) => u.map((mu) => mul(exp(scale(s, x[mu]!)), u[mu]!)), U, X, 0) as Drift;
}

/** The curve x(s) with x(0) = x and velocity v: links exp(s X) U, everything else x + s v. One copy is overwritten by every call of `at`. */
export class Curve<X> {
  readonly #at: (s: number) => unknown;
  constructor(x: X, v: unknown) {
    const parts = leavesOf(x).map(({ value, path }) => curveOfLeaf(value, valueAt(v, path)));
    this.#at = (s) => {
      let k = 0;
      return mapLeaves(x, () => parts[k++]!(s));
    };
  }
  at(s: number): X {
    return this.#at(s) as X;
  }
}

function curveOfLeaf(x: unknown, v: unknown): (s: number) => unknown {
  if (typeof x === "number") return (s) => x + s * (v as number);
  if (x instanceof DirectionalField && x.role === "links") {
    const into = x.clone();
    const plan = driftPlan(x as LinkField, v as AlgebraField);
    return (s) => {
      plan.runInto(into as never, x, v, s);
      return into;
    };
  }
  const into = (x as Field | DirectionalField).clone();
  const [from, to, speed] = [x, into, v].map((d) => (d instanceof Field ? [d] : (d as DirectionalField).fields) as readonly Field[]);
  const [a, b] = [from!.map((f) => f.toArray()), speed!.map((f) => f.toArray())];
  return (s) => {
    to!.forEach((f, k) => f.set(a[k]!.map((y, i) => y + s * b[k]![i]!)));
    return into;
  };
}

/** Link with the largest difference of two algebra or link fields given as arrays. */
export function worstLink(like: DirectionalField, a: readonly Float64Array[], b: readonly Float64Array[]): { deviation: number; value: number; reference: number; where: string } {
  let worst = { deviation: 0, value: a[0]![0]!, reference: b[0]![0]!, where: linkText(like, 0, 0) };
  a.forEach((x, mu) =>
    x.forEach((y, k) => {
      const d = Math.abs(y - b[mu]![k]!);
      if (d > worst.deviation || Number.isNaN(d)) worst = { deviation: d, value: y, reference: b[mu]![k]!, where: linkText(like, mu, Math.floor((k * sitesOf(like)) / x.length)) };
    }),
  );
  return worst;
}

/** `[0,1,2,3] x`: site and direction; on a batch with the sample. */
export function linkText({ lattice }: DirectionalField, mu: number, n: number): string {
  const sample = lattice.batch > 1 ? ` of sample ${Math.floor(n / lattice.volume)}` : "";
  return `[${lattice.coordinates(n % lattice.volume).join(",")}] ${lattice.axis(mu)}${sample}`;
}

/** Sites of all samples. */
export const sitesOf = ({ lattice }: Field | DirectionalField): number => lattice.batch * lattice.volume;
