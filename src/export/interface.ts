/** The functions of an exported library's header, in C: handles, one call a program. */
import { literal } from "./numbers.ts";
import type { LibrarySpec } from "./spec.ts";
import { constraints } from "./runtime/constraints.ts";
import { fill, prefixes } from "./template.ts";

/** Offsets in the scalars of the outputs of a program. */
export interface ScalarOutputs {
  readonly value: number | undefined;
  readonly gradient: readonly number[];
  /** Its last kernel hands the force or the links over to the host. */
  readonly handed: boolean;
}

const READ_FORCE = `
/* Reads forces that are arguments, to the place of smeared links, or their cotangents, which leave that empty. */
static int read_force(struct work* w, const void* force) {
  const @p@_handle* h = w->handle;
  if (h->convention == @P@_FORCE_DSDU) return @P@_CONVENTION;
  double* const* to = h->convention == @P@_FORCE_COTANGENT ? w->cotangent : w->smeared;
  if (to == w->cotangent) memset(w->smeared[0], 0, sizeof(V) * (size_t)(SITE * h->blocks));
  double zero = 0;
  for (int64_t n = 0; n < h->volume; n++)
    for (int mu = 0; mu < DIM; mu++)
      for (int c = 0; c < LINK; c++) {
        double x = 0;
        if (h->convention == @P@_FORCE_COMPONENTS)
          for (int a = 0; a < GENERATORS; a++) x += ((const double*)force)[(n * DIM + mu) * GENERATORS + a] * generators[a][c];
        else x = links_at(h, force, n, mu)[component(h, c)] / (h->convention == @P@_FORCE_TWICE ? 2 : 1);
        put(h, to[mu], SITE, n, c, x);
        zero += 0 * x;
      }
  return zero == 0 ? @P@_OK : @P@_NUMBER;
}
`;

const TAKE_FIELD = `
/* The force of a field to the host, or nowhere. */
static void take_field(struct work* w, int field, double* to) {
  const @p@_handle* h = w->handle;
  const int components = field_components[field];
  double zero = 0;
  for (int64_t n = 0; n < h->volume; n++) {
    const double* from = w->derivatives[field] + (int64_t)(h->position[n] / W) * components * W + h->position[n] % W;
    for (int c = 0; c < components; c++) {
      zero += 0 * from[c * W];
      if (to) to[n * components + c] = from[c * W];
    }
  }
  if (zero != 0) w->spoilt = 1;
}
`;

