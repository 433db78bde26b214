/** The header of an exported library: its whole interface, with the conventions in comments. */
import type { LibrarySpec } from "./spec.ts";
import { fill } from "./template.ts";

const upper = (s: string): string => s.toUpperCase();

const TEXT = `/*
 * @title@, @group@, @D@ dimensions: exported by gaugegrad @version@.
 * @linkText@Directions mu = 0 .. @last@ are @axes@; extents are written in this order. Extents: @bounds@.
 */
#ifndef @P@_H
#define @P@_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

enum { @P@_DIM = @D@, @P@_N = @N@, @P@_PARAMETERS = @parameterCount@, @P@_FIELDS = @fieldCount@, @P@_GENERATORS = @generators@ };
@parameterList@@fieldList@
/* What every function returns; @p@_error gives the text. */
enum @p@_status {
  @P@_OK = 0,
  @P@_ARGUMENT,    /* a null pointer, a number out of its range or not finite, strides or directions that overlap, or a field that is not of its kind */
  @P@_EXTENTS,     /* extents that this library does not take */
  @P@_MEMORY,      /* no memory */
  @P@_FIELD,       /* a field has not been set */
  @P@_SOLVER,      /* the conjugate gradient did not reach its tolerance */
  @P@_NUMBER,      /* links, a force or a result are not finite */
  @P@_CONVENTION,  /* a force of this convention cannot be an argument */
  @P@_TABLE        /* a table of sites names one of them twice, or one that there is not */
};

/* Orders of sites in memory. */
enum @p@_order {
  @P@_STRIDES,     /* site[mu] doubles from n to n + mu */
  @P@_EVEN_ODD,    /* all even sites, then all odd ones, lexicographic (first direction fastest) inside: MILC */
  @P@_SITES,       /* a table of the host: sites[n], from 0 to V - 1, is the number of the site that is n-th with the first direction fastest */
  @P@_ODD_LINKS,   /* openQCD: the 2 D links of every odd site, forward and backward, by a table of site numbers, V / 2 to V - 1 for odd sites; others are not read */
  @P@_BLOCKS       /* the library's own order, in which nothing is turned over. Filled by @p@_pack, read by @p@_unpack */
};

/*
 * Where the numbers of a link field lie, in doubles: entry (i, j) of U_mu(n) is at
 *   base + (site n) + direction[mu] + i row + j column, its imaginary part "imaginary" further.
 * Strides enclose each other: each is at least what the smaller ones span together. No two directions have a number in one place.
 * With pointers = 1 links are passed as an array of @D@ pointers to double, one a direction, and direction[] is not used.
 */
typedef struct @p@_layout {
  int order;
  int pointers;
  ptrdiff_t site[@D@];       /* @P@_STRIDES */
  ptrdiff_t stride;          /* other orders: doubles from one site number to the next */
  const int64_t* sites;      /* @P@_SITES and @P@_ODD_LINKS; read by @p@_create only */
  ptrdiff_t direction[@D@];
  ptrdiff_t row, column, imaginary;
} @p@_layout;

/* Layouts by name; "sites" of openQCD's is for the host to fill. */
enum @p@_known_layout {
  @P@_ILDG,            /* [@record@][mu][row][column][re, im]: the ILDG record, numpy in C order */
  @P@_GAUGEFIELDS_JL,  /* Gaugefields.jl without wings: for each mu an array of its own, ComplexF64[row, column, @directions@], first index fastest */
  @P@_MILC,            /* links[@D@ i + mu] as su@N@_matrix e[row][column], sites even first */
  @P@_OPENQCD,         /* su@N@_dble u[@twoD@ (ix - V/2) + 2 mu (+ 1)], directions last first: t, x, y, z */
  @P@_OWN              /* @P@_BLOCKS */
};
int @p@_layout_of(int known, const int extents[@D@], @p@_layout* layout);

/*
 * Forces. F = sum_a T_a d/ds S(exp(s T_a) U), T_a = (i/2) lambda_a antihermitian, tr(T_a T_b) = -delta_ab / 2; a momentum P = sum_a p^a T_a with K = p^2 / 2
 * moves by -eps F in a time eps.
 */
enum @p@_convention {
  @P@_FORCE,            /* F: also openQCD's matrices */
  @P@_FORCE_TWICE,      /* 2 F: what MILC, QUDA and Grid subtract in a time eps of theirs, with momenta sqrt(2) p */
  @P@_FORCE_DSDU,       /* N U^+ F: dSdU of Gaugefields.jl up to what its TA(U dSdU) drops */
  @P@_FORCE_COTANGENT,  /* @cotangent@: G with dS = Re tr(G^+ dU), up to what is orthogonal to the group */
  @P@_FORCE_COMPONENTS  /* f^a = @components@ as double [@record@][mu][a], whatever the layout of the links; openQCD's generators have the opposite sign */
};

typedef struct @p@_options {
  const @p@_layout* layout; /* of links and forces; NULL: @P@_ILDG */
  int convention;
  int threads;             /* at most 1024; 0: as many as OpenMP has; 1 without OpenMP */
} @p@_options;

typedef struct @p@_handle @p@_handle;

const char* @p@_error(int status);
const char* @p@_parameter_name(int k);

/* A handle for a lattice; parameters NULL: those exported; options NULL: ILDG, @P@_FORCE. Every function may be called from several threads at a time, on one handle too. */
int @p@_create(const int extents[@D@], const double* parameters, const @p@_options* options, @p@_handle** handle);
void @p@_destroy(@p@_handle* handle);
int @p@_get_parameters(@p@_handle* handle, double parameters[]);
int @p@_set_parameters(@p@_handle* handle, const double parameters[]);
/*
 * Links, or forces as matrices, from the layout of the handle to blocks of @P@_BLOCKS and back: @p@_size doubles, which begin at a multiple of 64 bytes. A handle with the layout
 * @P@_OWN takes and returns blocks: a host that keeps its fields in them pays for no copy. They are the same for all handles of one library on lattices of the same extents.
 * Such a handle looks for numbers that are not finite in results only (pack does in links), and results may not overlap with links.
 */
int64_t @p@_size(const @p@_handle* handle);
int @p@_pack(@p@_handle* handle, const void* links, double* packed);
int @p@_unpack(@p@_handle* handle, const double* packed, void* links);
/* Copies a field: double [@record@][colour][spin][re, im], both parities, whatever the layout of the links. */
int @p@_set_field(@p@_handle* handle, int field, const double* data);
@functions@
#ifdef __cplusplus
}
#endif
#endif
`;

