/** Self-learning HMC without a network that is killed in its regression and later: resumed, the bits of a run that was left alone. Every kind of target and guide: test/physics/kill.physics.ts. */
import { afterAll, test } from "vitest";
import { guidedRuns, killedAndWhole } from "./guided-runs.ts";
import { Scratch } from "./runs.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

const [name, text] = guidedRuns[0]!;
test(name, () => killedAndWhole(scratch, name, text));
