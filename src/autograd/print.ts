/** Programs as text and as Graphviz. */
import type { Program } from "./tape.ts";
import { typeText } from "./types.ts";
import { guard, is } from "../util/index.ts";

function attributeText(attributes: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(attributes)
    .filter(([, v]) => !(v instanceof Float64Array))
    .map(([k, v]) => `${k}=${Array.isArray(v) ? `(${v.join(",")})` : typeof v === "object" ? "program" : String(v)}`);
  return parts.length === 0 ? "" : ` {${parts.join(" ")}}`;
}

const recordedProgram = is.withFields("a program (plan.program)", "nodes", "inputs", "outputs", "lattice");

/** One line a node: `%3 = mul(%1, %2) : matrix N=3 [0 -> +x]`. */
export function print(program: Program): string {
  guard("print", { program: [program, recordedProgram] });
  const lines = program.nodes.map((n, id) => `%${id} = ${n.op.name}(${n.inputs.map((i) => `%${i}`).join(", ")})${attributeText(n.attributes)} : ${typeText(program.lattice, n.type)}`);
  return [...lines, `return ${program.outputs.map((id) => `%${id}`).join(", ")}`].join("\n");
}

/** The program as a directed graph for `dot -Tsvg`. */
export function toGraphviz(program: Program): string {
  guard("toGraphviz", { program: [program, recordedProgram] });
  const nodes = program.nodes.map((n, id) => `  n${id} [label="${n.op.name}\\n${typeText(program.lattice, n.type)}"${program.outputs.includes(id) ? " peripheries=2" : ""}];`);
  const edges = program.nodes.flatMap((n, id) => n.inputs.map((i, k) => `  n${i} -> n${id}${n.inputs.length > 1 ? ` [label="${k}"]` : ""};`));
  return ["digraph program {", "  node [shape=box fontname=monospace];", ...nodes, ...edges, "}"].join("\n");
}
