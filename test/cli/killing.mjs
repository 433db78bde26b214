/**
 * Loaded into a run with node --import: kills the process at a chosen moment of its n-th checkpoint, or makes the disk full. The run itself knows
 * nothing of it. GAUGEGRAD_TEST_FAULT = STAGE:N with the stages half, unsynced, unrenamed, renamed, line, full; slow: it hangs for 20 s. STAGE:N:RANK: on this rank of several
 * only, which has no more of a checkpoint than its links.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const [asked, count, rank] = (process.env["GAUGEGRAD_TEST_FAULT"] ?? "none:0").split(":");
const { OMPI_COMM_WORLD_RANK, PMI_RANK } = process.env;
const stage = rank === undefined || rank === (OMPI_COMM_WORLD_RANK ?? PMI_RANK) ? asked : "none";
/** Bytes of what is no header. */
const LEAST = rank === undefined ? 1000 : 100;
let left = Number(count);
const paths = new Map();
const { openSync, writeSync, fsyncSync, renameSync } = fs;

const isCheckpoint = (path) => /checkpoint\.\d+/.test(String(path));
const die = () => process.kill(process.pid, "SIGKILL");

fs.openSync = (path, ...rest) => {
  const fd = openSync(path, ...rest);
  paths.set(fd, String(path));
  return fd;
};
fs.writeSync = (fd, bytes, offset = 0, length = bytes.length - offset, position = null) => {
  const path = paths.get(fd) ?? "";
  const payload = isCheckpoint(path) && length > LEAST;
  if (stage === "half" && payload && --left === 0) {
    writeSync(fd, bytes, offset, Math.floor(length / 2), position);
    die();
  }
  if (stage === "line" && path.endsWith("metrics.jsonl") && --left === 0) {
    writeSync(fd, bytes, offset, Math.floor(length / 2), position);
    die();
  }
  if (stage === "full" && payload && --left <= 0) {
    writeSync(fd, bytes, offset, Math.floor(length / 2), position);
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
  }
  return writeSync(fd, bytes, offset, length, position);
};
fs.fsyncSync = (fd) => {
  if (stage === "slow" && isCheckpoint(paths.get(fd)) && --left === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20_000);
  if (stage === "unsynced" && isCheckpoint(paths.get(fd)) && --left === 0) die();
  fsyncSync(fd);
};
fs.renameSync = (from, to) => {
  const hit = isCheckpoint(to) && (stage === "unrenamed" || stage === "renamed") && --left === 0;
  if (hit && stage === "unrenamed") die();
  renameSync(from, to);
  if (hit) die();
};
syncBuiltinESMExports();
