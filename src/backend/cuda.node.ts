/** CUDA devices, through the driver and NVRTC of the system. */
import { notice } from "../util/index.ts";
import { CudaDevice } from "./cuda/device.ts";
import { selfTest } from "./cuda/self-test.ts";

export { CudaDevice } from "./cuda/device.ts";
export { CudaMemory } from "./cuda/mirror.ts";
export { addUp, sumBytes } from "./cuda/sums.ts";

/** What is said wherever the backend is shown. */
export const NEVER_RUN = "never run on a device";

let opened: CudaDevice | undefined;

/** The device of this process, opened and tried at the first call. @throws BackendError without koffi, driver, device or NVRTC, or when the self-test fails. */
export function openCuda(): CudaDevice {
  if (!opened) {
    const device = new CudaDevice();
    selfTest(device);
    opened = device;
    notice(`backend cuda: ${device.name} (${device.detail}); this backend was ${NEVER_RUN} by its authors, only on a processor in its place: compare with backend wasm`);
  }
  return opened;
}
