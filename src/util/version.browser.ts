/** Version of the package: pages have no package.json to read. A test compares it with that one. */
export function packageVersion(): string {
  return "0.1.0";
}
