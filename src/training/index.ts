/** Training room: effective actions, losses, optimisers and schedules, training inside a prior chain or on stored configurations. */
export { EffectiveAction, type EffectiveInputs, type EffectiveParts, type ParametricAction, type ValueAndGradient, effectiveAction } from "./effective-action.ts";
export { type Assessment, type Fluctuation, type Loss, type LossEvaluation, type Offset, acceptanceOfSd, assess, fluctuation, losses } from "./losses.ts";
export { type Schedule, schedules } from "./schedule.ts";
export { type Objective, type Optimiser, type OptimiserState, type OptimiserStep, type Residuals, clipNorm } from "./optimisers.ts";
export { type AdamOptions, type FirstOrderOptions, adam, adamW, sgd } from "./first-order.ts";
export type { ParameterGroup } from "./parameter-groups.ts";
export { type LbfgsOptions, lbfgs } from "./lbfgs.ts";
export { type WeightAverage, weightAverage } from "./average.ts";
export { type GaussNewtonOptions, choleskySolve, gaussNewton } from "./least-squares.ts";
export { LinearRegression, type RegressionFit, linearStart, regression } from "./regression.ts";
export { type SampleOptions, type StoredSample, type TrainingSample, liveSample, restoreSample, storeSample, takeSample } from "./samples.ts";
export type { Share } from "./share.ts";
export { Learner, type LearningOptions, type LearningStep, type TrainingState } from "./learner.ts";
export { type OnlineStep, type OnlineTrainingOptions, type PriorSampler, type ReplayOptions, drawBatch, onlineTraining, trainOnline } from "./online.ts";
export { type Epoch, type OfflineResult, type OfflineTrainingOptions, finishTraining, trainOffline } from "./offline.ts";
