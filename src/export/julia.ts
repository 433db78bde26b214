/** NAME.jl: the library through ccall, on the arrays of Gaugefields.jl as they are. */
import type { LibrarySpec } from "./spec.ts";
import { fill } from "./template.ts";

const ACTION = `
function value(h::Handle, U)
    out = Ref{Cdouble}(0)
    GC.@preserve U check(ccall((:@p@_value, library), Cint, (Ptr{Cvoid}, Ptr{Ptr{ComplexF64}}, Ref{Cdouble}), h.pointer, pointers(h, U), out))
    out[]
end

function force!(F, h::Handle, U)
    out = Ref{Cdouble}(0)
    GC.@preserve U F check(ccall((:@p@_value_and_force, library), Cint, (Ptr{Cvoid}, Ptr{Ptr{ComplexF64}}, Ref{Cdouble}, Ptr{Ptr{ComplexF64}}), h.pointer, pointers(h, U), out, pointers(h, F)))
    out[]
end

function force(h::Handle, U)
    F = similar_links(U)
    GC.@preserve U F check(ccall((:@p@_force, library), Cint, (Ptr{Cvoid}, Ptr{Ptr{ComplexF64}}, Ptr{Ptr{ComplexF64}}), h.pointer, pointers(h, U), pointers(h, F)))
    F
end
`;

const FIELDS_ALONE = `
function value(h::Handle)
    out = Ref{Cdouble}(0)
    check(ccall((:@p@_value, library), Cint, (Ptr{Cvoid}, Ptr{Cvoid}, Ref{Cdouble}), h.pointer, C_NULL, out))
    out[]
end
`;

const FIELD_FORCES = `
function field_forces(h::Handle@U@)
    out = Ref{Cdouble}(0)
    F = [zeros(Cdouble, n, h.extents...) for n in field_numbers[1:@moved@]]
    to = Ptr{Cdouble}[pointer(f) for f in F]
    @holding@check(ccall((:@p@_field_forces, library), Cint, (Ptr{Cvoid}, @type@, Ref{Cdouble}, Ptr{Ptr{Cdouble}}), h.pointer, @links@, out, to))
    out[], F
end
`;

const GRADIENT = `
function gradient(h::Handle@U@)
    out = Ref{Cdouble}(0)
    theta = zeros(Cdouble, @room@)
    @linked@check(ccall((:@p@_gradient, library), Cint, (Ptr{Cvoid}, @type@, Ref{Cdouble}, Ptr{Cdouble}), h.pointer, @links@, out, theta))
    out[], theta
end
`;

const LAYER = `
function smear!(V, h::Handle, U)
    GC.@preserve U V check(ccall((:@p@_smear, library), Cint, (Ptr{Cvoid}, Ptr{Ptr{ComplexF64}}, Ptr{Ptr{ComplexF64}}), h.pointer, pointers(h, U), pointers(h, V)))
    V
end

smear(h::Handle, U) = smear!(similar_links(U), h, U)

function pullback(h::Handle, U, FV)
    F = similar_links(U)
    theta = zeros(Cdouble, @room@)
    GC.@preserve U FV F check(ccall((:@p@_pullback, library), Cint, (Ptr{Cvoid}, Ptr{Ptr{ComplexF64}}, Ptr{Ptr{ComplexF64}}, Ptr{Ptr{ComplexF64}}, Ptr{Cdouble}), h.pointer, pointers(h, U), pointers(h, FV), pointers(h, F), theta))
    F, theta[1:@parameterCount@]
end
`;

