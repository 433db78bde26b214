/** Opens recordings: tapes with the ops that rules of simpler ops are written in. */
import type { Lattice } from "./lattice.ts";
import type { Rules } from "./op.ts";
import { conj } from "./ops/adj.ts";
import { cdot, dot } from "./ops/dot.ts";
import { mul } from "./ops/mul.ts";
import { asMatrix } from "./ops/quaternion.ts";
import { scale } from "./ops/scale.ts";
import { spread } from "./ops/samples.ts";
import { sum } from "./ops/sum.ts";
import { tensorSum } from "./ops/tensors.ts";
import { Tape } from "./tape.ts";

const rules = { asMatrix, conj, cdot, dot, mul, scale, sum, spread, tensorSum } as Rules;

/** A tape to record on. */
export const openTape = (lattice: Lattice): Tape => new Tape(lattice, rules);
