/** Two nodes that are this machine, by a remote shell that starts here what it is given: launchers and libraries take them for two. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LauncherHere } from "./launchers.ts";

/** A remote shell: its options, the host, the command. Each host has a temporary folder of its own, by which its processes are known. */
function remoteShell(folder: string): string {
  const file = join(folder, "shell");
  writeFileSync(file, `#!/bin/sh\nwhile [ "\${1#-}" != "$1" ]; do shift; done\nexport TMPDIR="${folder}/$1"\nmkdir -p "$TMPDIR"\nshift\nexec sh -c "$*"\n`, { mode: 0o755 });
  return file;
}

/** A launcher with two nodes that have so many ranks each; their shell and temporary folders lie in this folder. */
export function onNodes(launcher: LauncherHere, folder: string, each: number): LauncherHere {
  const agent = remoteShell(folder);
  const hosts = `node-a:${each},node-b:${each}`;
  // memory that Open MPI itself shares is called by machine and rank of a node: two nodes of one machine would take each other's
  const options = {
    "Open MPI": ["--mca", "plm_rsh_agent", agent, "--mca", "oob_tcp_if_include", "lo", "--mca", "btl_tcp_if_include", "lo", "--mca", "btl", "tcp,self", "--bind-to", "none", "--host", hosts],
    MPICH: ["-launcher", "ssh", "-launcher-exec", agent, "-iface", "lo", "-hosts", hosts],
  }[launcher.name];
  return { ...launcher, options };
}
