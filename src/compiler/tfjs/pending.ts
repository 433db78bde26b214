/**
 * Numbers that nobody has asked for yet: sums over sites of arrays on the device, and what is computed from them on the host. The first one that is read brings the
 * arrays of all that are open on the engine to the host at once.
 */
import type { Arrays, DeviceArray, Numbers } from "../../backend/index.ts";
import type { FieldLayout } from "./layout.ts";

export class Pending {
  readonly #all: Set<Pending>;
  readonly #b: Arrays;
  readonly #layout: FieldLayout;
  /** Real numbers at the sites of some fields. */
  readonly #arrays: readonly Numbers[];
  readonly #finish: (values: readonly Float64Array[]) => readonly (number | undefined)[];
  #owners = 0;
  #numbers: readonly (number | undefined)[] | undefined;

  /** `finish` gets the arrays' values and gives the numbers, one an item. */
  constructor(all: Set<Pending>, b: Arrays, layout: FieldLayout, arrays: readonly Numbers[], finish: (values: readonly Float64Array[]) => readonly (number | undefined)[]) {
    [this.#all, this.#b, this.#layout, this.#arrays, this.#finish] = [all, b, layout, arrays, finish];
  }

  retain(): void {
    if (this.#owners++ > 0) return;
    for (const x of this.#arrays) x.retain();
    this.#all.add(this);
  }

  release(): void {
    if (--this.#owners === 0) this.#close();
  }

  /** Number of an item. */
  number(item: number): number {
    if (!this.#numbers) {
      const open = [...this.#all];
      this.#settle(open, this.#b.download(this.#joined(open)));
    }
    return this.#numbers![item]!;
  }

  /** Brings the numbers to the host, for engines that read asynchronously only. */
  async known(): Promise<void> {
    if (this.#numbers) return;
    const values = await this.#b.downloadAsync(this.#joined([this]));
    if (!this.#numbers) this.#settle([this], values);
  }

  #joined(open: readonly Pending[]): DeviceArray {
    const arrays = open.flatMap((p) => p.#arrays.map((x) => x.re));
    return arrays.length === 1 ? arrays[0]! : this.#b.concat(arrays, this.#layout.site);
  }

  #settle(open: readonly Pending[], values: Float64Array): void {
    let at = 0;
    for (const p of open)
      p.#take(p.#arrays.map((x) => {
        const n = x.shape[this.#layout.site]!;
        return values.subarray(at, (at += n));
      }));
    this.#b.sweep(0, []);
  }

  #take(values: readonly Float64Array[]): void {
    this.#numbers = this.#finish(values);
    this.#close();
  }

  #close(): void {
    if (!this.#all.delete(this)) return;
    for (const x of this.#arrays) x.release();
  }
}
