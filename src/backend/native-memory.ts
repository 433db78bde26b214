/** Memory of native kernels as a source of bytes: an array of the process, which the machine bounds, not the 4 GiB of WebAssembly memory. */
import { constants } from "node:buffer";
import { totalmem } from "node:os";
import { BackendError } from "../errors.ts";
import type { ByteSource } from "./heap.ts";

const PAGE = 65536;
const LINE = 64;
/**
 * Bytes up to which memory grows by moving to a larger array. Beyond, it moves once more, to an array as large as it may ever become: the system hands out its pages as they are
 * first touched, and two arrays of fields never lie side by side.
 */
const MOVES = 2 ** 28;

/** Bytes that arrays of 32-bit words reach. */
const REACH = Math.floor((4 * constants.MAX_LENGTH) / PAGE - 1) * PAGE;

/** Bytes that the fields of one lattice may take: those of the machine, or of the group that the process is confined to, and no more than arrays reach. */
export function nativeLimit(): number {
  const confined = (process as { readonly constrainedMemory?: () => number }).constrainedMemory?.() ?? 0;
  return Math.min(REACH, Math.floor(Math.min(totalmem(), confined > 0 ? confined : Infinity) / PAGE) * PAGE);
}

/** A source of bytes that native kernels reach at an address, a multiple of the line of a cache. */
export interface NativeBytes extends ByteSource {
  address(): number;
}

/** Memory that grows up to `limit` bytes; `addressOf` finds a buffer. Its `grow` @throws BackendError when the system refuses. */
export function nativeMemory(addressOf: (buffer: ArrayBuffer) => number, most = nativeLimit()): NativeBytes {
  const limit = Math.min(most, REACH);
  let [buffer, address, offset] = [new ArrayBuffer(0), 0, 0];
  const larger = (bytes: number, wanted: number): ArrayBuffer => {
    try {
      return new ArrayBuffer(wanted + LINE);
    } catch {
      if (wanted > bytes) return larger(bytes, Math.max(bytes, Math.floor(wanted / 2 / PAGE) * PAGE));
      throw new BackendError(`memory: the system refused ${bytes} bytes: use a smaller lattice, fewer fields, or checkpoint`);
    }
  };
  const take = (next: ArrayBuffer): void => {
    const at = addressOf(next);
    const skip = (LINE - (at % LINE)) % LINE;
    // all that a heap may have handed out, up to the last byte
    const numbers = Math.floor((buffer.byteLength - offset) / 8);
    new Float64Array(next, skip, numbers).set(new Float64Array(buffer, offset, numbers));
    [buffer, address, offset] = [next, at + skip, skip];
  };
  take(larger(PAGE, PAGE));
  return {
    limit,
    buffer: () => buffer,
    offset: () => offset,
    address: () => address,
    grow(bytes) {
      const whole = Math.ceil(bytes / PAGE) * PAGE;
      take(larger(whole, bytes > MOVES ? limit : whole));
    },
  };
}
