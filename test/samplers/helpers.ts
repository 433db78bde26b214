/** Shared by the sampler tests: observables, closed-form fields, a reader of npy files. */
import { readFileSync } from "node:fs";
import { type AlgebraField, type LinkField, type Links, type Plan, type Scalar, record, scaleBy } from "../../src/autograd/index.ts";
import { plaquetteSum } from "../../src/gauge/index.ts";

const plans = new WeakMap<object, Plan<readonly unknown[], Scalar>>();

/** Mean over sites and planes of Re tr P / N. */
export function plaquetteOf(U: LinkField): number {
  const { lattice } = U;
  let plan = plans.get(lattice);
  if (!plan) plans.set(lattice, (plan = record((V: Links) => scaleBy(2 / (lattice.volume * lattice.dim * (lattice.dim - 1)), plaquetteSum(V)), U) as Plan<readonly unknown[], Scalar>));
  return plan.run(U);
}

/** The momenta P = 0.5 X of the molecular dynamics table. */
export function halved(X: AlgebraField): AlgebraField {
  return X.set(X.fields.map((f) => f.toArray().map((x) => 0.5 * x)));
}

/** A float64 or complex128 npy file: shape and numbers in the order of the file, (re, im) for complex. */
export function readNpy(file: string): { shape: number[]; data: Float64Array; fortran: boolean; complex: boolean } {
  const bytes = readFileSync(file);
  const headerLength = bytes.readUInt16LE(8);
  const header = bytes.subarray(10, 10 + headerLength).toString("latin1");
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  if (descr !== "<f8" && descr !== "<c16") throw new Error(`${file}: got descr ${descr}, expected <f8 or <c16`);
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? "").split(",").filter((s) => s.trim() !== "").map(Number);
  const body = bytes.subarray(10 + headerLength);
  const data = new Float64Array(body.length / 8);
  for (let i = 0; i < data.length; i++) data[i] = body.readDoubleLE(8 * i);
  return { shape, data, fortran: /'fortran_order':\s*True/.test(header), complex: descr === "<c16" };
}
