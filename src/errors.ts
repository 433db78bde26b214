/**
 * Error classes of gaugegrad. Every message is one line: what, got, expected, what to do.
 * `code` is stable and machine readable; `exitCode` is what the command line returns (DESIGN: exit codes).
 */

/** Exit codes of the command line. */
export const EXIT = {
  done: 0,
  failure: 1,
  usage: 2,
  configuration: 3,
  physicsCheck: 4,
  file: 5,
  stoppedEarly: 75,
} as const;

/** Names of the classes: those that a minifier gives them say nothing to who reads an error in a page. */
const NAMES: Readonly<Record<string, string>> = { E_PHYSICS_CHECK: "PhysicsCheckError", E_FILE: "FileFormatError", E_NAN: "NaNError" };
const nameOf = (code: string): string => NAMES[code] ?? `${code.charAt(2)}${code.slice(3).toLowerCase()}Error`;

/** Base class: `code` names the kind of failure, `exitCode` is the process exit code it maps to. */
export class GaugegradError extends Error {
  readonly code: string;
  readonly exitCode: number;
  constructor(code: string, message: string, exitCode: number = EXIT.failure) {
    super(message);
    this.name = /^E_[A-Z_]+$/.test(code) ? nameOf(code) : new.target.name;
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** Extents, dimensions, N or lattices that do not fit together. */
export class GeometryError extends GaugegradError {
  constructor(message: string) {
    super("E_GEOMETRY", message, EXIT.failure);
  }
}

/** An operation that would break gauge covariance, refused while recording. */
export class CovarianceError extends GaugegradError {
  constructor(message: string) {
    super("E_COVARIANCE", message, EXIT.physicsCheck);
  }
}

/** A traced value used outside its recording, with another recording, or of the wrong kind. */
export class RecordingError extends GaugegradError {
  constructor(message: string) {
    super("E_RECORDING", message, EXIT.failure);
  }
}

/** A field, plan or container used after it was disposed, or a scope that cannot know when its fields are done with. */
export class LifetimeError extends GaugegradError {
  constructor(message: string) {
    super("E_LIFETIME", message, EXIT.failure);
  }
}

/** A run file, option or parameter with an invalid value. */
export class ConfigurationError extends GaugegradError {
  constructor(message: string) {
    super("E_CONFIGURATION", message, EXIT.configuration);
  }
}

/** A physics check failed: gradient, covariance, unitarity, reversibility. */
export class PhysicsCheckError extends GaugegradError {
  constructor(message: string) {
    super("E_PHYSICS_CHECK", message, EXIT.physicsCheck);
  }
}

/** A file that cannot be read or written, or whose contents contradict themselves. */
export class FileFormatError extends GaugegradError {
  constructor(message: string) {
    super("E_FILE", message, EXIT.file);
  }
}

/** An iterative solver that did not reach its tolerance. */
export class SolverError extends GaugegradError {
  constructor(message: string) {
    super("E_SOLVER", message, EXIT.failure);
  }
}

/** Not a number where a number is due. */
export class NaNError extends GaugegradError {
  constructor(message: string) {
    super("E_NAN", message, EXIT.failure);
  }
}

/** A backend, compiler or optional package that is not present or not usable here. */
export class BackendError extends GaugegradError {
  constructor(message: string) {
    super("E_BACKEND", message, EXIT.failure);
  }
}

/** What a user's program threw: its own message, with file and line; the exit code is 1, or the error's own `exitCode`. */
export class ProgramError extends GaugegradError {
  constructor(message: string, cause: unknown) {
    const own = (cause as { readonly exitCode?: unknown } | undefined)?.exitCode;
    super("E_PROGRAM", message, typeof own === "number" && Number.isInteger(own) && own > 0 && own < 256 ? own : EXIT.failure);
    this.cause = cause;
  }
}

/** A command line used wrongly. */
export class UsageError extends GaugegradError {
  constructor(message: string) {
    super("E_USAGE", message, EXIT.usage);
  }
}
