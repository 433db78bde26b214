/** Tables of TOML files. */
import { TomlError, parse } from "smol-toml";
import { z } from "zod";
import { ConfigurationError } from "../../errors.ts";
import { readRegularFile } from "../../util/index.ts";
import { type Node, complaints } from "./complaints.ts";

/** A table whose keys were not looked at. */
export type Table = Readonly<Record<string, unknown>>;

/** No run file is longer. */
export const MAX_BYTES = 1 << 24;

/** The tables of a text. @throws ConfigurationError for text that is not TOML. */
export function tablesOf(text: string, source: string): Table {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
    throw new ConfigurationError(`${source}: line ${error.line}, column ${error.column}: ${reason}, expected TOML`);
  }
}

/** Reads a file that a schema describes alone; `expected` says which one. @throws FileFormatError, ConfigurationError with the key, what stands there and what was expected. */
export function readTables<S extends z.ZodType>(file: string, expected: string, schema: S): z.output<S> {
  return checkedTables(tablesOf(readRegularFile(file, expected, MAX_BYTES).toString("utf8"), file), file, schema);
}

/** What a schema makes of tables. @throws ConfigurationError with the key, what stands there and what was expected. */
export function checkedTables<S extends z.ZodType>(raw: unknown, source: string, schema: S): z.output<S> {
  const result = schema.safeParse(raw);
  if (!result.success) throw new ConfigurationError(`${source}: ${complaints(result.error.issues, raw, z.toJSONSchema(schema, { io: "input" }) as Node)}`);
  return result.data;
}
