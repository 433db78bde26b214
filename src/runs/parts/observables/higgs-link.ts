/** The gauge-invariant link of a Higgs field, (phi(n), U phi(n + mu)). */
import { type Field, DirectionalField } from "../../../autograd/index.ts";
import { higgsLink } from "../../../gauge/index.ts";
import { observable } from "../part.ts";
import { none, prefixed } from "./options.ts";

export const higgsLinkObservable = observable({
  name: "higgsLink",
  title: "gauge-invariant link",
  options: none,
  of: "links and matter",
  measure: (U, _options, { matter = {} }) =>
    Object.assign({}, ...Object.entries(matter).map(([name, field]) => (field instanceof DirectionalField || !["vector", "matrix"].includes(field.type.kind) ? {} : prefixed(name, { link: higgsLink(U, field as Field) })))) as Record<string, number>,
});
