/** Checks of actions and layers: derivatives, identities, symmetries, group. */
export { type CheckOptions, check } from "./check.ts";
export type { BijectionSubject } from "./steps.ts";
export { jacobianLogDet } from "./jacobian.ts";
export { type CheckItem, CheckReport, type CheckStatus, type CheckSubject } from "./report.ts";
export { type AnyLayer as CheckedLayer, type RecordedAction, type Subject as CheckedSubject, isSubject } from "./subject.ts";
export type { Expectation } from "./symmetries.ts";
