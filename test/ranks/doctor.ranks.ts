/** `gaugegrad doctor` under every launcher: library, launcher, binding, threads, messages, and traps that are still exceptions. */
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { launch, launchers } from "./launchers.ts";

const main = resolve(import.meta.dirname, "../../dist/cli/main.js");

describe.skipIf(launchers.length === 0)("doctor", () => {
  for (const launcher of launchers)
    test(launcher.name, async () => {
      const { code, stdout, stderr } = await launch(launcher, 2, [main, "doctor", "--json"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const { ranks } = JSON.parse(stdout) as { ranks: { name: string; present: boolean; detail: string }[] };
      expect(ranks.map((r) => [r.name, r.present])).toEqual(["library", "launcher", "binding", "threads", "messages", "traps"].map((name) => [name, true]));
      const of = Object.fromEntries(ranks.map((r) => [r.name, r.detail]));
      expect(of["library"]).toMatch(launcher.name === "MPICH" ? /MPICH.*interface mpich/ : /Open MPI.*interface ompi/);
      expect(of["launcher"]).toContain(`${launcher.name}) started 2 processes, the library knows 2`);
      expect(of["messages"]).toMatch(/8 B [\d.e+]+ us, 1 MB [\d.e+]+ us; ranks 0, 1: memory in common with 1 other$/);
      expect(of["traps"]).toBe("ranks 0, 1: a WebAssembly trap is an exception");
      console.log(`${launcher.name}: ${of["messages"]}; ${of["binding"]}`);
    });
});
