/**
 * Symmetric forms on the algebra, from a closed path B that runs through a link: second derivatives of functions of B when the link moves along T_a and T_b,
 *   twist   Re tr(T_a B T_b B)            of Re tr B^2 / 2,
 *   square  Re [tr(T_a B) tr(T_b B)]      of Re (tr B)^2 / 2,
 *   modulus Re [tr(T_a B) tr(T_b B)^*]    of |tr B|^2 / 2,
 * beyond the part that every path has, Re tr({T_a, T_b} M)/2 of the gradient M, which `updateLogDet` knows.
 * Entries (a, b <= a) row by row are channels: n(n+1)/2 for n = N^2 - 1 generators (N = 1: one).
 */
import { CovarianceError, RecordingError } from "../../errors.ts";
import { guard, is } from "../../util/index.ts";
import { applyOp } from "../apply.ts";
import * as kind from "../kinds.ts";
import { localOp } from "../local-op.ts";
import { type C, type M, type Site, type V, matrixOps } from "../site.ts";
import type { Samples } from "../op.ts";
import type { Channels, Matrix, Scalar, Traced } from "../tape.ts";
import { type MatrixType, channelsType, scalarType, siteMatrixType } from "../types.ts";
import { MAX_N, generators } from "./generators.ts";
import { closed } from "./trace.ts";

/** Factors of the forms; those that are absent are zero. */
export interface FormFactors {
  readonly twist?: Scalar | undefined;
  readonly square?: Scalar | undefined;
  readonly modulus?: Scalar | undefined;
}

const FORMS = ["twist", "square", "modulus"] as const;

/** Number of entries of a form. */
export function formEntries(N: number): number {
  const n = N === 1 ? 1 : N * N - 1;
  return (n * (n + 1)) / 2;
}

/** T_a B for every generator, with only the entries of T_a that are not zero. */
function multiplied(b: Site, N: number, B: M): C[][] {
  const c = matrixOps(b, N);
  return generators(N).map((T) => c.build((i, j) => T[i]!.reduce((s, [re, im], k) => (re === 0 && im === 0 ? s : c.add(s, c.mul(c.constant(re, im), c.at(B, k, j)))), c.constant(0))));
}

export const adjointFormOp = localOp({
  name: "adjointForm",
  infer([B], _attributes, lattice) {
    const t = closed("adjointForm", lattice, B!);
    if (t.N > MAX_N) throw new CovarianceError(`adjointForm: got N = ${t.N}, expected at most ${MAX_N}`);
    return channelsType(formEntries(t.N), t.domain);
  },
  forward(b, [B, ...factors], attributes, types) {
    const { N } = types[0] as MatrixType;
    const c = matrixOps(b, N);
    const forms = (attributes["forms"] as string).split(" ");
    const factor = (name: string): V | undefined => (forms.includes(name) ? factors[forms.indexOf(name)]!(0) : undefined);
    const [twist, square, modulus] = FORMS.map(factor);
    const TB = multiplied(b, N, c.load(B!));
    const traces = TB.map((m) => c.trace(m));
    return TB.flatMap((A, a) =>
      TB.slice(0, a + 1).map((D, d) => {
        let s = b.constant(0);
        if (twist !== undefined) s = b.fma(twist, c.traceProduct(A, D).re, s);
        const [re, im] = [b.mul(traces[a]!.re, traces[d]!.re), b.mul(traces[a]!.im, traces[d]!.im)];
        if (square !== undefined) s = b.fma(square, b.sub(re, im), s);
        return modulus !== undefined ? b.fma(modulus, b.add(re, im), s) : s;
      }),
    );
  },
  // N = 4 differs by nothing but its size
});

export const adjointFormSamples: Samples = (lattice, N) =>
  N > 3 ? [] : [{ label: "of a path", inputs: [siteMatrixType(lattice, N), scalarType, scalarType, scalarType], apply: ([B, twist, square, modulus]) => adjointForm(B as Matrix, { twist, square, modulus } as FormFactors) }];

/**
 * The sum of the forms of B with their factors, for `updateLogDet`.
 * @throws CovarianceError for an open path, and for N > 4; RecordingError for no factor.
 */
export function adjointForm(B: Matrix, factors: FormFactors): Channels {
  guard("adjointForm", { B: [B, kind.matrix], factors: [factors, is.keysOf(...FORMS)] });
  const forms = FORMS.filter((name) => factors[name] !== undefined);
  if (forms.length === 0) throw new RecordingError(`adjointForm: got no factors, expected at least one of ${FORMS.join(", ")}`);
  for (const name of forms) guard("adjointForm", { [name]: [factors[name], kind.scalar] });
  return applyOp("adjointForm", adjointFormOp, [B as Traced, ...forms.map((name) => factors[name]!)], { forms: forms.join(" ") }) as Channels;
}
