/** Two ranks, one of which is stuck when the other one is in a list of launches of the native backend, which says so before. */
import { SU, gaugeAction, hot, lattice } from "gaugegrad";
import { connect } from "../../dist/backend/index.js";

const comm = connect();
const U = hot(lattice([4, 4, 4, 8], { backend: "native", threads: 1, comm, grid: [1, 1, 1, 2] }), SU(2), { seed: 1 });
const S = gaugeAction.wilson({ beta: 2 });
const force = S.force(U);
for (; comm.rank === 1; );
comm.exchange = comm.sum = () => process.stdout.write("not compiled\n");
process.stdout.write("compiled\n");
S.valueAndForce(U.copyFrom(U), force);
