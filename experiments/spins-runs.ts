/** What the three pages on spins share: exact samples, models trained on them block by block, and measured chains, each a run with a folder of its own. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type SpinEnd, type SpinRunInput, defineSpinRun, produceSpins, readMetrics } from "gaugegrad/runs";

export interface Architecture {
  readonly shells: number;
  readonly reach: number;
  readonly layers: number;
}

/** A trained model: the folder of its run, and its numbers. */
export interface Trained {
  readonly name: string;
  /** "attention, 2 layers" */
  readonly model: string;
  readonly layers: number;
  readonly parameters: number;
  readonly train: number;
  readonly test: number;
}

export type Value = readonly [mean: number, error: number, tauInt: number];

/** Averages of a chain; `acceptance` is that of its own steps. */
export interface Measured {
  readonly acceptance: Value;
  readonly logWeight: Value;
  readonly magnetisation: Value;
  readonly staggered: Value;
}

/** The runs of one model on one lattice. */
export class SpinRuns {
  readonly #folder: string;
  readonly #model: SpinRunInput["model"];

  constructor(folder: string, { lattice, J, T }: { readonly lattice: readonly [number, number]; readonly J: number; readonly T: number }) {
    this.#folder = folder;
    this.#model = { lattice: [...lattice], J, T };
  }

  async #make(name: string, command: "train" | "sample", sections: Omit<SpinRunInput, "model">): Promise<SpinEnd> {
    let end: SpinEnd | undefined;
    const run = defineSpinRun({ model: this.#model, ...sections }, this.#folder);
    for await (const event of produceSpins({ command, run, folder: join(this.#folder, name) })) if (event.kind === "done") end = event as SpinEnd;
    console.error(name);
    return end!;
  }

  /** Exact configurations, the first `test` of them only to be looked at, the acceptance of the chain that they come from, and a file with the first of them. */
  async samples(seed: number, samples: number, test: number): Promise<{ readonly of: Samples; readonly acceptance: number; readonly start: string }> {
    const run = `samples-seed${seed}`;
    await this.#make(run, "train", { effective: { kind: "linear", shells: 1 }, training: { samples, test }, sampler: { seed } });
    const [first] = readMetrics(join(this.#folder, run)) as unknown as readonly [{ readonly acceptance: number }];
    return { of: { run, samples, test }, acceptance: first.acceptance, start: join(run, "spins.json") };
  }

  /** A file of spins. */
  start(name: string, spins: Float64Array): string {
    const file = `${name}.json`;
    writeFileSync(join(this.#folder, file), JSON.stringify([...spins]));
    return file;
  }

  async linear(of: Samples, shells: number): Promise<Trained> {
    const name = `linear-${shells}`;
    const { trained } = await this.#make(name, "train", { effective: { kind: "linear", shells }, training: { ...of } });
    return { name, model: trained!.model, layers: 0, parameters: trained!.parameters, train: trained!.trainMse, test: trained!.testMse };
  }

  /** Transformers of 0 to `layers` blocks: each starts from the one before with a new block of small value weights, all weights are then trained together by Levenberg-Marquardt. */
  async layers(of: Samples, { shells, reach, layers }: Architecture, { steps, seed }: { readonly steps: number; readonly seed: number }): Promise<Trained[]> {
    const found: Trained[] = [];
    for (let n = 0; n <= layers; n++) {
      const name = `attention-${shells}-${reach}-${n}`;
      const before = n > 1 ? { file: join(found[n - 1]!.name, "model.json") } : {};
      const { trained } = await this.#make(name, "train", { effective: { kind: "attention", shells, reach, layers: n, ...before }, training: { ...of, steps }, sampler: { seed } });
      found.push({ name, model: trained!.model, layers: n, parameters: trained!.parameters, train: trained!.trainMse, test: trained!.testMse });
    }
    return found;
  }

  /** Self-learning chain of a trained model. */
  selfLearning({ name }: Trained, start: string, { steps, sweeps, seed }: { readonly steps: number; readonly sweeps: number; readonly seed: number }): Promise<Measured> {
    const updates = sweeps * this.#model.lattice!.reduce((v, L) => v * L, 1);
    return this.#measured(`chain-${name}`, { effective: { file: join(name, "model.json") }, sampler: { seed, steps, thermalise: Math.ceil(steps / 20), updates, start } });
  }

  /** Local updates with the exact weight. */
  metropolis(start: string, { thermalise, steps, seed }: { readonly thermalise: number; readonly steps: number; readonly seed: number }): Promise<Measured> {
    return this.#measured("metropolis", { effective: { kind: "exact" }, sampler: { seed, steps, thermalise, start } });
  }

  async #measured(name: string, sections: Omit<SpinRunInput, "model">): Promise<Measured> {
    const { sampled } = await this.#make(name, "sample", sections);
    const of = (key: string): Value => [sampled![key]!.mean, sampled![key]!.error, sampled![key]!.tauInt];
    return { acceptance: of("acceptance"), logWeight: of("logWeight"), magnetisation: of("magnetisation"), staggered: of("staggeredMagnetisation") };
  }
}

/** Where a training finds its samples. */
export interface Samples {
  readonly run: string;
  readonly samples: number;
  readonly test: number;
}
