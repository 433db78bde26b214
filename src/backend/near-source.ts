/**
 * Exchanges and sums of ranks of one machine in C, for lists of launches (replay.ts): the calls of near.ts in the same memory, so that it does not matter to the others who makes
 * them. An exchange copies from fields to slots and from slots to fields, with nothing in between; what has no room in a slot goes in pieces, while the interior of the kernel that waits
 * for it is worked on.
 */
import { BIN_PARTS } from "./binned-sum.ts";
import { BOARD, LINE, SLOT } from "./comm/near.ts";
import { LOOKS } from "./comm/waiting.ts";

/**
 * Entries of an exchange: whether a field is stale, first chunk and that behind the last of the interior, streams to other ranks, those from them, and parts that stay in the box. Behind them stand the streams,
 * to others first, then the parts, in the order of the streams and those of the box last.
 */
export const CROSSING = { stale: 0, from: 1, to: 2, out: 3, in: 4, within: 5, size: 6 } as const;
/** Entries of a stream: the address of its channel, its numbers and parts. */
export const STREAM = { channel: 0, numbers: 1, parts: 2, size: 3 } as const;
/** Entries of a part, which is a move of fields side by side: its `Span` (pack.ts), index of its runs and their number, of its lanes and the number of pairs. */
export const PART = { base: 0, stride: 1, reals: 2, width: 3, runs: 4, runCount: 5, lanes: 6, laneCount: 7, size: 8 } as const;
/** Parts in which the interior is worked on while a message has pieces left. */
const SLABS = 16;

export const nearSource = (): string => `${boardSource()}${copySource()}${crossSource()}${sumsSource()}`;

const boardSource = (): string => `
struct near { int32_t* turns; double* board; int32_t* beat; int64_t rank, size, spin, again, sleep; };
struct wait { int64_t looks, until; };

int64_t join(int64_t turns, int64_t board, int64_t beat, int64_t rank, int64_t size, int64_t spin, int64_t again, int64_t sleep) {
  struct near* n = malloc(sizeof(struct near));
  if (n) *n = (struct near){(int32_t*)turns, (double*)board, (int32_t*)beat, rank, size, spin, again, sleep};
  return (int64_t)n;
}
static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1000000000ll * t.tv_sec + t.tv_nsec;
}
static int32_t seen(const int32_t* word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }
static void say(int32_t* word, int32_t x) { __atomic_store_n(word, x, __ATOMIC_SEQ_CST); }
/* A look in vain. */
static void again(const struct near* n, struct wait* t) {
  if (t->looks++ == 0) {
    __atomic_add_fetch(n->beat, 1, __ATOMIC_SEQ_CST);
    say(n->beat + 1, 1);
  }
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
  if (t->looks % ${LOOKS}) return;
  const int64_t at = now();
  if (t->until == 0) t->until = at + n->spin;
  else if (at >= t->until) {
    nanosleep(&(struct timespec){0, n->sleep}, 0);
    if (n->again) t->until = now() + n->again;
  }
}
static void over(const struct near* n, struct wait* t) {
  if (t->looks) say(n->beat + 1, 0);
  *t = (struct wait){0, 0};
}
/* Adds, or takes the largest of, the numbers of all ranks. */
static void reduce(const struct near* n, double* x, int64_t count, int largest) {
  int32_t* own = n->turns + ${LINE} * n->rank;
  const int32_t turn = (int32_t)((uint32_t)seen(own) + 1);
  const double* slots = n->board + ${BOARD} * (turn & 1);
  memcpy(n->board + ${BOARD} * (2 * n->rank + (turn & 1)), x, 8 * count);
  say(own, turn);
  struct wait t = {0, 0};
  for (int64_t r = 0; r < n->size; r++) while ((int32_t)((uint32_t)seen(n->turns + ${LINE} * r) - (uint32_t)turn) < 0) again(n, &t);
  over(n, &t);
  memcpy(x, slots, 8 * count);
  for (int64_t r = 1; r < n->size; r++)
    for (int64_t k = 0; k < count; k++) {
      const double y = slots[2 * ${BOARD} * r + k];
      x[k] = !largest ? x[k] + y : y > x[k] ? y : x[k];
    }
}
`;

const copySource = (): string => `
struct part { int64_t base, stride, reals, width, runs, run_count, lanes, lane_count; };
struct flow { int32_t *filled, *emptied; const struct part* part; int64_t left, run, block, at; };
/* The next m numbers of a stream between fields (side 0: where they are, side 1: where they belong) and a slot. */
static void carries(char* memory, struct flow* f, double* slot, int64_t m, int side) {
  double* F = (double*)memory;
  const int32_t* I = (const int32_t*)memory;
  while (m > 0) {
    const struct part* p = f->part;
    if (f->run < p->run_count) {
      const int32_t* r = I + p->runs + 3 * f->run;
      const int whole = p->stride == p->reals;
      const int64_t length = whole ? r[2] * p->reals : p->reals, some = length - f->at < m ? length - f->at : m;
      double* x = F + p->base + (r[side] + f->block) * p->stride + f->at;
      if (side) memcpy(x, slot, 8 * some);
      else memcpy(slot, x, 8 * some);
      slot += some;
      m -= some;
      if ((f->at += some) < length) continue;
      f->at = 0;
      if (!whole && ++f->block < r[2]) continue;
      f->block = 0;
      f->run++;
    } else if (f->run < p->run_count + p->lane_count) {
      const int32_t at = I[p->lanes + 2 * (f->run - p->run_count) + side];
      double* x = F + p->base + at / p->width * p->stride + at % p->width;
      for (; m > 0 && f->at < p->reals; f->at += p->width, m--, slot++) {
        if (side) x[f->at] = *slot;
        else *slot = x[f->at];
      }
      if (f->at < p->reals) continue;
      f->at = 0;
      f->run++;
    } else {
      f->part++;
      f->run = 0;
    }
  }
}
/* Copies within the box. */
static void inside(char* memory, const struct part* p) {
  double* F = (double*)memory + p->base;
  const int32_t *r = (const int32_t*)memory + p->runs, *l = (const int32_t*)memory + p->lanes;
  for (int64_t k = 0; k < p->run_count; k++, r += 3)
    for (int32_t b = 0; b < r[2]; b++) memcpy(F + (r[1] + b) * p->stride, F + (r[0] + b) * p->stride, 8 * p->reals);
  for (int64_t k = 0; k < p->lane_count; k++, l += 2)
    for (int64_t c = 0; c < p->reals; c += p->width) F[l[1] / p->width * p->stride + l[1] % p->width + c] = F[l[0] / p->width * p->stride + l[0] % p->width + c];
}
`;

