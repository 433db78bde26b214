/** How the generator makes a statement of each kind: operands that go together, moved where they have to be, and values that are tame. */
import { ofDerivatives } from "./derivatives.ts";
import { ofFields } from "./fields.ts";
import type { Kind, Kinds } from "./kind.ts";
import { ofHalves } from "./halves.ts";
import { ofLoops } from "./loops.ts";
import { ofMatrices } from "./matrices.ts";
import { ofNumbers } from "./numbers.ts";
import { ofSystems } from "./systems.ts";
import { ofWeights } from "./weights.ts";

export const kinds: Kinds = { ...ofFields, ...ofNumbers, ...ofMatrices, ...ofSystems, ...ofWeights, ...ofLoops, ...ofDerivatives, ...ofHalves };

const filled = (weight: (k: Kind) => number): readonly Kind[] => Object.values(kinds).flatMap((k) => Array.from({ length: weight(k) }, () => k));

/** Kinds as often as they are wanted: on lattices of one sample, with a batch of them, and for programs of numbers that samples share or have of their own. */
export const urns = { one: filled((k) => k.weight), batch: filled((k) => k.batched ?? k.weight), numbers: filled((k) => k.batched ?? 0) };
