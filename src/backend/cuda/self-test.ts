/** What the engine builds on, tried when a device is opened: transfers, zeros, copies, and sums with the bits of the host. */
import { BackendError } from "../../errors.ts";
import { BinnedSums, BIN_PARTS, binnedChunk } from "../binned-sum.ts";
import type { CudaDevice } from "./device.ts";
import { addUp } from "./sums.ts";
import { CudaMemory } from "./mirror.ts";
import { Heap } from "../heap.ts";

/** Values of a sum: several passes, numbers from 1e-12 to 1e3 of both signs. */
const COUNT = 9001;
const CHUNK = 128;

function totalOf(x: Float64Array): number {
  const chunks = Math.ceil(x.length / CHUNK);
  const parts = new Float64Array(BIN_PARTS * chunks);
  const all = Float64Array.from([...x, ...parts]);
  for (let c = 0; c < chunks; c++) binnedChunk(all, c * CHUNK, Math.min(CHUNK, x.length - c * CHUNK), x.length + BIN_PARTS * c);
  const sums = new BinnedSums(1);
  sums.top(0, all, x.length, chunks);
  sums.gather(0, all, x.length, chunks);
  return sums.total(0);
}

/** @throws BackendError for a device that computes something else. */
export function selfTest(device: CudaDevice): void {
  const expect = (ok: boolean, what: string): void => {
    if (!ok) throw new BackendError(`backend cuda: ${device.name} (${device.detail}) fails the self-test in ${what}, expected the numbers of the host: report it with the output of gaugegrad doctor, and use backend wasm`);
  };
  const memory = new CudaMemory(device);
  const heap = new Heap(memory);
  const [from, to] = [heap.allocate(8 * COUNT), heap.allocate(8 * COUNT)];
  const values = Float64Array.from({ length: COUNT }, (_, k) => Math.sin(12.9898 * (k + 1)) * 10 ** ((k % 16) - 12));
  memory.host(from, 8 * COUNT, true);
  heap.f64.set(values, from / 8);
  memory.copy(from, 8, to, 8, 8, COUNT);
  memory.host(to, 8 * COUNT, false);
  expect(values.every((x, k) => Object.is(x, heap.f64[to / 8 + k])), "copies");
  memory.zero(to, 16, 8, Math.ceil(COUNT / 2));
  memory.host(to, 8 * COUNT, false);
  expect(values.every((x, k) => Object.is(k % 2 === 0 ? 0 : x, heap.f64[to / 8 + k])), "zeros");
  for (const x of [values, values.map((_, k) => (k === COUNT - 2 ? NaN : 1)), values.map((_, k) => (k === 17 ? Infinity : 1))]) {
    device.upload(device.work(16 * COUNT), new Uint8Array(x.buffer));
    addUp(device, COUNT, memory.base, Int32Array.of(to / 8));
    memory.kernel(to, 8, true);
    memory.host(to, 8, false);
    expect(Object.is(totalOf(x), heap.f64[to / 8]), "sums");
  }
}
