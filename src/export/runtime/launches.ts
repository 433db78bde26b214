/** Work memory of calls, launches of kernels and their sums. */
import type { LibrarySpec } from "../spec.ts";
import { fill, prefixes } from "../template.ts";

const TEXT = `static void free_work(struct work* w) {
  if (!w) return;
  if (!w->handle->own) deallocate(w->links[0]);
  deallocate(w->force[0]);
  deallocate(w->smeared[0]);
  deallocate(w->cotangent[0]);
  deallocate(w->parameters);
  deallocate(w->scalars);
  deallocate(w->arena);
  deallocate(w->solver);
  deallocate(w->scratch);
  deallocate(w->partials);
@free@  deallocate(w);
}

/* Links or forces: blocks of all directions, one after the other. */
static int directions(double* at[DIM], double* blocks) {
  for (int mu = 0; mu < DIM; mu++) at[mu] = blocks + mu * LINK * W;
  return blocks != 0;
}

/* Doubles from one number of a site to the next in the arena: a line more than sites, so that fields do not begin at the same address modulo a power of two and push each other out of the cache. */
#define ROOM(h) ((h)->blocks * W + 8)

static struct work* new_work(const @p@_handle* h) {
  const int64_t sites = h->blocks * W;
  struct work* w = NEW(struct work, 1);
  if (!w) return 0;
  w->handle = h;
  w->parameters = NEW(double, W * (PARAMETERS + 1));
  w->scalars = NEW(double, W * (SCALARS + 1));
  w->arena = NEW(double, ARENA * ROOM(h));
  w->solver = NEW(double, SOLVER * sites);
  w->scratch = NEW(V, SCRATCH_OF(h));
  w->partials = NEW(V, PARTIALS_OF(h));
  @const@int ok = (h->own || directions(w->links, NEW(double, SITE * sites))) && directions(w->force, NEW(double, SITE * sites)) && (!SMEARED || (directions(w->smeared, NEW(double, SITE * sites)) && directions(w->cotangent, NEW(double, SITE * sites))));
@make@  if (ok && w->parameters && w->scalars && w->arena && w->solver && w->scratch && w->partials) return w;
  free_work(w);
  return 0;
}

static void drop(struct shared* s) {
  if (s && --s->users == 0) {
    deallocate(s->data);
    deallocate(s);
  }
}

/* Work memory with the parameters and fields of this moment. */
static int enter(@p@_handle* h, struct work** out) {
  *out = 0;
  lock(h);
  struct work* w = h->idle;
  if (w) h->idle = w->after;
  unlock(h);
  if (!w) w = new_work(h);
  if (!w) return @P@_MEMORY;
  int status = @P@_OK;
  lock(h);
  for (int k = 0; k < PARAMETERS; k++)
    for (int l = 0; l < W; l++) w->parameters[k * W + l] = h->parameters[k];
  for (int k = 0; k < FIELDS; k++) {
    w->fields[k] = h->fields[k];
    if (w->fields[k]) w->fields[k]->users++;
    else status = @P@_FIELD;
  }
  unlock(h);
  w->spoilt = 0;
  *out = w;
  return status;
}

static void leave(@p@_handle* h, struct work* w) {
  if (!w) return;
  lock(h);
  for (int k = 0; k < FIELDS; k++) drop(w->fields[k]);
  w->after = h->idle;
  h->idle = w;
  unlock(h);
}

enum domain { ONE, EVERY, EVEN, ODD };

static double tree(const V* x, int64_t n, int64_t stride) {
  if (n > 1) {
    const int64_t m = n / 2;
    return tree(x, m, stride) + tree(x + m * stride, n - m, stride);
  }
  double s = 0;
  for (int l = 0; n == 1 && l < W; l++) s += LANE(*x, l);
  return s;
}

static void range(const @p@_handle* h, enum domain d, int64_t* first, int64_t* last) {
  *first = d == ODD ? h->blocks / 2 : 0;
  *last = d == ONE ? 1 : d == EVEN ? h->blocks / 2 : h->blocks;
}

`;

