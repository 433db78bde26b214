/**
 * A heap on host and device at the same addresses. Bytes that one side has written are copied when the other one asks for them, and not before: fields that only kernels touch
 * never leave the device.
 */
import { BackendError } from "../../errors.ts";
import type { ByteSource, Mirror } from "../heap.ts";
import { KernelArgument } from "./arguments.ts";
import type { CudaDevice } from "./device.ts";
import { RUNTIME } from "./runtime.ts";
import { Spans } from "./spans.ts";

/** Addresses are 32-bit numbers of doubles. */
const LIMIT = 2 ** 34;
const FIRST = 1 << 20;

/** Bytes of a heap of up to 16 GiB, and their twin in the memory of a device, which is freed with it. */
export class CudaMemory implements ByteSource, Mirror {
  readonly limit = LIMIT;
  readonly mirror: Mirror = this;
  readonly #device: CudaDevice;
  #host = new ArrayBuffer(FIRST);
  readonly #place: { at: number };
  /** What this side has newer, and what the device has. */
  readonly #ours = new Spans();
  readonly #theirs = new Spans();
  readonly #argument = new KernelArgument(14);

  constructor(device: CudaDevice) {
    this.#device = device;
    this.#place = { at: device.allocate(FIRST) };
    freed.register(this, { device, place: this.#place });
  }

  /** Address of the heap on the device. */
  get base(): number {
    return this.#place.at;
  }

  buffer(): ArrayBuffer {
    return this.#host;
  }

  grow(bytes: number): void {
    const size = Math.ceil(bytes / 4096) * 4096;
    let next: ArrayBuffer;
    try {
      next = new ArrayBuffer(size);
    } catch {
      throw new BackendError(`memory: the system refused ${size} bytes: use a smaller lattice, fewer fields, or checkpoint`);
    }
    const base = this.#device.allocate(size);
    new Float64Array(next).set(new Float64Array(this.#host));
    this.#device.copy(this.base, base, this.#host.byteLength);
    this.#device.finish();
    this.#device.free(this.base);
    this.#host = next;
    this.#place.at = base;
  }

  host(at: number, bytes: number, change: boolean): void {
    const end = at + bytes;
    if (this.#theirs.count > 0) this.#theirs.take(at, end, (from, to) => this.#device.download(this.base + from, new Uint8Array(this.#host, from, to - from)));
    if (change) this.#ours.add(at, end);
  }

  has(at: number, bytes: number): boolean {
    return !this.#theirs.meets(at, at + bytes);
  }

  /** Before a kernel reads a range, or changes some of it. */
  kernel(at: number, bytes: number, change: boolean): void {
    const end = at + bytes;
    if (this.#ours.count > 0) this.#ours.take(at, end, (from, to) => this.#device.upload(this.base + from, new Uint8Array(this.#host, from, to - from)));
    if (change) this.#theirs.add(at, end);
  }

  clear(at: number, bytes: number): void {
    this.#ours.take(at, at + bytes, ignore);
    this.#theirs.take(at, at + bytes, ignore);
    this.#device.clear(this.base + at, bytes);
  }

  copy(from: number, fromStride: number, to: number, toStride: number, bytes: number, blocks: number): void {
    this.kernel(from, fromStride * (blocks - 1) + bytes, false);
    this.#blocks("copy_blocks", from, fromStride, to, toStride, bytes, blocks);
  }

  zero(at: number, stride: number, bytes: number, blocks: number): void {
    this.#blocks("zero_blocks", at, stride, at, stride, bytes, blocks);
  }

  #blocks(name: string, from: number, fromStride: number, to: number, toStride: number, bytes: number, blocks: number): void {
    this.kernel(to, toStride * (blocks - 1) + bytes, true);
    [this.base, from / 8, fromStride / 8, to / 8, toStride / 8, bytes / 8, blocks].forEach((x, k) => this.#argument.long(2 * k, x));
    this.#device.launch(this.#device.module(RUNTIME, true)(name), (bytes / 8) * blocks, this.#argument.bytes);
  }
}

const ignore = (): void => undefined;

const freed = new FinalizationRegistry<{ readonly device: CudaDevice; readonly place: { readonly at: number } }>(({ device, place }) => device.free(place.at));
