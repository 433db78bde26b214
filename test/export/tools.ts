/** Compilers and tools of the system that the tests of exported libraries use, and why not where they are absent. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const works = (command: string, args: readonly string[]): boolean => spawnSync(command, args, { encoding: "utf8" }).status === 0;

function present(command: string): boolean {
  const found = works(command, ["--version"]);
  if (!found) console.log(`${command}: not found here, tests with it are left out`);
  return found;
}

export const compilers = ["gcc", "clang"].filter(present);
export const python3 = present("python3");
export const valgrind = present("valgrind");

/** Runs a command in a folder. @throws Error with its output when it fails. */
export function sh(folder: string, command: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: folder, encoding: "utf8", env: { ...process.env, ...environment }, maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? status}\n${stdout.slice(-4000)}\n${stderr.slice(-4000)}`);
  return stdout;
}

/** A compiler that links the sanitizers; undefined where none does. */
export function sanitizer(folder: string): string | undefined {
  writeFileSync(join(folder, "probe.c"), "int main(void) { return 0; }\n");
  return compilers.find((cc) => works(cc, ["-fsanitize=address,undefined", "-o", join(folder, "probe"), join(folder, "probe.c")]) && works(join(folder, "probe"), []));
}

/** Warnings that are errors, little optimisation, this machine's vectors. */
export const FLAGS = "-O1 -march=native -Werror";
