/** Training on stored configurations. */
import type { TrainingSection } from "./sections.ts";

/** True for a training on configurations that are there already. */
export const isOffline = (training: TrainingSection | undefined): boolean => training?.configurations !== undefined || training?.run !== undefined;
