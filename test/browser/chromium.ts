/** A real browser for the tests: Chromium where there is one, and why not where there is none. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Browser } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

function executable(): string | undefined {
  const given = process.env["PLAYWRIGHT_CHROMIUM"] ?? process.env["CHROME_PATH"];
  const places = (process.env["PATH"] ?? "").split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...(given === undefined ? [] : [given]), ...places, "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"].find((file) => existsSync(file));
}

/** Starts the browser, or says why not. */
export async function startBrowser(): Promise<{ readonly browser: Browser } | { readonly reason: string }> {
  const executablePath = executable();
  if (executablePath === undefined) return { reason: "no Chromium found: install chromium or google-chrome, or set PLAYWRIGHT_CHROMIUM to its executable" };
  const playwright = await import("playwright-core").catch(() => undefined);
  if (!playwright) return { reason: "playwright-core is not installed" };
  try {
    // containers allow no sandbox of the browser's own; the pages are ours
    return { browser: await playwright.chromium.launch({ executablePath, args: ["--no-sandbox"] }) };
  } catch (error) {
    return { reason: `${executablePath} does not start: ${(error as Error).message.split("\n")[0]}` };
  }
}
