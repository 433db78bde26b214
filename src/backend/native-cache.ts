/**
 * The folder of compiled kernels. Code that is loaded from it runs with the rights of the user, so it is used only when nobody else can have put
 * anything there; otherwise this process works in a folder of its own.
 */
import { closeSync, existsSync, fsyncSync, lstatSync, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { BackendError } from "../errors.ts";
import { notice } from "../util/index.ts";

/** Write permission of group and others; the sticky bit, with which only owners may rename. */
const [OTHERS, STICKY] = [0o022, 0o1000];

const user = (): number | undefined => process.getuid?.();

/** Why a folder is not safe to load code from; undefined when it is, and on systems without owners. */
function doubtOf(folder: string): string | undefined {
  const me = user();
  if (me === undefined) return undefined;
  const own = statSync(folder);
  if (own.uid !== me) return `it belongs to the user ${own.uid}`;
  if ((own.mode & OTHERS) !== 0) return "others may write to it";
  // whoever may rename a folder above can put another one in its place
  for (let [at, above] = [folder, dirname(folder)]; above !== at; [at, above] = [above, dirname(above)]) {
    const s = statSync(above);
    if (s.uid !== me && s.uid !== 0) return `${above} belongs to the user ${s.uid}`;
    if ((s.mode & OTHERS) !== 0 && (s.mode & STICKY) === 0) return `others may write to ${above}`;
  }
  return undefined;
}

/** True for a file that this user wrote and nobody else may write to. */
export function isOwn(file: string): boolean {
  const s = lstatSync(file, { throwIfNoEntry: false });
  const me = user();
  return s?.isFile() === true && (me === undefined || (s.uid === me && (s.mode & OTHERS) === 0));
}

let mine: string | undefined;

/** A folder that ends with this process. */
function privateFolder(): string {
  if (mine === undefined) {
    const made = (mine = mkdtempSync(join(tmpdir(), "gaugegrad-native-")));
    process.on("exit", () => rmSync(made, { recursive: true, force: true }));
  }
  return mine;
}

/** The folder to use in place of `folder`, made with permissions for its user alone. @throws BackendError when it cannot be made. */
export function safeFolder(folder: string): string {
  try {
    if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 });
    const real = realpathSync(folder);
    const doubt = doubtOf(real);
    if (doubt === undefined) return real;
    notice(`backend native: the cache folder ${folder} is not used (${doubt}): kernels are compiled into a folder of this process`);
    return privateFolder();
  } catch (e) {
    throw new BackendError(`backend native: cannot write to the cache folder ${folder} (${(e as Error).message}): set GAUGEGRAD_CACHE to a writable folder, or use backend wasm`);
  }
}

/** Makes what was written durable before it gets its name. */
export function synced(file: string): void {
  const fd = openSync(file, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
