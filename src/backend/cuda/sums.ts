/** Sums of values in the work memory of a device, by passes over records: see runtime.ts. */
import { KernelArgument } from "./arguments.ts";
import type { CudaDevice } from "./device.ts";
import { FAN, RECORD, RUNTIME, TOTALS } from "./runtime.ts";

const fewer = (n: number): number => Math.ceil(n / FAN);

/** Work memory of so many sums of `count` values: these, and two lists of records that take turns. */
export const sumBytes = (sums: number, count: number): number => 8 * sums * (count + RECORD * (fewer(count) + fewer(fewer(count))));

const argument = new KernelArgument(10);
const totals = new KernelArgument(8 + TOTALS);

/** Adds `to.length` times `count` values at the beginning of the work memory; sum k goes to the number with index to[k] at `memory`. */
export function addUp(device: CudaDevice, count: number, memory: number, to: Int32Array): void {
  const kernel = device.module(RUNTIME, true);
  const sums = to.length;
  const values = device.work(sumBytes(sums, count));
  const lists = [values + 8 * sums * count, values + 8 * sums * (count + RECORD * fewer(count))] as const;
  let [from, n] = [values, count];
  for (let pass = 0; pass === 0 || n > FAN; pass++) {
    const m = fewer(n);
    const into = lists[pass % 2]!;
    [from, into, n, m, sums].forEach((x, k) => argument.long(2 * k, x));
    device.launch(kernel(pass === 0 ? "sum_values" : "sum_records"), sums * m, argument.bytes);
    [from, n] = [into, m];
  }
  for (let first = 0; first < sums; first += TOTALS) {
    const some = Math.min(TOTALS, sums - first);
    [from + 8 * RECORD * n * first, memory, n, some].forEach((x, k) => totals.long(2 * k, x));
    for (let k = 0; k < some; k++) totals.words[8 + k] = to[first + k]!;
    device.launch(kernel("sum_totals"), some, totals.bytes);
  }
}