const HANDLES = `
const char* @p@_error(int status) {
  static const char* const texts[] = {
    "done", "a null pointer, a number out of its range or not finite, strides or directions that overlap, or a field that is not of its kind", "extents that this library does not take", "no memory", "a field has not been set",
    "the conjugate gradient did not reach its tolerance", "links, a force or a result are not finite", "a force of this convention cannot be an argument", "a table of sites names one of them twice, or one that there is not"
  };
  return status >= 0 && status <= @P@_TABLE ? texts[status] : "no status of this library";
}

static const char* const parameter_names[] = {@names@};
static const double parameter_values[] = {@values@};

static int all_finite(const double* x, int64_t n) {
  for (int64_t k = 0; k < n; k++)
    if (!isfinite(x[k])) return 0;
  return 1;
}

const char* @p@_parameter_name(int k) { return k >= 0 && k < PARAMETERS ? parameter_names[k] : 0; }

void @p@_destroy(@p@_handle* h) {
  if (!h) return;
  while (h->idle) {
    struct work* w = h->idle;
    h->idle = w->after;
    free_work(w);
  }
  for (int k = 0; k < FIELDS; k++) drop(h->fields[k]);
  for (int k = 0; k < NEXT; k++) deallocate(h->next[k]);
  for (int k = 0; k < PATTERNS; k++) deallocate(h->patterns[k]);
  deallocate(h->position);
  deallocate(h->site);
  deallocate(h->where);
  deallocate(h->runs);
  deallocate(h);
}

int @p@_create(const int extents[DIM], const double* parameters, const @p@_options* options, @p@_handle** out) {
  if (!extents || !out) return @P@_ARGUMENT;
  *out = 0;
  if (!fits(extents)) return @P@_EXTENTS;
  @p@_options given;
  if (options) given = *options;
  else memset(&given, 0, sizeof given);
  if (given.convention < @P@_FORCE || given.convention > @P@_FORCE_COMPONENTS || given.threads < 0 || given.threads > 1024) return @P@_ARGUMENT;
  @p@_layout ildg;
  @p@_layout_of(@P@_ILDG, extents, &ildg);
  @p@_handle* h = NEW(@p@_handle, 1);
  if (!h) return @P@_MEMORY;
  memcpy(h->extents, extents, sizeof h->extents);
  atomic_flag_clear(&h->lock);
  h->convention = given.convention;
#ifdef _OPENMP
  h->threads = given.threads > 0 ? given.threads : omp_get_max_threads();
#else
  h->threads = 1;
#endif
  for (int k = 0; k < PARAMETERS; k++) h->parameters[k] = parameters ? parameters[k] : parameter_values[k];
  cut(h);
  int status = all_finite(h->parameters, PARAMETERS) ? place_sites(h) : @P@_ARGUMENT;
  if (status == @P@_OK) status = place_links(h, given.layout ? given.layout : &ildg);
  if (status == @P@_OK) status = fill_patterns(h);
  if (status == @P@_OK) *out = h;
  else @p@_destroy(h);
  return status;
}

int64_t @p@_size(const @p@_handle* h) { return h ? SITE * h->blocks * W : 0; }

int @p@_pack(@p@_handle* h, const void* links, double* packed) {
  if (!h || !links || !packed || (uintptr_t)packed % sizeof(V) != 0) return @P@_ARGUMENT;
  return fill_blocks(h, links, (V*)packed);
}

int @p@_unpack(@p@_handle* h, const double* packed, void* links) {
  if (!h || !links || !packed || (uintptr_t)packed % sizeof(V) != 0) return @P@_ARGUMENT;
#ifdef _OPENMP
#pragma omp parallel num_threads(h->threads) if (h->threads > 1)
#endif
  {
#ifdef _OPENMP
#pragma omp for schedule(static)
#endif
    for (int64_t b = 0; b < h->blocks; b++) hand_block(h, links, b, (const V*)packed + b * SITE, 1);
    SETTLE();
  }
  return @P@_OK;
}

int @p@_get_parameters(@p@_handle* h, double parameters[]) {
  if (!h || !parameters) return @P@_ARGUMENT;
  lock(h);
  for (int k = 0; k < PARAMETERS; k++) parameters[k] = h->parameters[k];
  unlock(h);
  return @P@_OK;
}

int @p@_set_parameters(@p@_handle* h, const double parameters[]) {
  if (!h || !parameters || !all_finite(parameters, PARAMETERS)) return @P@_ARGUMENT;
  lock(h);
  for (int k = 0; k < PARAMETERS; k++) h->parameters[k] = parameters[k];
  unlock(h);
  return @P@_OK;
}

@constraints@
int @p@_set_field(@p@_handle* h, int field, const double* data) {
  if (!h || !data || field < 0 || field >= FIELDS) return @P@_ARGUMENT;
  const int components = field_components[field];
  if (!all_finite(data, h->volume * components)@constrained@) return @P@_ARGUMENT;
  struct shared* s = NEW(struct shared, 1);
  if (!s) return @P@_MEMORY;
  s->users = 1;
  s->data = NEW(double, W * h->blocks * components);
  if (!s->data) {
    deallocate(s);
    return @P@_MEMORY;
  }
  for (int64_t n = 0; n < h->volume; n++)
    for (int c = 0; c < components; c++) put(h, s->data, components, n, c, data[n * components + c]);
  lock(h);
  struct shared* before = h->fields[field];
  h->fields[field] = s;
  drop(before);
  unlock(h);
  return @P@_OK;
}
`;