/** One function of the interface: prototype without the prefix, and its comment. */
export function header(spec: LibrarySpec): string {
  const { name: p, dim: D, N, parameters, fields } = spec;
  const P = upper(p);
  const axes = spec.axes.join(", ");
  const list = (kind: string, names: readonly string[]): string => (names.length === 0 ? "" : `\n/* ${kind}, by number:\n${names.map((n, k) => ` *   ${k}  ${n}`).join("\n")} */\n`);
  const bounds = spec.bounds.length === 0 ? "any" : spec.bounds.join(", ");
  return fill(TEXT, { title: spec.title, group: spec.group, D, version: spec.version, last: D - 1, axes, bounds, P, N, parameterCount: parameters.length, fieldCount: fields.length, generators: spec.generators, parameterList: list("Parameters", parameters.map((x) => `${x.name} (exported with ${x.value})`)), fieldList: list("Fields, which the host sets before the first evaluation", fields.map((x) => `${x.name}: ${x.text}`)), p, record: [...spec.axes].reverse().join("]["), directions: spec.axes.join(", "), twoD: 2 * D, cotangent: N === 1 ? "F U" : "2 F U", components: N === 1 ? "Im F" : "-2 tr(T_a F)", functions: functions(spec), linkText: spec.subject.linkless ? "A function of fields alone: links are passed as NULL, and what is said of them below is about none. " : "Links U_mu(n) transport from n + mu to n. " });
}

/** The functions of an action that is one of fields. */
const fieldFunctions = ({ name: p, fields, subject: { moved = 0 } }: LibrarySpec): string => `/*
 * The value (may be NULL) at the fields that are set, and the forces of ${fields.slice(0, moved).map((f) => f.name).join(", ")}, each to an array of its own in the order of set_field; NULL where none is wanted. F is dS/d phi, number by number, with
 * dS = sum F d phi; of a field of the algebra the element with dS = sum -2 tr(F d phi) (U(1): -F d phi), of unit spins tangent to each.
 */
int ${p}_field_forces(${p}_handle* handle, const void* links, double* value, double* const forces[]);
`;

function functions(spec: LibrarySpec): string {
  const { name: p, subject, parameters } = spec;
  if (subject.kind === "layer")
    return `
/* The smeared links. */
int ${p}_smear(${p}_handle* handle, const void* links, void* smeared);
/*
 * From the force with respect to the smeared links to that with respect to the thin ones, and the derivatives with respect to the parameters (either may be NULL). Where smeared
 * links leave the group, as those of nHYP and of sums without a projection do, F is not the whole derivative: take ${p.toUpperCase()}_FORCE_COTANGENT, G_ij = dS/d Re V_ij + i dS/d Im V_ij with all entries
 * independent. ${p.toUpperCase()}_FORCE_DSDU is refused.
 */
int ${p}_pullback(${p}_handle* handle, const void* links, const void* smeared_force, void* force, double gradient[]);
`;
  return `
int ${p}_value(${p}_handle* handle, const void* links, double* value);
${subject.linkless ? "" : `int ${p}_force(${p}_handle* handle, const void* links, void* force);
int ${p}_value_and_force(${p}_handle* handle, const void* links, double* value, void* force);
`}${subject.moved ? fieldFunctions(spec) : ""}${parameters.length === 0 ? "" : `/* The value (may be NULL) and dS/d(parameter k). */\nint ${p}_gradient(${p}_handle* handle, const void* links, double* value, double gradient[]);\n`}`;
}
