/**
 * Molecular dynamics with the force from another lattice object of the same extents, for instance one on a float32 GPU engine, while
 * links, momenta and both energies stay where they are in float64. The force is a fixed function of the links, the force of the rounded
 * links rounded once more, so the integrator keeps volume and reverses, and the Metropolis step with the float64 energies is exact.
 */
import { kind, asQuaternion, isQuaternion, DirectionalField, type AlgebraField, Field, type Lattice, type LinkField, type Matrix, outside, replayable, siteMatrixType, ta } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";
import { transfer } from "../compiler/index.ts";
import { type GaugeAction, lattice } from "../gauge/index.ts";
import type { Force } from "./molecular-dynamics.ts";
import { guard, is, mapLeaves } from "../util/index.ts";

/** Copies values to a field of the same type on another lattice object. */
type Copy = () => void;

/**
 * The force of an action computed `on` another lattice: pass it as `guide` to `hmc`. Fields among the action's inputs (pseudofermions, whose
 * values change from one trajectory to the next) are copied with the links at every call.
 * @throws GeometryError when extents or samples of the links differ from those of `on`.
 */
export function forceOn<N extends number, I>(on: Lattice, action: GaugeAction<N, I>): Force<N> {
  guard("forceOn", { lattice: [on, kind.lattice], action: [action, is.withMethods("a recorded action", "with", "force")] });
  const copies: Copy[] = [];
  const there = action.with(twin(on, action.inputs, copies) as I);
  const toAlgebra = replayable((...numbers: Matrix<N>[]) => numbers.map((x) => ta(x)));
  let links: LinkField<N> | undefined;
  let force: AlgebraField<N> | undefined;
  let raw: readonly Field[] | undefined;
  return {
    force(U, into = new DirectionalField(U.lattice, U.N, "algebra")) {
      sameShape(on, U.lattice);
      links ??= outside(() => new DirectionalField(on, U.N, "links"));
      force ??= outside(() => new DirectionalField(on, U.N, "algebra"));
      for (const copy of copies) copy();
      U.fields.forEach((f, mu) => convert(f as Field, links!.fields[mu] as Field));
      there.force(links, force);
      // float numbers have a trace and a hermitian part of their own rounding: momenta that add them up would take the links off the group
      raw ??= outside(() => U.fields.map(() => new Field(U.lattice, asQuaternion(siteMatrixType(U.lattice, U.N), U.N === 2 && U.lattice.quaternions))));
      force.fields.forEach((f, mu) => convert(f as Field, raw![mu]!));
      toAlgebra.runInto(into.fields, ...raw);
      return into;
    },
  };
}

/** Copies a field to one of the same kind, which may be stored differently. */
function convert(from: Field, to: Field): void {
  if (isQuaternion(from.type) === isQuaternion(to.type)) transfer(from.lattice.engine, from.storage, to.lattice.engine, to.storage, from.type);
  else to.set(from.toArray());
}

/**
 * The force of an action computed in single precision, on a lattice of its own for each one of the links, native where theirs is: what `hmc({ forcePrecision: "f32" })` integrates. The map of links and momenta
 * stays reversible and keeps volume, and energies are float64, so that the chain samples the action exactly.
 */
export function forceInSingle<N extends number, I>(action: GaugeAction<N, I>): Force<N> {
  guard("forceInSingle", { action: [action, is.withMethods("a recorded action", "with", "force")] });
  const forces = new WeakMap<Lattice, Force<N>>();
  return {
    force(U, into) {
      guard("forceInSingle", { U: [U, kind.linkField] });
      let there = forces.get(U.lattice);
      if (!there) forces.set(U.lattice, (there = forceOn(U.lattice.engine.single?.() ?? lattice(U.lattice.extents, { precision: "f32", batch: U.lattice.batch, quaternions: U.lattice.quaternions }), action)));
      return there.force(U, into);
    },
  };
}

function sameShape(a: Lattice, b: Lattice): void {
  if (a.extents.join() !== b.extents.join() || a.batch !== b.batch) throw new GeometryError(`forceOn: got fields on ${b}, expected ${a}: make both lattices with equal extents and as many samples`);
}

/** The same inputs with every field on another lattice. */
function twin(lattice: Lattice, inputs: unknown, copies: Copy[]): unknown {
  return mapLeaves(inputs, (x) => {
    if (x instanceof Field) {
      sameShape(lattice, x.lattice);
      const there = new Field(lattice, x.type);
      copies.push(() => there.set(x.toArray()));
      return there;
    }
    if (!(x instanceof DirectionalField)) return x;
    sameShape(lattice, x.lattice);
    const there = new DirectionalField(lattice, x.N as number, x.role);
    copies.push(() => there.set(x.fields.map((f) => f.toArray())));
    return there;
  });
}
