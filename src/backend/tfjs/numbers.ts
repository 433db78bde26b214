/**
 * Numbers of one or several fields on the device, one field after the other along the axis of sites. Complex numbers are packed, where the engine has a complex
 * type, or a real and an imaginary part; what is asked for and not there is made once and kept with the rest.
 */
import type { Arrays, DeviceArray } from "./arrays.ts";

/** Real or complex numbers at the sites of some fields, with what is known of their size. */
export class Numbers {
  readonly real: boolean;
  readonly #b: Arrays;
  #z: DeviceArray | undefined;
  #re: DeviceArray | undefined;
  #im: DeviceArray | undefined;
  #owners = 0;
  #bound = Infinity;

  private constructor(b: Arrays, real: boolean, bound: number) {
    this.#b = b;
    this.real = real;
    this.bound = bound;
  }

  static of(b: Arrays, re: DeviceArray, im?: DeviceArray, bound = Infinity): Numbers {
    const x = new Numbers(b, im === undefined, bound);
    [x.#re, x.#im] = [re, im];
    return x;
  }

  static packed(b: Arrays, z: DeviceArray, bound = Infinity): Numbers {
    const x = new Numbers(b, false, bound);
    x.#z = z;
    return x;
  }

  /** An upper bound of the largest spectral norm of the matrices at the sites, rounding aside. */
  get bound(): number {
    return this.#bound;
  }
  set bound(x: number) {
    this.#bound = x >= 0 ? x : Infinity;
  }

  get re(): DeviceArray {
    return (this.#re ??= this.#own(this.#b.complex!.re(this.#z!)));
  }

  /** The imaginary part of complex numbers. */
  get im(): DeviceArray {
    return (this.#im ??= this.#own(this.#b.complex!.im(this.#z!)));
  }

  /** Packed complex numbers, on engines that have them. */
  get z(): DeviceArray {
    return (this.#z ??= this.#own(this.#b.complex!.pack(this.#re!, this.#im!)));
  }

  get shape(): readonly number[] {
    return (this.#z ?? this.#re!).shape;
  }

  /** All arrays that are there. */
  get arrays(): DeviceArray[] {
    return [this.#z, this.#re, this.#im].filter((x) => x !== undefined);
  }

  /** What holds the numbers: one array where they are real or packed, else two. */
  get parts(): readonly DeviceArray[] {
    return this.#z ? [this.#z] : this.#im ? [this.#re!, this.#im] : [this.#re!];
  }

  /** The same of other arrays: `parts` moved or joined. */
  with(parts: readonly DeviceArray[], bound = this.bound): Numbers {
    return this.#z ? Numbers.packed(this.#b, parts[0]!, bound) : Numbers.of(this.#b, parts[0]!, parts[1], bound);
  }

  /** One more owner: the arrays outlive what made them. */
  retain(): void {
    if (this.#owners++ === 0) for (const x of this.arrays) this.#b.retain(x);
  }

  release(): void {
    if (--this.#owners === 0) for (const x of this.arrays) this.#b.release(x);
  }

  #own(x: DeviceArray): DeviceArray {
    if (this.#owners > 0) this.#b.retain(x);
    return x;
  }
}