/** Kernels work on chunks of blocks, each thread with scratch of its own. */
const ON_PROCESSOR = `#define SCRATCH_OF(h) ((SCRATCH + 8) * (int64_t)(h)->threads)
#define PARTIALS_OF(h) ((SUMS + 1) * ((h)->chunks + 1))
`;

const LAUNCH = `typedef void kernel(double* const* f, int32_t* const* next, V* s, V* partial, int64_t first, int64_t last, int64_t half, struct work* w);
/* Runs a kernel on all blocks of a domain; its sums are made in a fixed order, whatever the number of threads, and written to the scalars totals[k]. */
static void launch(struct work* w, kernel* k, double* const* f, enum domain d, int sums, const int* totals) {
  const @p@_handle* h = w->handle;
  int64_t first, last;
  range(h, d, &first, &last);
  const int64_t chunks = (last - first + CHUNK - 1) / CHUNK;
#ifdef _OPENMP
#pragma omp parallel num_threads(h->threads) if (chunks > 1 && h->threads > 1)
#endif
  {
#ifdef _OPENMP
    V* s = w->scratch + (int64_t)omp_get_thread_num() * (SCRATCH + 8);
#pragma omp for schedule(static)
#else
    V* s = w->scratch;
#endif
    for (int64_t c = 0; c < chunks; c++) {
      const int64_t begin = first + c * CHUNK, end = begin + CHUNK < last ? begin + CHUNK : last;
      k(f, h->next, s, w->partials + c * sums, begin, end, d == EVERY ? h->half : 0, w);
    }
    SETTLE();
  }
  for (int r = 0; r < sums; r++) {
    const double total = d == ONE ? LANE(w->partials[r], 0) : h->share * tree(w->partials + r, chunks, sums);
    for (int l = 0; l < W; l++) f[totals[r]][l] = total;
  }
}
`;

/** A kernel is a grid of threads, one a site; each leaves its terms of the sums. */
const ON_DEVICE = `#define SCRATCH_OF(h) 1
#define PARTIALS_OF(h) ((SUMS + 1) * (h)->blocks)
`;

const DEVICE_LAUNCH = `typedef void kernel(const table f, int32_t* const* next, V* partial, int64_t first, int64_t last);

/* Runs a kernel on all sites of a domain; its sums are made in a fixed order and written to the scalars totals[k]. */
static void launch(struct work* w, kernel* k, double* const* f, enum domain d, int sums, const int* totals) {
  const @p@_handle* h = w->handle;
  int64_t first, last;
  range(h, d, &first, &last);
  table fields;
  for (int i = 0; i < w->buffers; i++) fields.at[i] = f[i];
  LAUNCH(k, last - first, fields, h->next, w->partials, first, last);
  FINISH();
  for (int r = 0; r < sums; r++) f[totals[r]][0] = tree(w->partials + r * (last - first), last - first, 1);
}
`;

/** Memory for the forces of fields. */
const derivatives = ({ subject: { moved } }: LibrarySpec): Readonly<Record<"const" | "free" | "make", string>> =>
  moved
    ? {
        const: "",
        free: "  for (int k = 0; k < MOVED; k++) deallocate(w->derivatives[k]);\n",
        make: "  for (int k = 0; k < MOVED; k++) ok = (w->derivatives[k] = NEW(double, sites * field_components[k])) != 0 && ok;\n",
      }
    : { const: "const ", free: "", make: "" };

/** The part of NAME.c that runs kernels. */
export const launches = (spec: LibrarySpec): string => fill(spec.device ? `${ON_DEVICE}${TEXT}${DEVICE_LAUNCH}` : `${ON_PROCESSOR}${TEXT}${LAUNCH}`, { ...prefixes(spec.name), ...derivatives(spec) });
