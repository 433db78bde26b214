/** What notebooks show: kernels of Jupyter (Deno's among them) ask values under this name for texts by media type. */

/** Key of the method that notebook kernels call. */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display") as never;

/** One value as texts by media type; a notebook takes the richest that it knows. */
export type MimeBundle = Readonly<Record<string, string>>;
