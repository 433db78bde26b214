/** Matrices of callers and quaternions in memory: the first row is kept, the second one follows from it. */
import { GeometryError } from "../errors.ts";

/** Digits to which the second row of a quaternion agrees with the first: those of single precision. */
const AGREEMENT = 1e-5;

/** The second row of a quaternion, (-conj q_01, conj q_00), behind the first. */
export function secondRow(q: Float64Array, at: number): void {
  q[at + 4] = -q[at + 2]!;
  q[at + 5] = q[at + 3]!;
  q[at + 6] = q[at]!;
  q[at + 7] = -q[at + 1]!;
}

/** @throws GeometryError for a matrix whose second row does not follow from the first. */
export function expectQuaternion(q: Float64Array, at: number): void {
  const off = Math.max(Math.abs(q[at + 4]! + q[at + 2]!), Math.abs(q[at + 5]! - q[at + 3]!), Math.abs(q[at + 6]! - q[at]!), Math.abs(q[at + 7]! + q[at + 1]!));
  const size = Math.max(1, Math.abs(q[at]!), Math.abs(q[at + 1]!), Math.abs(q[at + 2]!), Math.abs(q[at + 3]!));
  if (off > AGREEMENT * size) throw new GeometryError(`set: got a matrix that differs by ${off.toPrecision(3)} from a multiple of an SU(2) matrix, expected one on a lattice of quaternions: take a lattice without { quaternions: true }`);
}
