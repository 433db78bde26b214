/** A file of a divided lattice: all ranks make its pieces, one of them writes. */
import type { Comm } from "../backend/index.ts";
import { FileFormatError } from "../errors.ts";
import { type WriteTarget, writeFileAtomically } from "../util/index.ts";

const nowhere: WriteTarget = { write: () => undefined, overwrite: () => undefined };

/**
 * As `writeFileAtomically` on rank 0, while the others go through the same steps. Nobody leaves before the end, as the pieces are made by all.
 * @throws on every rank what was thrown on one.
 */
export function writeTogether(file: string, comm: Comm, fill: (target: WriteTarget) => void): void {
  if (comm.size === 1) return writeFileAtomically(file, fill);
  let [failure, filled]: [unknown, boolean] = [undefined, false];
  try {
    if (comm.rank === 0)
      writeFileAtomically(file, (target) => {
        filled = true;
        const attempt = (write: () => void): void => {
          try {
            if (failure === undefined) write();
          } catch (error) {
            failure = error;
          }
        };
        fill({ write: (bytes) => attempt(() => target.write(bytes)), overwrite: (at, bytes) => attempt(() => target.overwrite(at, bytes)) });
        if (failure !== undefined) throw failure;
      });
  } catch (error) {
    failure = error;
  }
  try {
    if (!filled) fill(nowhere);
  } catch (error) {
    failure ??= error;
  }
  const failed = Float64Array.of(failure === undefined ? 0 : 1);
  comm.max(failed);
  if (failed[0] === 0) return;
  throw failure ?? new FileFormatError(`${file}: cannot be written, expected a folder with room that may be written to: rank 0 knows why`);
}
