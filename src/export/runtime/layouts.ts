/** Where the links lie in the memory of the host: strides, tables, and the layouts of other codes. */
import type { LibrarySpec } from "../spec.ts";
import { fill, prefixes } from "../template.ts";

const TEXT = `/* Offsets of whole sites, where all numbers of a site's links follow each other. */
static int place_runs(@p@_handle* h) {
  if (h->pointers || h->row != 2 * N || h->column != 2 || h->imaginary != 1) return @P@_OK;
  for (int64_t k = 0; k < DIM * h->volume; k++)
    if (h->where[k] != h->where[k / DIM * DIM] + k % DIM * LINK) return @P@_OK;
  h->runs = NEW(int64_t, W * h->blocks);
  if (!h->runs) return @P@_MEMORY;
  for (int64_t k = 0; k < W * h->blocks; k++) h->runs[k] = h->where[h->site[k] * DIM];
  return @P@_OK;
}

/* Is d the sum of b[k] stride[k] with |b[k]| < count[k]? Strides enclose each other, the smallest first: b[n - 1] is d / stride[n - 1], rounded to one of both sides. */
static int meets(int64_t d, int n, const ptrdiff_t* stride, const int64_t* count) {
  if (n == 0) return d == 0;
  const int64_t b = d / stride[n - 1], rest = d % stride[n - 1], away = d < 0 ? -1 : 1;
  if (b * away < count[n - 1] && meets(rest, n - 1, stride, count)) return 1;
  return (b + away) * away < count[n - 1] && meets(rest - away * stride[n - 1], n - 1, stride, count);
}

/* Strides that do not enclose each other, or directions that reach into each other: numbers of different links may share a place, and a force that is written there is lost. */
static int overlap(const @p@_handle* h, const @p@_layout* l) {
  ptrdiff_t stride[DIM + 3] = {l->imaginary, l->column, l->row, l->stride, LINK}, span = 1, sorted[DIM + 3];
  int64_t count[DIM + 3] = {2, N, N, h->volume, 2}, counts[DIM + 3];
  const int n = l->order == @P@_STRIDES ? DIM + 3 : l->order == @P@_ODD_LINKS ? 5 : 4;
  int used = 0;
  for (int mu = 0; mu < DIM && l->order == @P@_STRIDES; mu++) {
    stride[mu + 3] = l->site[mu];
    count[mu + 3] = h->extents[mu];
  }
  if (l->order == @P@_ODD_LINKS) count[3] /= 2;
  for (int k = 0; k < n; k++) {
    int least = -1;
    for (int j = 0; j < n; j++) {
      if (stride[j] < 0) stride[j] = -stride[j];
      if (count[j] > 1 && (least < 0 || stride[j] < stride[least])) least = j;
    }
    if (least < 0) break;
    if (stride[least] < span) return 1;
    span += stride[least] * (count[least] - 1);
    sorted[used] = stride[least];
    counts[used++] = count[least];
    count[least] = 1;
  }
  for (int mu = 0; mu < DIM && !l->pointers; mu++)
    for (int nu = 0; nu < mu; nu++)
      if (meets(l->direction[mu] - l->direction[nu], used, sorted, counts)) return 1;
  return 0;
}

/* A table of the host's has a number of its own for every site that it is read at: 0 to V - 1, that of openQCD's for odd sites V / 2 to V - 1. */
static int read_table(const @p@_handle* h, const @p@_layout* l) {
  const int odd = l->order == @P@_ODD_LINKS;
  const int64_t first = odd ? h->volume / 2 : 0;
  unsigned char* taken = NEW(unsigned char, h->volume - first);
  if (!taken) return @P@_MEMORY;
  int status = @P@_OK;
  for (int64_t n = 0; n < h->volume && status == @P@_OK; n++) {
    int x[DIM];
    coordinates(h->extents, n, x);
    if (odd && parity(x) == 0) continue;
    const int64_t site = l->sites[n];
    if (site < first || site >= h->volume || taken[site - first]) status = @P@_TABLE;
    else taken[site - first] = 1;
  }
  deallocate(taken);
  return status;
}

/* Offsets of all links in the memory of the host. */
static int place_links(@p@_handle* h, const @p@_layout* l) {
  if (l->order < @P@_STRIDES || l->order > @P@_BLOCKS || ((l->order == @P@_SITES || l->order == @P@_ODD_LINKS) && !l->sites)) return @P@_ARGUMENT;
  if (l->order == @P@_EVEN_ODD || l->order == @P@_ODD_LINKS)
    for (int mu = 0; mu < DIM; mu++)
      if (h->extents[mu] % 2 != 0) return @P@_EXTENTS;
  if (l->order != @P@_BLOCKS && overlap(h, l)) return @P@_ARGUMENT;
  if (l->order == @P@_SITES || l->order == @P@_ODD_LINKS) {
    const int status = read_table(h, l);
    if (status != @P@_OK) return status;
  }
  h->row = l->row;
  h->column = l->column;
  h->imaginary = l->imaginary;
  h->pointers = l->pointers != 0;
  if (l->order == @P@_BLOCKS) {
    h->pointers = 0;
    h->own = OWN;
    h->row = 2 * N * W;
    h->column = 2 * W;
    h->imaginary = W;
  }
  h->where = NEW(int64_t, DIM * h->volume);
  if (!h->where) return @P@_MEMORY;
  for (int64_t n = 0; n < h->volume; n++) {
    int x[DIM];
    coordinates(h->extents, n, x);
    for (int mu = 0; mu < DIM; mu++) {
      int64_t at = h->pointers ? 0 : l->direction[mu];
      if (l->order == @P@_BLOCKS) at = (int64_t)(h->position[n] / W * DIM + mu) * LINK * W + h->position[n] % W;
      else if (l->order == @P@_STRIDES)
        for (int nu = 0; nu < DIM; nu++) at += x[nu] * l->site[nu];
      else if (l->order == @P@_EVEN_ODD) at += (n / 2 + parity(x) * (h->volume / 2)) * l->stride;
      else if (l->order == @P@_SITES) at += l->sites[n] * l->stride;
      else if (parity(x) == 1) at += (l->sites[n] - h->volume / 2) * l->stride;
      else {
        int y[DIM];
        memcpy(y, x, sizeof y);
        y[mu]++;
        at += (l->sites[site_of(h, y)] - h->volume / 2) * l->stride + LINK;
      }
      h->where[n * DIM + mu] = at;
    }
  }
  return place_runs(h);
}

int @p@_layout_of(int known, const int extents[@D@], @p@_layout* l) {
  if (!extents || !l) return @P@_ARGUMENT;
  memset(l, 0, sizeof *l);
  ptrdiff_t volume = 1;
  for (int mu = 0; mu < DIM; mu++) {
    if (extents[mu] < 1) return @P@_EXTENTS;
    l->site[mu] = LINK * volume * (known == @P@_GAUGEFIELDS_JL ? 1 : DIM);
    l->direction[mu] = LINK * mu;
    volume *= extents[mu];
  }
  l->row = 2 * N;
  l->column = 2;
  l->imaginary = 1;
  l->stride = LINK * DIM;
  switch (known) {
    case @P@_ILDG: l->order = @P@_STRIDES; return @P@_OK;
    case @P@_GAUGEFIELDS_JL:
      l->order = @P@_STRIDES;
      l->pointers = 1;
      l->row = 2;
      l->column = 2 * N;
      return @P@_OK;
    case @P@_MILC: l->order = @P@_EVEN_ODD; return @P@_OK;
    case @P@_OWN: l->order = @P@_BLOCKS; return @P@_OK;
    case @P@_OPENQCD:
      l->order = @P@_ODD_LINKS;
      l->stride = 2 * LINK * DIM;
      for (int mu = 0; mu < DIM; mu++) l->direction[mu] = 2 * LINK * ((mu + 1) % DIM);
      return @P@_OK;
    default: return @P@_ARGUMENT;
  }
}
`;

/** The part of NAME.c on layouts. */
export const layouts = (spec: LibrarySpec): string => fill(TEXT, { ...prefixes(spec.name), D: spec.dim });
