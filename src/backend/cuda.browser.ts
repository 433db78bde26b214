/** No CUDA in a browser: the names of `cuda.node.ts`, which say so. */
import { BackendError } from "../errors.ts";

export type { CudaDevice } from "./cuda/device.ts";

/** @throws BackendError always. */
export function openCuda(): never {
  throw new BackendError("backend cuda: got a browser, expected Node on a machine with an NVIDIA card: use backend wasm");
}

export const [CudaMemory, NEVER_RUN, addUp, sumBytes] = [openCuda, "never run on a device", openCuda, openCuda];
