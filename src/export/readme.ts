/** README of an exported library. */
import type { LibrarySpec } from "./spec.ts";

const MAKE = (p: string, kind: string): string => `\`\`\`
make          # lib${p}.a, lib${p}.so and test; CC=clang, OPENMP= (one thread), CFLAGS="-O2" choose
./test        # numbers of this very ${kind}, exit code 0 when all are right
\`\`\`

In a build of your own compile ${p}.c with \`-O3 -march=native -ffp-contract=fast -fno-math-errno -fno-trapping-math\`: gcc's \`-std=c11\` alone leaves out fused multiply-add, a fifth of the speed.`;

const MAKE_DEVICE = (p: string): string => `\`\`\`
make          # lib${p}.a and lib${p}.so with nvcc, for sm_90; ARCH=sm_80 chooses; make check runs the test on the device
make shim && ./shim    # the same file compiled for the processor by cuda_shim.h, which needs no CUDA: its numbers are the oracle
\`\`\`

The kernels were compared with gaugegrad through the shim and compiled by nvcc. **They have never run on a device**: run \`make check\` on yours first. Fields lie in managed memory, which host and device
share; each call converts them from the host's layout.`;

export function readme(spec: LibrarySpec): string {
  const { name: p, dim: D, N, subject, parameters, fields, bounds, axes } = spec;
  const P = p.toUpperCase();
  const isAction = subject.kind === "action";
  const four = Array.from({ length: D }, () => "4").join(", ");
  const solved = spec.portable.programs.some((x) => x.steps.some((s) => s.kind === "solve"));
  return `# ${spec.title}

${isAction ? "An action" : "A layer, a map of links to links"} of ${subject.linkless ? "fields" : `${spec.group} links${subject.moved ? " and fields" : ""}`} in ${D} dimensions, exported by gaugegrad ${spec.version} as a ${spec.device ? "library of CUDA C++ kernels in double precision, one thread a site" : "C11 library that needs nothing but the C library"}. MIT licence (LICENSE); what it
rests on is in references.bib.

${spec.device ? MAKE_DEVICE(p) : MAKE(p, subject.kind)}

| file | holds |
|---|---|
| ${p}.h | the interface; every convention and layout |
| ${p}.${spec.device ? "cu" : "c"} | kernels, tables for any extents made at run time, conversions; no global state |
| test.c | numbers on closed-form fields${isAction ? ", the force against differences of the value" : ""} |
| ${p}.py | Python: ctypes, numpy where it is installed |
| ${p}.jl | Julia: ccall on the arrays of Gaugefields.jl |

Extents: ${bounds.length === 0 ? "any" : bounds.join(", ")}.${spec.device ? "" : ` Vectors take the widest of the machine that is compiled for; \`-D${P}_LANES=1\` is plain C.`} Handles may be used by several threads at a time.

## C

\`\`\`c
#include "${p}.h"
int extents[${D}] = {${four}};            /* ${axes.join(", ")} */
${p}_handle* h;
int status = ${p}_create(extents, NULL, NULL, &h);      /* exported parameters, links as in an ILDG record */
if (status) puts(${p}_error(status));
${fields.length > 0 ? `${p}_set_field(h, 0, data);                          /* ${fields[0]!.name} */\n` : ""}${isAction ? `${subject.linkless ? "" : `${p}_value_and_force(h, U, &S, F);`}${subject.moved ? `${subject.linkless ? "" : "\n"}${p}_field_forces(h, ${subject.linkless ? "NULL" : "U"}, &S, forces);          /* an array for each of ${fields.slice(0, subject.moved).map((f) => f.name).join(", ")} */` : ""}` : `${p}_smear(h, U, V);`}
${p}_destroy(h);
\`\`\`

${subject.linkless ? "" : `${spec.device ? "" : `A host that keeps links and forces in the library's own blocks (\`${P}_OWN\`, converted by \`${p}_pack\` and \`${p}_unpack\`) pays for no copy. `}Memory of other codes is used as it is: pass a \`${p}_layout\` (strides, or a table of sites), made by \`${p}_layout_of\` for ILDG and numpy, Gaugefields.jl, MILC and openQCD. They describe the
fields of one process without halos.

`}## Python

