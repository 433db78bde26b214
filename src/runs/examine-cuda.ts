/** The CUDA backend for `gaugegrad doctor`: opened, tried, and held against WebAssembly on an action and a solve. */
import { DirectionalField, type AlgebraField, type LinkField } from "../autograd/index.ts";
import { NEVER_RUN, openCuda } from "../backend/index.ts";
import { BackendError, SolverError } from "../errors.ts";
import { pseudofermions, staggered } from "../fermions/index.ts";
import { SU, closedFormLinks, gaugeAction, lattice } from "../gauge/index.ts";
import { bytesText } from "../util/index.ts";

const EXTENTS = [4, 2, 2, 4];
/** Relative differences that rounding makes: of an action and its force, and of a solve to 1e-10. */
const [ROUNDING, SOLVE] = [1e-12, 1e-8];

interface Numbers {
  readonly plain: Float64Array;
  readonly solved: Float64Array;
}

/** Value and force of the Wilson action, and of staggered pseudofermions. */
function numbersOn(backend: "wasm" | "cuda"): Numbers {
  const U = closedFormLinks(lattice(EXTENTS, { backend, ...(backend === "wasm" ? { threads: 1 } : {}) }), 3, 0.7) as LinkField<3>;
  const f = pseudofermions(staggered({ mass: 0.5 }), { lattice: U.lattice, group: SU(3), flavours: 4 });
  f.phi.set(Float64Array.from({ length: f.phi.length }, (_, k) => Math.sin(1.3 * k) + Math.cos(0.7 * k * k)));
  const [plain, solved] = [gaugeAction.wilson({ beta: 5.7 }), f.action].map((S) => {
    const F = new DirectionalField(U.lattice, 3, "algebra") as AlgebraField<3>;
    const value = (S as typeof f.action).valueAndForce(U, F);
    return Float64Array.from([value, ...F.fields.flatMap((x) => [...x.toArray()])]);
  }) as [Float64Array, Float64Array];
  return { plain, solved };
}

/** Largest difference of the values relative to them, and of the forces in units of the largest component. */
function difference(x: Float64Array, y: Float64Array): number {
  let [worst, size] = [Math.abs(y[0]! / x[0]! - 1), 0];
  for (let k = 1; k < x.length; k++) size = Math.max(size, Math.abs(x[k]!));
  for (let k = 1; k < x.length; k++) {
    const d = Math.abs(x[k]! - y[k]!) / size;
    // one that is no number counts
    if (!(d <= worst)) worst = d;
  }
  return worst;
}

/** Whether the backend cuda works here, on which device and with which differences from wasm, or why not. Loads the libraries, and compiles and runs an action and a solve. */
export function examineCuda(): { readonly name: string; readonly present: boolean; readonly detail: string } {
  try {
    const device = openCuda();
    const [a, b] = [numbersOn("wasm"), numbersOn("cuda")];
    const [plain, solved] = [difference(a.plain, b.plain), difference(a.solved, b.solved)];
    const found = `${device.name} (${device.detail}), ${bytesText(device.memory().free)} free; differences from wasm: ${plain.toExponential(1)} in an SU(3) force, ${solved.toExponential(1)} through a solve`;
    const present = plain < ROUNDING && solved < SOLVE;
    return { name: "cuda", present, detail: `${found}${present ? "" : `: expected ${ROUNDING} and ${SOLVE}, do not use it here`}; ${NEVER_RUN} by its authors` };
  } catch (error) {
    if (!(error instanceof BackendError || error instanceof SolverError)) throw error;
    return { name: "cuda", present: false, detail: `${error.message.replace(/^backend cuda: /, "").replace(/, or use backend wasm$/, "")} (${NEVER_RUN} by its authors)` };
  }
}
