/**
 * What a run leaves in its folder. Reports and live pages read these files, so the shapes are contracts.
 *
 *   run.json          RunInfo: marks the folder as a run
 *   config.toml       the run file as resolved, with every default
 *   metrics.jsonl     one MetricsRecord a line; the same bits whether the run was interrupted or not, so nothing in it knows the time
 *   events.jsonl      one EventRecord a line: starts, resumes, changed settings, stops, warnings, with time, versions and arithmetic
 *   checkpoint.NNNNNNNN   the newest two, NNNNNNNN = position: a text line and encoded `CheckpointState`
 *   network.gaugegrad  copy of the model file that the run was started with, network kind "model"
 *   observables/NAME.txt   the measurements once more, one file an observable, when the run ends or stops (`observable-files.ts`)
 *   model.gaugegrad   trained network, at the end of training (`gaugegrad model show`)
 *   configurations/NNNNNNNN.EXT   links after trajectory NNNNNNNN - 1, as the run file asks
 *   failed/NNNNNNNN.npy   links from which a solve of trajectory NNNNNNNN failed
 *   lock              while a run works in the folder
 *   STOP              made by hand: the run saves after its trajectory and ends
 */
import type { FieldData } from "../autograd/index.ts";
import type { FlowPoint } from "../gauge/index.ts";
import type { Epoch, StoredSample, TrainingState } from "../training/index.ts";

/** Commands that make runs. */
export type RunCommand = "hmc" | "train" | "slhmc";

/** Stages of a run in their order: trajectories that are not measured, online training in the prior HMC, production; or epochs on stored configurations. */
export type Phase = "thermalise" | "train" | "sample" | "epochs";

/** run.json */
export interface RunInfo {
  readonly schemaVersion: 1;
  readonly command: RunCommand | "spins train" | "spins sample" | "flow train" | "flow sample";
  /** SHA-256 of command and everything in the configuration that decides the physics. */
  readonly configurationHash: string;
  /** Folder that relative paths of the configuration start from, seen from the folder of the run. */
  readonly base?: string;
  /** Version of gaugegrad that started the run. */
  readonly version: string;
}

/** Root mean square and largest size of a force over the links, |F|^2 = -2 tr F^2 (U(1): |F|^2). */
export interface ForceSize {
  readonly rms: number;
  readonly max: number;
}

/** One trajectory. */
export interface TrajectoryRecord {
  readonly kind: "trajectory";
  readonly phase: "thermalise" | "train" | "sample";
  /** Number from 0, through all phases. */
  readonly trajectory: number;
  readonly accepted: boolean;
  /** H_new - H_old of the target. */
  readonly dH: number;
  /** Target action after the trajectory, with its pseudofermions. */
  readonly action: number;
  /** Kinetic energy of the fresh momenta. */
  readonly kinetic: number;
  /** Mean plaquette Re tr P / N after the trajectory; absent without links. */
  readonly plaquette?: number;
  /** Accepted whatever dH was (sampler.acceptAlways). */
  readonly forced?: boolean;
  /** A solve failed and the trajectory counts as rejected (sampler.failedSolve): why. Action and kinetic energy are not known, null in JSON. */
  readonly failed?: string;
  /** Number of the chain, in a training with several (training.shards). */
  readonly shard?: number;
}

/** What was measured after a trajectory of the phase `sample`. */
export interface MeasurementRecord {
  readonly kind: "measurement";
  readonly trajectory: number;
  /**
   * By name: "plaquette.xy" (planes), "rectangle", "polyakov.re", "polyakov.im" (not for SU(2)), "|polyakov|", "linkTrace", "energy.clover", "energy.plaquette",
   * "energy.electric", "energy.magnetic", "charge", "condensate", "pion(0)", "wilson(2,2)", ...
   */
  readonly values: { readonly [name: string]: number };
  /** By part of the actions: "gauge"; "fermions", or "fermions.0", "fermions.1"; "target" with fermions; "guide". Present when "forces" is among the observables. */
  readonly forces?: { readonly [part: string]: ForceSize };
  /** Along the gradient flow, when asked for; times in lattice units. */
  readonly flow?: readonly FlowPoint[];
  /** What was unusual, such as an unstable flow; one sentence each. */
  readonly warnings?: readonly string[];
}

/** One optimiser step of online training, after the line of its trajectory. */
export interface TrainingRecord {
  readonly kind: "training";
  readonly step: number;
  readonly trajectory: number;
  /** The loss that is minimised, before the step. */
  readonly value: number;
  /** 1/2 |S_theta - S|^2; absent where a sampler trains itself, as `offset`. */
  readonly squared?: number;
  /** 1/2 |S_theta - S - E_0|^2; absent in the first step of batches of one. */
  readonly centred?: number;
  readonly offset?: number;
  readonly gradientNorm: number;
  readonly rate: number;
  /** theta after the step, in the order of the names of the model; empty for networks of a sampler, which are in the checkpoint. */
  readonly parameters: readonly number[];
}

