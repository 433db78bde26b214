/** Fermions from an operator alone: pseudofermions, their roots and ratios, or the determinant itself, as the options of a section say. */
import { z } from "zod";
import { ConfigurationError } from "../../../errors.ts";
import { type DiracOperator, checkOperator } from "../../../fermions/index.ts";
import { hot } from "../../../gauge/index.ts";
import type { FermionField } from "../../system-types.ts";
import { positive } from "../../sections/schema-values.ts";
import { type Place, fieldsOf, form, rationalOptions, solver } from "./options.ts";

/** Options of every operator. */
export const fieldOptions = {
  flavours: positive.optional().describe("default what one field has without roots"),
  sites: z.enum(["even", "all"]).optional().describe("sites of pseudofermions; default even where the operator has an even block and the power allows it"),
  over: z.number().optional().describe("the same operator with another value of its first parameter, whose determinant divides; give a field of that value as well"),
  ...form,
  ...solver,
  ...rationalOptions,
};

type FieldOptions = z.output<z.ZodObject<typeof fieldOptions>>;

/** Fermions of an operator that is not this package's own: it is tried on random links first. @throws PhysicsCheckError as `checkOperator`, ConfigurationError for what is no operator. */
export function fieldsOfOperator(name: string, operator: DiracOperator, { flavours, sites, over, ...options }: FieldOptions, context: Place): FermionField {
  const { lattice, group } = context;
  if (typeof operator !== "object" || operator === null) throw new ConfigurationError(`fermions ${name}: got no Dirac operator from its function operator, expected { name, parameters, type, flavours, on }`);
  using U = hot(lattice, group, { seed: 1 });
  checkOperator(operator, U);
  const [first] = Object.keys(operator.parameters);
  if (over !== undefined && first === undefined) throw new ConfigurationError(`fermions ${name}: got over = ${over} for an operator without parameters, expected none`);
  const one = operator.flavours(lattice);
  const numerator = over === undefined ? undefined : { ...operator, parameters: { ...operator.parameters, [first!]: over } };
  return fieldsOf(operator, numerator, { ...options, flavours: flavours ?? (operator.evenBlock ? one : 2 * one) }, context, sites ? { sites } : {});
}