\`\`\`python
import ${p}
S = ${p}.${isAction ? "Action" : "Layer"}((${four}))
${fields.map((x) => `S.set_field(${JSON.stringify(x.name)}, data)   # ${x.components} doubles a site\n`).join("")}${isAction ? (subject.linkless ? "S.value(), S.field_forces()" : `S.value(U), S.force(U)${subject.moved ? ", S.field_forces(U)" : ""}`) : "V = S.smear(U)"}${subject.linkless ? "" : `                # U: complex128 of shape (${[...axes].reverse().map((a) => `L${a}`).join(", ")}, ${D}, ${N}, ${N})`}
\`\`\`
${isAction && !subject.linkless ? wrappers(spec) : ""}
${subject.linkless ? "" : `## Conventions

Links U_mu(n) transport from n + mu to n; the last direction is time. T_a = (i/2) lambda_a; F = sum_a T_a d/ds S(exp(s T_a) U); momenta N(0, 1) with K = p^2/2 move by -eps F. \`${p}_options.convention\` gives
forces as other codes take them: \`${P}_FORCE_TWICE\` (MILC, QUDA, Grid), \`${P}_FORCE_DSDU\` (Gaugefields.jl), \`${P}_FORCE_COTANGENT\` (dS = Re tr(G^+ dU)), \`${P}_FORCE_COMPONENTS\`.
`}${parameters.length === 0 ? "" : `\nParameters: ${parameters.map((x) => `${x.name} = ${x.value}`).join(", ")}.\n`}${fields.length === 0 ? "" : `\nFields that the host sets with \`${p}_set_field\` before the first evaluation: ${fields.map((f) => `${f.name} (${f.text})`).join("; ")}.\n`}${spec.portable.solutions.length > 0 ? "\nThe host solves: value, force and gradient take the solutions X as fields, set for the links and parameters at hand; Y = D X is made inside.\n" : ""}${solved ? `\nLinear systems are solved by the library's own conjugate gradient, to the tolerance of the exported action; ${P}_SOLVER says that it was not reached.\n` : ""}`;
}

/** Custom derivatives for PyTorch and JAX: ten lines each. */
function wrappers({ name: p, N }: LibrarySpec): string {
  return `
## PyTorch and JAX

As a function with a derivative of its own. \`convention="cotangent"\` gives G with dS = Re tr(G^+ dU), the gradient of torch; gradients of JAX are its conjugate. Tested with stand-ins for both
libraries that follow their documentation, not with the libraries themselves.

\`\`\`python
import torch, ${p}
S = ${p}.Action(extents, convention="cotangent")

class ActionOf(torch.autograd.Function):        # ActionOf.apply(U), U: complex128, (..., mu, ${N}, ${N})
    @staticmethod
    def forward(ctx, U):
        value, G = S.value_and_force(U.detach().cpu().resolve_conj().numpy())
        ctx.save_for_backward(torch.from_numpy(G).to(U.device))
        return torch.tensor(value, dtype=torch.float64, device=U.device)
    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]
\`\`\`

\`\`\`python
import jax, numpy, ${p}
jax.config.update("jax_enable_x64", True)
S = ${p}.Action(extents, convention="cotangent")

def value_and_cotangent(U):                     # on the host, under jit too
    shapes = jax.ShapeDtypeStruct((), numpy.float64), jax.ShapeDtypeStruct(U.shape, numpy.complex128)
    return jax.pure_callback(lambda u: tuple(map(numpy.asarray, S.value_and_force(numpy.asarray(u)))), shapes, U)

@jax.custom_vjp
def action(U):
    return value_and_cotangent(U)[0]

action.defvjp(value_and_cotangent, lambda G, g: (g * G.conj(),))
\`\`\`
`;
}
