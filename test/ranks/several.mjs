/**
 * One rank under a launcher that goes through several command lines in one start. Arguments: a JSON file with cases (for each rank its arguments, and the folder of the
 * package that runs them), a folder for what each rank says: an exit code and lines for every case.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { connect } from "../../dist/backend/index.js";
import { processContext } from "../../dist/cli/context.js";
import { onRanks } from "../../dist/runs/index.js";

const [file, folder] = process.argv.slice(2);
const comm = connect();
// a command line leaves the group as ever, and the next one finds it
const group = () => ({ ...comm, close: () => undefined });
const said = [];
for (const ranks of JSON.parse(readFileSync(file, "utf8"))) {
  const { argv, root } = ranks[comm.rank];
  const { run } = await import(pathToFileURL(join(root, "dist/cli/program.js")).href);
  let stderr = "";
  const code = await onRanks(argv, { ...processContext(), stdout: () => undefined, stderr: (text) => (stderr += text) }, run, group);
  said.push({ code, stderr });
}
writeFileSync(join(folder, `${comm.rank}.json`), JSON.stringify(said));
await comm.leave(0, 60);
comm.close();