/** A function that checks its arguments, runs a program in work memory, and hands over its results. */
function call({ name: p, subject: { linkless } }: LibrarySpec, head: string, check: string, program: string, before: readonly string[], after: readonly string[]): string {
  const P = p.toUpperCase();
  return `
int ${p}_${head} {
${linkless ? "  (void)links;\n" : ""}  if (!h || ${linkless ? "" : "!links || "}${check}) return ${P}_ARGUMENT;
  struct work* w;
  int status = enter(h, &w);
${linkless ? "" : `  if (status == ${P}_OK) status = read_links(w, links);\n`}${before.length === 0 ? "" : `  if (status == ${P}_OK) {\n${before.map((line) => `    ${line}\n`).join("")}  }\n`}  if (status == ${P}_OK) status = run_${program}(w);
  if (status == ${P}_OK) {
${after.map((line) => `    ${line}\n`).join("")}    if (w->spoilt) status = ${P}_NUMBER;
  }
  leave(h, w);
  return status;
}
`;
}

/** The last part of NAME.c. `scalars` tells where the value and the derivatives of a program lie. */
export function interfaceSource(spec: LibrarySpec, scalars: (program: string) => ScalarOutputs): string {
  const { name: p, subject, parameters } = spec;
  const P = p.toUpperCase();
  const gradient = (program: string): string[] => {
    const at = scalars(program).gradient;
    return at.length === 0 ? [] : [`static const int at[] = {${at.join(", ")}};`, "for (int k = 0; gradient && k < PARAMETERS; k++) gradient[k] = w->scalars[at[k] * W];", `if (gradient && !all_finite(gradient, PARAMETERS)) status = ${P}_NUMBER;`];
  };
  const value = (program: string): string => `w->scalars[${scalars(program).value ?? 0} * W]`;
  const finite = (program: string): string => `if (!isfinite(${value(program)})) status = ${P}_NUMBER;`;
  const over = (program: string, what: string): string[] => (scalars(program).handed ? [] : [`hand_over(w, ${what});`]);
  const parts =
    subject.kind === "layer"
      ? [
          fill(READ_FORCE, prefixes(p)),
          call(spec, `smear(${p}_handle* h, const void* links, void* smeared)`, "!smeared", "smear", ["status = into(w, smeared);"], over("smear", "w->smeared, 0")),
          call(spec, `pullback(${p}_handle* h, const void* links, const void* smeared_force, void* force, double gradient[])`, "!smeared_force", "pullback", ["status = into(w, force);", `if (status == ${P}_OK) status = read_force(w, smeared_force);`], [...over("pullback", "w->force, 1"), ...(parameters.length === 0 ? ["(void)gradient;"] : gradient("pullback"))]),
        ]
      : [
          call(spec, `value(${p}_handle* h, const void* links, double* value)`, "!value", "value", [], [`*value = ${value("value")};`, finite("value")]),
          ...(subject.linkless ? [] : [
            call(spec, `force(${p}_handle* h, const void* links, void* force)`, "!force", "force", ["status = into(w, force);"], over("force", "w->force, 1")),
            call(spec, `value_and_force(${p}_handle* h, const void* links, double* value, void* force)`, "!value || !force", "both", ["status = into(w, force);"], [`*value = ${value("both")};`, ...over("both", "w->force, 1"), finite("both")]),
          ]),
          ...(subject.moved ? [fill(TAKE_FIELD, prefixes(p)), call(spec, `field_forces(${p}_handle* h, const void* links, double* value, double* const forces[])`, "!forces", "fields", [], [`if (value) *value = ${value("fields")};`, "for (int k = 0; k < MOVED; k++) take_field(w, k, forces[k]);", finite("fields")])] : []),
          ...(parameters.length === 0 ? [] : [call(spec, `gradient(${p}_handle* h, const void* links, double* value, double gradient[])`, "!gradient", "gradient", [], [`if (value) *value = ${value("gradient")};`, ...gradient("gradient"), finite("gradient")])]),
        ];
  const constrained = constraints(spec);
  const values = { ...prefixes(p), constraints: constrained, constrained: constrained === "" ? "" : " || !constrained(field, data, h->volume)", names: [...parameters.map((x) => JSON.stringify(x.name)), '""'].join(", "), values: [...parameters.map((x) => literal(x.value)), "0"].join(", ") };
  return [fill(HANDLES, values), ...parts].join("");
}
