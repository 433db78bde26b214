/** Outputs go to regular files only, and nothing that stands in the way is followed or replaced; inputs are regular files only. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FileFormatError } from "../../src/errors.ts";
import { SU, cold, lattice } from "gaugegrad";
import { readCheckpoint, readGauge, writeGauge } from "../../src/io/index.ts";
import { cli } from "../cli/helpers.ts";
import { readModel } from "../../src/models/index.ts";
import { openRegularFile, printable, readRegularFile, writeFileAtomic, writeFileAtomically } from "../../src/util/index.ts";

let folder = "";
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "gaugegrad-files-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const onUnix = process.platform !== "win32";
const pipe = (name: string): string => {
  execFileSync("mkfifo", [at(name)]);
  return at(name);
};

describe.runIf(onUnix)("writing", () => {
  test("a link stays, its target is written", () => {
    writeFileSync(at("target"), "old");
    symlinkSync("target", at("link"));
    writeFileAtomic(at("link"), "new");
    expect([lstatSync(at("link")).isSymbolicLink(), readFileSync(at("target"), "utf8")]).toEqual([true, "new"]);
    mkdirSync(at("elsewhere"));
    writeFileSync(at("elsewhere/far"), "old");
    symlinkSync(at("elsewhere/far"), at("second"));
    writeFileAtomic(at("second"), "new");
    expect(readFileSync(at("elsewhere/far"), "utf8")).toBe("new");
    expect(readdirSync(at("elsewhere"))).toEqual(["far"]);
  });

  test("links to nothing, devices, pipes and folders are refused and stay what they are", () => {
    symlinkSync("nowhere", at("dangling"));
    symlinkSync("/dev/null", at("null"));
    symlinkSync("loop", at("loop"));
    pipe("pipe");
    for (const [name, message] of [["dangling", /a link to nothing/], ["null", /is a device/], ["pipe", /is a pipe/], [".", /is a folder/], ["loop", /link|cannot be written/]] as const) {
      const before = lstatSync(at(name)).mode;
      expect(() => writeFileAtomic(at(name), "x")).toThrow(message);
      expect(() => writeFileAtomic(at(name), "x")).toThrow(FileFormatError);
      expect(lstatSync(at(name)).mode).toBe(before);
    }
    expect(existsSync(at("nowhere"))).toBe(false);
    expect(() => writeFileAtomic("/dev/null", "x")).toThrow(/is a device/);
    expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  test("nothing can be planted where the temporary file goes: its name is new each time, and it is opened exclusively", () => {
    writeFileSync(at("victim"), "mine");
    symlinkSync("victim", at(`out.${process.pid}.tmp`));
    const names = new Set<string>();
    for (let k = 0; k < 5; k++) writeFileAtomically(at("out"), (target) => {
      target.write(Buffer.from("x"));
      for (const name of readdirSync(folder)) if (/^out\.\d+\.tmp$/.test(name)) names.add(name);
    });
    expect(readFileSync(at("victim"), "utf8")).toBe("mine");
    // the planted one and five of our own
    expect(names.size).toBe(6);
    expect(readdirSync(folder).filter((name) => /^out\.\d+\.tmp$/.test(name))).toEqual([`out.${process.pid}.tmp`]);
  });

  test("permissions of a file that was there are kept", () => {
    writeFileSync(at("private"), "x");
    chmodSync(at("private"), 0o600);
    writeFileAtomic(at("private"), "y");
    expect(statSync(at("private")).mode & 0o777).toBe(0o600);
  });
});

describe.runIf(onUnix)("reading", () => {
  test("pipes, devices, folders and missing files: one line with the name, and no waiting", () => {
    const fifo = pipe("in");
    mkdirSync(at("empty"));
    for (const read of [readCheckpoint, readModel, (f: string) => readRegularFile(f), (f: string) => openRegularFile(f), (f: string) => readGauge(f)])
      for (const [file, message] of [[fifo, /in: got a pipe, not a regular file, expected/], ["/dev/zero", /got a device/], [at("empty"), /empty: got a folder/], [at("missing"), /missing: cannot be opened \(ENOENT/]] as const) {
        const start = performance.now();
        expect(() => read(file)).toThrow(message);
        expect(() => read(file)).toThrow(FileFormatError);
        expect(performance.now() - start).toBeLessThan(2000);
      }
  });

  test("more than is sensible is refused before it is read", () => {
    writeFileSync(at("large"), Buffer.alloc(1000));
    expect(() => readRegularFile(at("large"), "a small file", 999)).toThrow(/got 1000 bytes, expected at most 999/);
  });
});

describe.runIf(onUnix)("on the command line", () => {
  test("pipes, devices and folders given as run file, module, model or configuration end at once with exit code 5", async () => {
    const fifo = pipe("p.ts");
    mkdirSync(at("folder.toml"));
    for (const argv of [["hmc", fifo, "--dir", at("run")], ["hmc", at("folder.toml"), "--dir", at("run")], ["check", fifo], ["model", "show", fifo], ["model", "show", "/dev/zero"], ["measure", fifo], ["convert", fifo, at("x.npy")], ["spins", "sample", fifo, "--dir", at("run")]]) {
      const start = performance.now();
      const { code, stderr } = await cli(argv);
      expect(code, `${argv.join(" ")}: ${stderr}`).toBe(5);
      expect(stderr).toMatch(/^gaugegrad: [^\n]*(pipe|folder|device)[^\n]*\n$/);
      expect(performance.now() - start).toBeLessThan(5000);
    }
  });

  test("convert to a device, even when forced; links out of the folder of a run", async () => {
    writeGauge(at("in.ildg"), cold(lattice([2, 2, 2, 2], { threads: 1 }), SU(2)), "ildg");
    const r = await cli(["convert", at("in.ildg"), "/dev/null", "--to", "nersc", "--force"]);
    expect([r.code, lstatSync("/dev/null").isCharacterDevice()]).toEqual([5, true]);
    expect(r.stderr).toMatch(/\/dev\/null: is a device/);
    mkdirSync(at("outside"));
    mkdirSync(at("linked"));
    symlinkSync(at("outside"), at("linked/configurations"));
    writeFileSync(at("linked.toml"), 'group = "SU(2)"\n[lattice]\nextents = [2, 2]\n[action]\nbeta = 1\n[sampler]\nsteps = 2\ntrajectories = 1\n[output]\nconfigurations = { format = "npy", every = 1 }\n');
    const h = await cli(["hmc", at("linked.toml"), "--dir", at("linked")]);
    expect(h.code).toBe(5);
    expect(h.stderr).toMatch(/configurations: got a link out of the folder of the run/);
    expect(readdirSync(at("outside"))).toEqual([]);
  });

  test("file names and texts of files steer no terminal", async () => {
    const { stderr } = await cli(["measure", at("a\u001b[31mb")]);
    // oxlint-disable-next-line no-control-regex
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});

test("text for people holds no characters that steer a terminal", () => {
  expect(printable("a\u001b[31mb\u0007\nc\u009bd\u007f\u2028é")).toBe("a?[31mb??c?d??é");
});
