/** Scratch slots of a kernel by lifetime. */
import { storedComponents } from "../../autograd/index.ts";
import type { Instruction, KernelStep, Reduction } from "../ir.ts";

/** Packs slots that are assigned once each into as few scratch slots as their lifetimes allow. */
export function packSlots(given: readonly Instruction[], sums: readonly Reduction[]): Pick<KernelStep, "instructions" | "reductions" | "slots"> {
  const last = new Map<number, number>();
  given.forEach((ins, k) => {
    for (const a of ins.args) if (a.kind === "slot") last.set(a.slot, k);
  });
  for (const r of sums) if (r.value.kind === "slot") last.set(r.value.slot, Infinity);
  const sizes: number[] = [];
  const free: number[] = [];
  const place = new Map<number, number>();
  const instructions = given.map((ins, k): Instruction => {
    const args = ins.args.map((a) => (a.kind === "slot" ? { ...a, slot: place.get(a.slot)! } : a));
    let target = ins.target;
    if (target.kind === "slot") {
      const size = storedComponents(ins.type);
      // the result may not overwrite an operand that is still being read
      let at = free.findIndex((s) => sizes[s]! >= size);
      if (at < 0 && free.length > 0) at = 0;
      const slot = at >= 0 ? free.splice(at, 1)[0]! : sizes.length;
      sizes[slot] = Math.max(sizes[slot] ?? 0, size);
      place.set(target.slot, slot);
      target = { kind: "slot", slot, value: target.value };
    }
    for (const a of new Set(ins.args.flatMap((x) => (x.kind === "slot" ? [x.slot] : [])))) if (last.get(a) === k) free.push(place.get(a)!);
    return { ...ins, args, target };
  });
  const reductions = sums.map((r) => (r.value.kind === "slot" ? { ...r, value: { ...r.value, slot: place.get(r.value.slot)! } } : r));
  return { instructions, reductions, slots: sizes };
}
