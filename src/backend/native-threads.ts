/**
 * Threads of native kernels, in C: a pool that splits the chunks of a launch evenly over the caller and its workers. A worker spins for
 * a short while after a launch and then sleeps; threads do not keep the process alive.
 */

/** How a kernel is called: fields, tables, parameter table, scratch, chunks c0 <= c < c1 of the blocks first <= b < last. Shared by kernels and pool. */
export const KERNEL_TYPE = "typedef void (*kernel)(double* F, const int32_t* I, int64_t P, int64_t S, int64_t first, int64_t last, int32_t c0, int32_t c1);";

/** The part of a pool that kernels know: S and scratch count doubles. */
export const POOL_TYPE = `struct pool { void (*run)(struct pool*, kernel, double* F, int64_t P, int64_t S, int64_t scratch, int64_t first, int64_t last, int32_t c0, int32_t c1); int32_t threads; };`;

/** C source of the pool; it declares kernels as `KERNEL_TYPE` and the pool as `POOL_TYPE`. */
export const poolSource = `#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

${KERNEL_TYPE}
${POOL_TYPE}
enum { SPIN = 20000 };
struct job { kernel f; double* F; int64_t P, S, scratch, first, last; int32_t c0, c1; };
struct worker { struct team* team; int32_t rank; pthread_t id; _Alignas(64) atomic_int done; };
struct team {
  struct pool pool;
  struct job job;
  _Alignas(64) atomic_int number;
  atomic_int stop;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  struct worker* workers;
};

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

static void share(const struct team* t, int32_t rank) {
  const struct job* j = &t->job;
  const int32_t n = t->pool.threads;
  const int64_t chunks = j->c1 - j->c0;
  const int32_t c0 = j->c0 + chunks * rank / n, c1 = j->c0 + chunks * (rank + 1) / n;
  if (c0 < c1) j->f(j->F, (const int32_t*)j->F, j->P, j->S + rank * j->scratch, j->first, j->last, c0, c1);
}

static void* work(void* argument) {
  struct worker* w = argument;
  struct team* t = w->team;
  int last = 0;
  for (;;) {
    int next = atomic_load(&t->number);
    for (int i = 0; next == last && i < SPIN; i++) {
      relax();
      next = atomic_load(&t->number);
    }
    if (next == last) {
      pthread_mutex_lock(&t->lock);
      while ((next = atomic_load(&t->number)) == last) pthread_cond_wait(&t->wake, &t->lock);
      pthread_mutex_unlock(&t->lock);
    }
    if (atomic_load(&t->stop)) return 0;
    last = next;
    share(t, w->rank);
    atomic_store(&w->done, last);
  }
}

static int announce(struct team* t) {
  pthread_mutex_lock(&t->lock);
  const int number = atomic_fetch_add(&t->number, 1) + 1;
  pthread_cond_broadcast(&t->wake);
  pthread_mutex_unlock(&t->lock);
  return number;
}

static void run(struct pool* pool, kernel f, double* F, int64_t P, int64_t S, int64_t scratch, int64_t first, int64_t last, int32_t c0, int32_t c1) {
  struct team* t = (struct team*)pool;
  t->job = (struct job){f, F, P, S, scratch, first, last, c0, c1};
  const int number = announce(t);
  share(t, 0);
  for (int32_t r = 1; r < t->pool.threads; r++)
    for (int i = 0; atomic_load(&t->workers[r].done) != number; i++) {
      if (i < SPIN) relax();
      else sched_yield();
    }
}

void pool_stop(int64_t pool) {
  struct team* t = (struct team*)pool;
  atomic_store(&t->stop, 1);
  announce(t);
  for (int32_t r = 1; r < t->pool.threads; r++) pthread_join(t->workers[r].id, 0);
  free(t->workers);
  free(t);
}

int64_t pool_start(int32_t threads) {
  struct team* t = aligned_alloc(64, (sizeof(struct team) + 63) / 64 * 64);
  struct worker* w = aligned_alloc(64, sizeof(struct worker) * threads);
  if (!t || !w) return 0;
  t->pool = (struct pool){run, 1};
  atomic_init(&t->number, 0);
  atomic_init(&t->stop, 0);
  pthread_mutex_init(&t->lock, 0);
  pthread_cond_init(&t->wake, 0);
  t->workers = w;
  for (int32_t r = 1; r < threads; r++) {
    w[r].team = t;
    w[r].rank = r;
    atomic_init(&w[r].done, 0);
    if (pthread_create(&w[r].id, 0, work, &w[r])) break;
    t->pool.threads++;
  }
  return (int64_t)t;
}

int64_t address(void* p) { return (int64_t)p; }
`;
