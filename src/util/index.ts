/** Utilities: random numbers, statistics, special functions, hashes, text. */
export { type FillOptions, PHILOX, PURPOSE, type RandomStream, fillNormals, philox, randomStream, streamOfSample, uniform53 } from "./rng.ts";
export { SparseMap, type Term } from "./sparse-map.ts";
export { type Estimate, acceptanceError, autocorrelation, gammaMethod, gammaMethodOf, gammaMethodReplicas, jackknife, mean, zScore } from "./statistics.ts";
export { besselI, chiSquareProbability, erfc } from "./special.ts";
export { contentHash, crc32, sha256Hex } from "./hash.ts";
export { bytesText, printable, table, withError } from "./format.ts";
export { type Arguments, type Kind, describe, guard } from "./guard.ts";
export * as is from "./guard.ts";
export { decode, encode } from "./codec.ts";
export { type OpenFile, type WriteTarget, absolutePath, closeFile, folderOf, isFolder, isThere, joined, namesIn, openRegularFile, readFully, readRegularFile, removeFile, writeFileAtomic, writeFileAtomically } from "#platform/util/files";
export { Buffer, environmentVariable, unguessable } from "#platform/util/host";
export { type ContainerKind, readContainer, writeContainer } from "./container.ts";
export { nearest } from "./nearest.ts";
export { type ParameterSpace, countParameters, parameterSpace, randomParameters } from "./parameters.ts";
export { Tensor } from "./tensor.ts";
export { type Path, type Place, isBranch, leavesOf, mapLeaves, nameOf, placesOf, pruned, valueAt } from "./tree.ts";
export { emitWarning, notice } from "./warning.ts";
export { type Declaration, type RealParameter, type TensorParameter, type ValuesOf, real, tensor, valuesOf } from "./declaration.ts";