const crossSource = (): string => `
struct stream { int64_t channel, numbers, parts; };
struct crossing { int64_t stale, from, to, out, in, within; };
/* Moves what can be moved at once; how many streams are left. */
static int64_t pass(char* memory, struct flow* flows, int64_t out, int64_t all, int* some) {
  int64_t left = 0;
  for (int64_t k = 0; k < all; k++) {
    struct flow* f = flows + k;
    if (f->left == 0) continue;
    int32_t* own = k < out ? f->filled : f->emptied;
    const int32_t turn = (int32_t)((uint32_t)*own + 1);
    const int there = k < out ? (int32_t)((uint32_t)seen(f->emptied) - (uint32_t)turn + 2) >= 0 : (int32_t)((uint32_t)seen(f->filled) - (uint32_t)turn) >= 0;
    if (there) {
      const int64_t m = f->left < ${SLOT} ? f->left : ${SLOT};
      carries(memory, f, (double*)(f->filled + ${2 * LINE}) + ${SLOT} * (turn & 1), m, k >= out);
      say(own, turn);
      f->left -= m;
      *some = 1;
    }
    left += f->left > 0;
  }
  return left;
}
/* An exchange, and the interior of its kernel; nanoseconds without those of the kernel. */
static int64_t cross(const struct around* w, const struct crossing* c, kernel k, const int64_t* x) {
  const int64_t begin = now(), all = c->out + c->in;
  const struct stream* s = (const struct stream*)(c + 1);
  const struct part* p = (const struct part*)(s + all);
  struct flow flows[all + 1];
  for (int64_t j = 0; j < all; p += s[j++].parts) {
    int32_t* words = (int32_t*)s[j].channel;
    flows[j] = (struct flow){words, words + ${LINE}, p, s[j].numbers, 0, 0, 0};
  }
  int some = 0;
  int64_t left = pass(w->memory, flows, c->out, all, &some), computed = 0;
  for (int64_t j = 0; j < c->within; j++) inside(w->memory, p + j);
  const int64_t slab = left == 0 ? c->to - c->from : (c->to - c->from + ${SLABS - 1}) / ${SLABS};
  for (int64_t at = c->from; at < c->to; at += slab) {
    const int64_t start = now(), end = at + slab < c->to ? at + slab : c->to;
    k((double*)w->memory, (const int32_t*)w->memory, x[1], w->S, x[2], x[3], (int32_t)at, (int32_t)end);
    computed += now() - start;
    if (left) left = pass(w->memory, flows, c->out, all, &some);
  }
  struct wait t = {0, 0};
  while (left) {
    some = 0;
    left = pass(w->memory, flows, c->out, all, &some);
    if (some) over(w->near, &t);
    else if (left) again(w->near, &t);
  }
  if (w->near) over(w->near, &t);
  return now() - begin - computed;
}
`;

const sumsSource = (): string => `
/* Sums over the chunks of all ranks, as those of RankSums (compiler/divide/rank-sums.ts); behind the chunks of a sum stands its highest bin of the last time. */
static void sums(const struct around* w, const int64_t* x, int64_t count, int64_t each) {
  const struct near* n = w->near;
  double message[6 * count], own[count];
  int guess = 1;
  for (int64_t k = 0; k < 6 * count; k++) message[k] = 0;
  for (int64_t k = 0; k < count; k++) {
    const double* p = (const double*)(w->memory + w->unit * x[2 * k]);
    own[k] = top(p, each);
    if (own[k] > p[${BIN_PARTS} * each]) guess = 0;
  }
  const int known = ((const double*)(w->memory + w->unit * x[0]))[${BIN_PARTS} * each] != 0;
  for (int64_t k = 0; k < count; k++) {
    const double* p = (const double*)(w->memory + w->unit * x[2 * k]);
    const double last = p[${BIN_PARTS} * each];
    if (guess) gather(p, each, last, message + 4 * k);
    message[4 * count + 2 * k] = own[k] > last;
    message[4 * count + 2 * k + 1] = own[k] == last;
  }
  guess = known;
  if (known) reduce(n, message, 6 * count, 0);
  for (int64_t k = 0; k < count; k++) if (message[4 * count + 2 * k] > 0 || message[4 * count + 2 * k + 1] == 0) guess = 0;
  if (!guess) {
    reduce(n, own, count, 1);
    for (int64_t k = 0; k < count; k++) {
      double* p = (double*)(w->memory + w->unit * x[2 * k]);
      p[${BIN_PARTS} * each] = own[k];
      gather(p, each, own[k], message + 4 * k);
    }
    reduce(n, message, 4 * count, 0);
  }
  for (int64_t k = 0; k < count; k++) put(w, x[2 * k + 1], finished(message + 4 * k, ((const double*)(w->memory + w->unit * x[2 * k]))[${BIN_PARTS} * each]));
}
`;
