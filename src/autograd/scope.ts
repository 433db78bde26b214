/**
 * Scopes: every field made while a scope is open is disposed at its end, except those that it returns. What is kept for later calls
 * (results that belong to a plan, work space of a sampler) is made `outside`.
 */
import { LifetimeError } from "../errors.ts";
import { describe, leavesOf } from "../util/index.ts";

/** What a scope frees. */
interface Owned {
  dispose(): void;
}

/** Fields of the innermost open scope. A scope is one synchronous call, so nothing of it is left when control returns to the event loop. */
let innermost: Set<Owned> | undefined;

/** Tells the open scope of a new field. */
export function enlist(field: Owned): void {
  innermost?.add(field);
}

/** Tells the open scope that a field is gone already. */
export function strike(field: Owned): void {
  innermost?.delete(field);
}

/** Runs `make` outside of any scope: the fields that it makes live on. */
export function outside<T>(make: () => T): T {
  if (typeof make !== "function") throw new LifetimeError(`outside: got ${describe(make)}, expected a function: outside(() => ...)`);
  return inside(undefined, make);
}

/**
 * Runs f and disposes every field made meanwhile, except those that f returns, alone or in arrays and plain objects; they belong to the
 * enclosing scope, if there is one. Plans, and what samplers and recorded functions keep for later calls, are not touched. Without a
 * scope dropped fields are freed too, later and at the cost of a copy.
 * @throws LifetimeError for an asynchronous f, whose fields would go while it still works.
 */
export function scope<T>(f: () => T): T {
  if (typeof f !== "function") throw new LifetimeError(`scope: got ${describe(f)}, expected a function: scope(() => ...)`);
  const fields = new Set<Owned>();
  const outer = innermost;
  let result: T;
  try {
    result = inside(fields, f);
    if (typeof (result as { then?: unknown } | undefined)?.then === "function") {
      (result as unknown as Promise<unknown>).then(undefined, () => undefined);
      throw new LifetimeError("scope: got an asynchronous function, expected a synchronous one: its fields would be disposed while it still works; dispose them one by one");
    }
    release(result, fields, outer);
    return result;
  } finally {
    for (const x of fields) x.dispose();
  }
}

function inside<T>(fields: Set<Owned> | undefined, f: () => T): T {
  const outer = innermost;
  innermost = fields;
  try {
    return f();
  } finally {
    innermost = outer;
  }
}

/** Takes what a structure holds out of the scope: fields, and objects with several of them. */
function release(x: unknown, from: Set<Owned>, to: Set<Owned> | undefined): void {
  for (const { value } of leavesOf(x)) {
    const several = (value as { readonly fields?: unknown } | null | undefined)?.fields;
    for (const field of Array.isArray(several) ? several : [value]) if (from.delete(field as Owned)) to?.add(field as Owned);
  }
}