const TEXT = `"""
@title@, @group@, @D@ dimensions, exported by gaugegrad @version@.

    include("@p@.jl")
    S = @module@.Handle((@four@))
    @example@

@about@ All conventions are in @p@.h.
"""
module @module@

const library = joinpath(@__DIR__, "lib@p@.so")
const conventions = (force = 0, twice = 1, dsdu = 2, cotangent = 3)

struct Layout
    order::Cint
    pointers::Cint
    site::NTuple{@D@, Cptrdiff_t}
    stride::Cptrdiff_t
    sites::Ptr{Int64}
    direction::NTuple{@D@, Cptrdiff_t}
    row::Cptrdiff_t
    column::Cptrdiff_t
    imaginary::Cptrdiff_t
end

struct Options
    layout::Ptr{Layout}
    convention::Cint
    threads::Cint
end

check(status) = status == 0 || error(unsafe_string(ccall((:@p@_error, library), Cstring, (Cint,), status)))

function numbers(theta)
    length(theta) == @parameterCount@ || error("parameters: got $(length(theta)), expected @parameterCount@")
    Cdouble[theta...]
end

mutable struct Handle
    pointer::Ptr{Cvoid}
    extents::NTuple{@D@, Cint}
    function Handle(extents; parameters = nothing, convention = :force, threads = 0)
        L = NTuple{@D@, Cint}(extents)
        layout = Ref{Layout}()
        # 1: the arrays of Gaugefields.jl
        check(ccall((:@p@_layout_of, library), Cint, (Cint, Ref{NTuple{@D@, Cint}}, Ref{Layout}), 1, L, layout))
        out = Ref{Ptr{Cvoid}}(C_NULL)
        theta = parameters === nothing ? Cdouble[] : numbers(parameters)
        GC.@preserve layout theta begin
            options = Options(Base.unsafe_convert(Ptr{Layout}, layout), conventions[convention], threads)
            first = parameters === nothing ? Ptr{Cdouble}(C_NULL) : pointer(theta)
            check(ccall((:@p@_create, library), Cint, (Ref{NTuple{@D@, Cint}}, Ptr{Cdouble}, Ref{Options}, Ref{Ptr{Cvoid}}), L, first, options, out))
        end
        finalizer(h -> ccall((:@p@_destroy, library), Cvoid, (Ptr{Cvoid},), h.pointer), new(out[], L))
    end
end

function pointers(h::Handle, U)
    all(size(u) == (@N@, @N@, h.extents...) for u in U) && length(U) == @D@ || error("links: expected @D@ arrays of size (@N@, @N@, $(join(h.extents, ", ")))")
    Ptr{ComplexF64}[pointer(u) for u in U]
end

similar_links(U) = [similar(u) for u in U]
@methods@
set_parameters!(h::Handle, theta) = check(ccall((:@p@_set_parameters, library), Cint, (Ptr{Cvoid}, Ptr{Cdouble}), h.pointer, numbers(theta)))
const field_numbers = Int[@fieldNumbers@]

function set_field!(h::Handle, k, data)
    0 <= k < length(field_numbers) && sizeof(data) == 8 * prod(h.extents) * field_numbers[k + 1] || error("field $k: expected one of 0 to $(length(field_numbers) - 1), with $(field_numbers) doubles a site")
    GC.@preserve data check(ccall((:@p@_set_field, library), Cint, (Ptr{Cvoid}, Cint, Ptr{Cdouble}), h.pointer, k, Ptr{Cdouble}(pointer(data))))
end

end
`;

export function julia(spec: LibrarySpec): string {
  const { name: p, dim: D, N, subject, axes } = spec;
  const module = p.charAt(0).toUpperCase() + p.slice(1);
  const isAction = subject.kind === "action";
  const array = `ComplexF64[${N}, ${N}, ${axes.map((a) => `L${a}`).join(", ")}]`;
  const { linkless, moved = 0 } = subject;
  const about = linkless ? "Fields are set by `set_field!`, by their numbers." : `\`U\` is a vector of ${D} arrays ${array}: the fields \`U[mu].U\` of Gaugefields.jl without wings. Forces are matrices F, or with\n\`convention = :dsdu\` the dSdU of Gaugefields.jl.`;
  const texts = isAction ? [linkless ? FIELDS_ALONE : ACTION, ...(moved > 0 ? [FIELD_FORCES] : []), ...(spec.parameters.length > 0 ? [GRADIENT] : [])] : [LAYER];
  const where = linkless ? { U: "", holding: "GC.@preserve F ", linked: "", type: "Ptr{Cvoid}", links: "C_NULL" } : { U: ", U", holding: "GC.@preserve U F ", linked: "GC.@preserve U ", type: "Ptr{Ptr{ComplexF64}}", links: "pointers(h, U)" };
  const methods = fill(texts.join(""), { p, moved, ...where, room: Math.max(1, spec.parameters.length), parameterCount: spec.parameters.length });
  return fill(TEXT, { title: spec.title, group: spec.group, D, version: spec.version, p, module, four: Array.from({ length: D }, () => "4").join(", "), example: isAction ? (linkless ? `${module}.value(S); value, F = ${module}.field_forces(S)` : `${module}.value(S, U); F = ${module}.force(S, U)`) : `V = ${module}.smear(S, U)`, about, N, methods, parameterCount: spec.parameters.length, fieldNumbers: spec.fields.map((x) => x.components).join(", ") });
}
