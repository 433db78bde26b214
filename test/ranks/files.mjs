/** Files of a divided lattice: what is written and read, and what becomes of a disk that is full on one rank. Each returns a text, the same on all ranks. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { SU, adam, effectiveAction, gaugeAction, hmc, hot, lattice as undivided, losses, pseudofermions, readGauge, staggered, stout, sumOfTargets, trainOnline, writeGauge } from "gaugegrad";
import { DirectionalField, Field, LiveValues, realType, setFields } from "gaugegrad/autograd";
import { latestCheckpoint, openCheckpoint, readCheckpoint, saveCheckpoint } from "gaugegrad/io";
import { liveSample } from "gaugegrad/training";
import { sha256Hex } from "gaugegrad/util";

const { readFileSync, readdirSync, writeSync, writeFileSync } = fs;
const commOf = (L) => L.engine.part?.comm;
const own = (fields) => fields.map((f) => sha256Hex([new Uint8Array(f.toArray().buffer)]).slice(0, 12)).join();
const provenance = { ensembleId: "e", sequenceNumber: "7" };
const FORMATS = [["nersc", 64], ["nersc", 32], ["ildg", 64], ["milc", 32], ["npy", 64], ["bridge", 64]];

/** A training with replay up to 3 trajectories, from the newest checkpoint of the folder; `at` is told after every trajectory. */
function trained(L, folder, at) {
  const [found] = readdirSync(folder).length > 0 ? [latestCheckpoint(folder, commOf(L)).state] : [];
  const fermions = pseudofermions(staggered({ mass: 0.6 }), { lattice: L, group: SU(2), flavours: 4 });
  const gauge = gaugeAction.wilson({ beta: 2.7 });
  const target = sumOfTargets(gauge, fermions);
  const U = hot(L, SU(2), { seed: 7 });
  const sampler = hmc({ action: target, integrator: "omelyan", length: 0.3, steps: 2, seed: 3 });
  if (found) {
    setFields(U.fields, found.links);
    sampler.trajectory = found.trajectory;
  }
  const action = effectiveAction({ gauge, fermions: fermions.action.with({ mass: 0.7, phi: fermions.phi }), network: stout({ rho: 0.05 }) });
  const loss = { ...losses.squared(), needs: { force: true, start: true } };
  const training = trainOnline({ sampler, target, U, action, loss, optimiser: adam({ rate: 1e-3 }), trajectories: 3, replay: { capacity: 2, batch: 2, seed: 9 }, ...(found ? { state: found.training } : {}) });
  for (let next = training.next(); ; next = training.next()) {
    if (next.done) return `${[...next.value.parameters].join()} ${own(U.fields)}`;
    at(next.value, () => ({ links: new LiveValues(U.fields), trajectory: sampler.trajectory, training: next.value.state(liveSample) }));
  }
}

export const files = {
  /** Bytes of a checkpoint with a replay buffer in the middle of a training, and its end. */
  training(L, folder) {
    const end = trained(L, folder, (step, state) => step.result.trajectory === 1 && saveCheckpoint(folder, 2, state()));
    return `${sha256Hex([readFileSync(join(folder, "checkpoint.00000002"))]).slice(0, 12)} ${end}`;
  },
  /** The end of one that goes on. */
  resumed: (L, folder) => trained(L, folder, () => undefined),
  /** Bytes of every format, and the links that are read from it. */
  formats(L, folder) {
    const U = hot(L, SU(2), { seed: 7 });
    return FORMATS.map(([format, precision]) => {
      const file = join(folder, `${format}.${precision}`);
      writeGauge(file, U, format, { precision, provenance });
      const back = readGauge(file, { lattice: L.extents, group: "su2", makeLattice: () => L });
      return `${format} ${precision} ${sha256Hex([readFileSync(file)]).slice(0, 12)} ${own(back.U.fields)} ${JSON.stringify(back.checks)} ${back.warnings.join("; ")} ${back.unitarity.unitarity}`;
    }).join("\n") + `\n${readdirSync(folder).sort().join()}`;
  },
  /** Bytes of a checkpoint with links and matter, and what is read from it. */
  checkpoint(L, folder) {
    const U = hot(L, SU(2), { seed: 7 });
    const phi = new Field(L, realType("all"));
    phi.set(Float64Array.from({ length: L.volume }, (_, n) => Math.sin(n)));
    for (const position of [1, 2, 3]) saveCheckpoint(folder, position, { position, links: new LiveValues(U.fields), matter: new LiveValues([phi]), list: [1, { text: "é" }] });
    const found = latestCheckpoint(folder, commOf(L));
    const V = new DirectionalField(L, 2, "links");
    const chi = new Field(L, realType("all"));
    setFields(V.fields, found.state.links);
    setFields([chi], found.state.matter);
    const plain = readCheckpoint(found.file);
    return [sha256Hex([readFileSync(found.file)]).slice(0, 12), found.position, JSON.stringify(found.state.list), own(V.fields), own([chi]), own(U.fields) === own(V.fields), plain.links.length, readdirSync(folder).sort()].join(" ");
  },
  /** A checkpoint whose bytes are damaged at one place is passed over on all ranks. */
  damaged(L, folder) {
    const U = hot(L, SU(2), { seed: 7 });
    const comm = commOf(L);
    for (const position of [1, 2]) saveCheckpoint(folder, position, { position, links: new LiveValues(U.fields) });
    const file = join(folder, "checkpoint.00000002");
    comm?.barrier();
    if ((comm?.rank ?? 0) === 0) {
      const bytes = readFileSync(file);
      bytes[bytes.length - 5] ^= 1;
      writeFileSync(file, bytes);
    }
    comm?.barrier();
    const { position, damaged } = latestCheckpoint(folder, comm);
    let text = "";
    try {
      if (comm) openCheckpoint(file, comm);
      else readCheckpoint(file);
    } catch (error) {
      text = error.message.replaceAll(folder, "").replace(/SHA-256 [0-9a-f]+, expected [0-9a-f]+/, "SHA-256");
    }
    return `${position} ${damaged.length} ${text}`;
  },
  /** The disk is full on the last rank, in the middle of its links: one line, the old file, nothing else. */
  full(L, folder) {
    const comm = commOf(L);
    const [rank, last] = comm ? [comm.rank, comm.size - 1] : [0, 0];
    const [U, old] = [hot(L, SU(2), { seed: 7 }), hot(L, SU(2), { seed: 8 })];
    writeGauge(join(folder, "links"), old, "ildg");
    saveCheckpoint(folder, 1, { links: new LiveValues(old.fields) });
    const before = readFileSync(join(folder, "links"));
    comm?.barrier();
    if (rank === last) {
      fs.writeSync = (fd, bytes, offset, length, position) => {
        if (length < 500) return writeSync(fd, bytes, offset, length, position);
        writeSync(fd, bytes, offset, length >> 1, position);
        throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
      };
      syncBuiltinESMExports();
    }
    const said = [() => writeGauge(join(folder, "links"), U, "ildg"), () => saveCheckpoint(folder, 2, { links: new LiveValues(U.fields) })].map((write) => {
      try {
        write();
        return "written";
      } catch (error) {
        return `${error.exitCode} ${error.message.replaceAll(folder, "")}`;
      }
    });
    fs.writeSync = writeSync;
    syncBuiltinESMExports();
    comm?.barrier();
    return [...said, readFileSync(join(folder, "links")).equals(before), readdirSync(folder).sort().join()].join("\n");
  },
};

/** The same on an undivided lattice. */
export const alone = (name, extents, folder) => files[name](undivided(extents, { threads: 1 }), folder);
