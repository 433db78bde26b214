/** Pages do without determinants of overlap operators: the names of `overlap.node.ts`, which say so. */
import { BackendError } from "../../errors.ts";
import type { OverlapStep as Step } from "./overlap-step.ts";

/** There is none in a browser. */
export const OverlapStep = class {
  constructor() {
    throw new BackendError("overlapLogDet: got a browser, expected Node: pages do without eigenvectors of dense matrices");
  }
} as unknown as typeof Step;