/** One epoch of training on stored configurations. */
export interface EpochRecord extends Omit<Epoch, "action" | "state"> {
  readonly kind: "epoch";
  readonly parameters: readonly number[];
}

/** A production self-check that passed; one that fails ends the run (exit code 4) and stands in events.jsonl. */
export interface CheckRecord {
  readonly kind: "check";
  readonly trajectory: number;
  /** The trajectory was computed twice with the same bits. */
  readonly repeated: true;
  /** Largest |U - U_0| after integrating forward and back, and |H - H_0|. */
  readonly reversibility: number;
  readonly reversibilityDH: number;
  /** Largest |U U^+ - 1| and |det U - 1|. */
  readonly unitarity: number;
  readonly determinant: number;
  /** Error of the action from the solves of the Metropolis step; absent in older files. */
  readonly solveError?: number;
  /** Number of the chain, in a training with several (training.shards). */
  readonly shard?: number;
}

/** A line of metrics.jsonl. */
export type MetricsRecord = TrajectoryRecord | MeasurementRecord | TrainingRecord | EpochRecord | CheckRecord;

/** How numbers are computed: results keep their bits under equal arithmetic only. */
export interface Arithmetic {
  /** Backend that ran the programs. */
  readonly engine: string;
  readonly fusedMultiplyAdd: boolean;
  /** Hash of values of log, sin, cos and exp, whose last bits engines choose; absent in older files, which Node wrote. */
  readonly elementary?: string;
}

/** A line of events.jsonl. */
export interface EventRecord {
  readonly kind: "start" | "resume" | "change" | "stop" | "done" | "failure" | "warning";
  /** ISO 8601. */
  readonly time: string;
  /** Trajectories (or epochs) done. */
  readonly position: number;
  /** Reason, warning or error, one sentence. */
  readonly text?: string;
  /** With start and resume. */
  readonly version?: string;
  readonly arithmetic?: Arithmetic;
  readonly environment?: Readonly<Record<string, string>>;
  /** Seconds of this part of the run, with stop, done and failure. */
  readonly seconds?: number;
  /** Of them, on rank 0 of several: seconds in exchanges and sums with other ranks. */
  readonly exchangeSeconds?: number;
}

/** Chains of a training in shards. */
export interface ShardsState {
  /** Links of the chains 1, 2, ...; those of chain 0 are the links of the run. */
  readonly links: readonly (readonly Float64Array[])[];
  /** Replay buffers of all chains. */
  readonly buffers: readonly (readonly StoredSample[])[];
}

/** Everything a run needs to go on, in one transaction. */
export interface CheckpointState<F extends FieldData = readonly Float64Array[]> {
  readonly version: 1;
  readonly command: RunCommand;
  readonly configurationHash: string;
  /** The resolved configuration. */
  readonly configuration: unknown;
  readonly arithmetic: Arithmetic;
  /** Trajectories (phases thermalise, train, sample together) or epochs done. */
  readonly position: number;
  readonly total: number;
  /** Nothing is left to do. */
  readonly done: boolean;
  /** Phase of the last trajectory, or of the first one before it. */
  readonly phase: Phase;
  /** All random numbers are functions of these. */
  readonly random: { readonly seed: number; readonly stream: number; readonly trajectory: number };
  /** N of the group; extents; links direction by direction in canonical order (sites lexicographic, rows, re and im), or as values by site. */
  readonly group: number;
  readonly extents: readonly number[];
  readonly links: F;
  /** Fields of matter, in the alphabetical order of their names; absent without matter. */
  readonly matter?: F;
  /** theta of the effective action that the guide has or is trained to have; null without one. */
  readonly parameters: { readonly names: readonly string[]; readonly values: Float64Array } | null;
  /** Optimiser, offset, replay buffer; null outside of training. */
  readonly training: TrainingState<F> | null;
  /** What the sampler carries besides the links. */
  readonly sampler?: Float64Array;
  /** Of a training in shards that has chains of its own. */
  readonly shards?: ShardsState;
  /** Accepted and done trajectories of each phase. */
  readonly counters: { readonly [phase: string]: { readonly done: number; readonly accepted: number } };
  /** How far metrics.jsonl belongs to this state. */
  readonly metrics: { readonly bytes: number; readonly lines: number; readonly sha256: string };
}
