/** Handles of an exported library, its work memory, and its geometry: sites, neighbours, constant fields. */
import { LAST_FIRST } from "../constants.ts";
import type { LibrarySpec } from "../spec.ts";
import { fill, prefixes } from "../template.ts";

const TEXT = `/* Numbers of doubles of the fields that the host sets, at a site. */
static const int field_components[] = {@components@};

/* A field of the host's, kept as long as a call works with it. */
struct shared { int users; double* data; };

/* Memory of one call. */
struct work {
  struct work* after;
  const struct @p@_handle* handle;
  double *links[DIM], *force[DIM], *smeared[DIM], *cotangent[DIM];
  double *parameters, *scalars, *arena, *solver;
@derivatives@  struct shared* fields[FIELDS + 1];
  V *scratch, *partials;
  void* out; /* where the host wants the force or the smeared links */
  int buffers; /* of the program that runs */
  int spoilt;  /* a number of the force or of the smeared links is not finite */
};

struct @p@_handle {
  int extents[DIM], cut[DIM], part[DIM], bit[DIM];
  int lanes, threads, convention, pointers;
  int own;             /* links and forces of the host are blocks, in the order of work memory */
  int64_t volume, blocks, half, chunks;
  int64_t bytes; /* of a link field in blocks */
  double share; /* part of the lanes that are sites of their own: the others repeat them */
  int32_t* next[NEXT + 1];
  int32_t* position;   /* block * W + lane of the site that is n-th with the first direction fastest */
  int32_t* site;       /* the inverse: n by block * W + lane; where lanes repeat others, theirs */
  int64_t* where;      /* doubles from the base to U_mu(n), by site and direction */
  int64_t* runs;       /* by block and lane, where the links of a site follow each other as in the ILDG record; else none */
  ptrdiff_t row, column, imaginary;
  double* patterns[PATTERNS + 1];
  atomic_flag lock;
  double parameters[PARAMETERS + 1];
  struct shared* fields[FIELDS + 1];
  struct work* idle;
};

static void lock(@p@_handle* h) { while (atomic_flag_test_and_set_explicit(&h->lock, memory_order_acquire)) {} }
static void unlock(@p@_handle* h) { atomic_flag_clear_explicit(&h->lock, memory_order_release); }

/* Zeroed memory for so many of a type, which kernels may use. */
#define NEW(type, count) ((type*)allocate((int64_t)sizeof(type) * (int64_t)(count)))

static int64_t site_of(const @p@_handle* h, const int* x) {
  int64_t n = 0;
  for (int mu = DIM - 1; mu >= 0; mu--) n = n * h->extents[mu] + ((x[mu] % h->extents[mu]) + h->extents[mu]) % h->extents[mu];
  return n;
}

static void coordinates(const int* extents, int64_t n, int* x) {
  for (int mu = 0; mu < DIM; mu++) {
    x[mu] = (int)(n % extents[mu]);
    n /= extents[mu];
  }
}

static int parity(const int* x) {
  int s = 0;
  for (int mu = 0; mu < DIM; mu++) s += x[mu];
  return s & 1;
}

/* Are these extents that the programs were recorded for? */
static int fits(const int* extents) {
  if (@wrong@) return 0;
  int64_t volume = W;
  for (int mu = 0; mu < DIM; mu++) {
    volume *= extents[mu];
    if (volume > INT32_MAX) return 0;
  }
  return 1;
}

/* Cuts the lattice in two, the longest part first, the last direction of equals, until there are W parts or none can be cut. */
static void cut(@p@_handle* h) {
  const int unit = PARITY ? 4 : 2;
  for (int mu = 0; mu < DIM; mu++) {
    h->part[mu] = h->extents[mu];
    h->cut[mu] = 1;
  }
  for (h->lanes = 1; h->lanes < W; h->lanes *= 2) {
    int best = -1;
    for (int mu = 0; mu < DIM; mu++)
      if (h->cut[mu] == 1 && h->part[mu] % unit == 0 && (best < 0 || h->part[mu] >= h->part[best])) best = mu;
    if (best < 0) break;
    h->cut[best] = 2;
    h->part[best] /= 2;
  }
  int bit = 1;
  for (int mu = 0; mu < DIM; mu++) {
    h->bit[mu] = h->cut[mu] == 2 ? bit : 0;
    if (h->cut[mu] == 2) bit *= 2;
  }
}

static int place_sites(@p@_handle* h) {
  int x[DIM];
  h->volume = 1;
  for (int mu = 0; mu < DIM; mu++) h->volume *= h->extents[mu];
  h->blocks = h->volume / h->lanes;
  h->half = PARITY ? h->blocks / 2 : 0;
  h->chunks = (h->blocks + CHUNK - 1) / CHUNK;
  h->bytes = h->blocks * SITE * (int64_t)sizeof(V);
  h->share = (double)h->lanes / W;
  h->position = NEW(int32_t, h->volume);
  h->site = NEW(int32_t, W * h->blocks);
  int64_t* first = NEW(int64_t, h->blocks);
  if (!h->position || !h->site || !first) {
    deallocate(first);
    return @P@_MEMORY;
  }
  int64_t block = 0;
  for (int side = 0; side < (PARITY ? 2 : 1); side++)
    for (int64_t n = 0; n < h->volume; n++) {
      coordinates(h->extents, n, x);
      int inside = !PARITY || parity(x) == side;
      for (int mu = 0; mu < DIM; mu++) inside = inside && x[mu] < h->part[mu];
      if (!inside) continue;
      first[block] = n;
      for (int lane = 0; lane < h->lanes; lane++) {
        int y[DIM];
        for (int mu = 0; mu < DIM; mu++) y[mu] = x[mu] + ((lane & h->bit[mu]) ? h->part[mu] : 0);
        const int64_t m = site_of(h, y);
        h->position[m] = (int32_t)(block * W + lane);
        for (int l = lane; l < W; l += h->lanes) h->site[block * W + l] = (int32_t)m;
      }
      block++;
    }
  for (int k = 0; k < NEXT; k++) {
    h->next[k] = NEW(int32_t, h->blocks);
    if (!h->next[k]) {
      deallocate(first);
      return @P@_MEMORY;
    }
    for (int64_t b = 0; b < h->blocks; b++) {
      coordinates(h->extents, first[b], x);
      for (int mu = 0; mu < DIM; mu++) x[mu] += displacements[k][mu];
      h->next[k][b] = h->position[site_of(h, x)];
    }
  }
  deallocate(first);
  return @P@_OK;
}

/* Constant fields by the place of the site. */
static int fill_patterns(@p@_handle* h) {
  for (int k = 0; k < PATTERNS; k++) {
    double* data = h->patterns[k] = NEW(double, W * h->blocks);
    if (!data) return @P@_MEMORY;
    for (int64_t n = 0; n < h->volume; n++) {
      int x[DIM], at = 0;
      coordinates(h->extents, n, x);
      for (int mu = DIM - 1; mu >= 0; mu--) {
        const int late = pattern_kinds[k][mu] > @LAST_FIRST@, kind = pattern_kinds[k][mu] - (late ? @LAST_FIRST@ : 0), L = h->extents[mu];
        at *= kind <= 0 ? 1 - kind : 4 * kind + 2;
        at += kind == 0 ? 0 : kind < 0 ? x[mu] & 1 : x[mu] < kind && !(late && x[mu] >= L - kind) ? 2 * x[mu] + (L & 1) : x[mu] >= L - kind ? 2 * (x[mu] - L + 2 * kind) + (L & 1) : 4 * kind + (x[mu] & 1);
      }
      for (int lane = h->position[n] % W; lane < W; lane += h->lanes) data[h->position[n] / W * W + lane] = pattern_values[k][at];
    }
  }
  return @P@_OK;
}

`;

/** The extents that the programs were not recorded for, as a condition. */
function wrongExtents({ portable }: LibrarySpec): string {
  const clauses = portable.fixed.map((L, mu) => (L > 0 ? `(extents[${mu}] != ${L})` : `(${[`extents[${mu}] < ${portable.least[mu]}`, ...(portable.even[mu] ? [`extents[${mu}] % 2 != 0`] : [])].join(" || ")})`));
  return clauses.join(" || ");
}

/** The part of NAME.c on geometry. */
export const geometry = (spec: LibrarySpec): string => fill(TEXT, { ...prefixes(spec.name), LAST_FIRST, derivatives: spec.subject.moved ? "  double* derivatives[MOVED]; /* forces of fields */\n" : "", components: [...spec.fields.map((f) => f.components), 0].join(", "), wrong: wrongExtents(spec) });
