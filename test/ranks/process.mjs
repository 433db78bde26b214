/** One rank under a launcher: the named work, hashes as JSON on rank 0. Arguments: grid (or "none"), threads, backend, names... */
import { lattice } from "gaugegrad";
import { connect } from "../../dist/backend/index.js";
import { work } from "./work.mjs";

const [grid, threads, backend, ...names] = process.argv.slice(2);
const comm = connect();
const options = { threads: Number(threads), backend, comm, ...(grid === "none" ? {} : { grid: JSON.parse(grid) }) };
const hashes = Object.fromEntries(names.map((name) => [name, work[name](lattice([4, 4, 4, 8], options))]));
// every rank has the same, or there is something to say
const own = new TextEncoder().encode(JSON.stringify(hashes));
const first = own.slice();
comm.broadcast(first, 0);
if (Buffer.compare(first, own) !== 0) throw new Error(`got ${new TextDecoder().decode(own)}, expected ${new TextDecoder().decode(first)}`);
if (comm.rank === 0) process.stdout.write(`${JSON.stringify({ size: comm.size, near: comm.near, hashes })}\n`);
await comm.leave(0, 60);
comm.close();
