/** Where the packages of TensorFlow.js engines come from in a page: its import map, or the `module` option. */

/** Addons for Node are not for browsers; loading them says why. */
export function prepareNode(_gpu: boolean): void {}

/** By its name, which the page's import map resolves. */
export function importPackage(name: string): Promise<unknown> {
  return import(name);
}
