/** The group of ranks of this process. */
export { connect } from "./connect.ts";
export { HOOK_EXIT, endJob } from "./mpi/guards.ts";
export { affinity, sharedProcessors } from "./shared-processors.ts";
