/** Moments of fields of matter: <phi^2>, <phi^4>, and of fields without gauge transformation |M|, its powers, V |M|^2 and neighbours. */
import { type Field, DirectionalField } from "../../../autograd/index.ts";
import { scalarMoments } from "../../../gauge/index.ts";
import { observable } from "../part.ts";
import { none, prefixed } from "./options.ts";

export const moments = observable({
  name: "moments",
  options: none,
  of: "matter",
  measure: (_U, _options, { matter = {} }) => Object.assign({}, ...Object.entries(matter).map(([name, field]) => (field instanceof DirectionalField ? {} : prefixed(name, scalarMoments(field as Field))))) as Record<string, number>,
});
