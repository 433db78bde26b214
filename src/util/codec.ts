/** Binary encoding of plain data, typed arrays included: the one codec of the project (MessagePack with its extensions for typed arrays, maps and sets). */
import { Packr } from "msgpackr";

const packr = new Packr({ moreTypes: true, useRecords: false });

/**
 * Plain data (numbers, strings, booleans, null, arrays, objects, typed arrays) as bytes. Equal data in equal key order gives equal bytes.
 * Every double keeps its bits, except that a -0 outside typed arrays comes back as 0.
 */
export function encode(data: unknown): Uint8Array {
  return Uint8Array.from(packr.pack(data));
}

/** The inverse of `encode`; typed arrays own their memory. @throws Error for bytes that are not a complete encoding. */
export function decode(bytes: Uint8Array): unknown {
  return packr.unpack(Uint8Array.from(bytes));
}
