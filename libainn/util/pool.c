#include "util/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

#define MAX_THREADS 256
#define CACHE_LINE 64
#define SPINS 2000               /* looks for new work before a thread sleeps: calls often follow each other within microseconds */

typedef struct worker {
    struct ainn_pool *pool;
    pthread_t thread;
    unsigned number;
} worker;

/* The tasks that a thread begins with. */
typedef struct share {
    atomic_size_t next;
    size_t end;
    char padding[CACHE_LINE - 2 * sizeof(size_t)];
} share;

struct ainn_pool {
    unsigned threads;            /* with the caller's */
    worker *workers;             /* threads - 1 */
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    ainn_task task;              /* these four change only while no call is open and no worker is inside */
    void *opaque;
    size_t count;
    share *shares;               /* of each thread */
    atomic_uint generation;      /* of calls; changes under the mutex */
    atomic_int open;             /* there are tasks to take */
    atomic_size_t done;          /* tasks finished */
    atomic_uint inside;          /* workers that may look at the call */
    atomic_int quit;
};

/* Does the thread's own share, then what others have not begun. */
static void work(ainn_pool *pool, unsigned thread)
{
    for (unsigned i = 0; i < pool->threads; i++) {
        share *from = &pool->shares[(thread + i) % pool->threads];
        size_t index;
        while ((index = atomic_fetch_add_explicit(&from->next, 1, memory_order_relaxed)) < from->end) {
            pool->task(pool->opaque, index, thread);
            atomic_fetch_add_explicit(&pool->done, 1, memory_order_release);
        }
    }
}

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void *worker_main(void *opaque)
{
    worker *self = opaque;
    ainn_pool *pool = self->pool;
    unsigned seen = 0;
    for (;;) {
        for (int i = 0; i < SPINS && atomic_load_explicit(&pool->generation, memory_order_acquire) == seen; i++)
            pause_briefly();
        if (atomic_load_explicit(&pool->generation, memory_order_acquire) == seen) {
            pthread_mutex_lock(&pool->mutex);
            while (atomic_load_explicit(&pool->generation, memory_order_relaxed) == seen)
                pthread_cond_wait(&pool->wake, &pool->mutex);
            pthread_mutex_unlock(&pool->mutex);
        }
        seen = atomic_load_explicit(&pool->generation, memory_order_acquire);
        if (atomic_load(&pool->quit))
            return NULL;
        /* Either this is seen by a caller that closes its call, or the closed call is seen here. */
        atomic_fetch_add(&pool->inside, 1);
        if (atomic_load(&pool->open))
            work(pool, self->number);
        atomic_fetch_sub_explicit(&pool->inside, 1, memory_order_release);
    }
}

static void wake_workers(ainn_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add_explicit(&pool->generation, 1, memory_order_release);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int all_done(ainn_pool *pool)
{
    return atomic_load_explicit(&pool->done, memory_order_acquire) == pool->count;
}

static int nobody_inside(ainn_pool *pool)
{
    return atomic_load(&pool->inside) == 0;
}

static void wait_briefly_until(ainn_pool *pool, int (*condition)(ainn_pool *pool))
{
    for (unsigned i = 0; !condition(pool); i++) {
        if (i < SPINS)
            pause_briefly();
        else
            sched_yield();       /* more threads than cores: let the others finish */
    }
}

ainn_status ainn_pool_create(ainn_memory *memory, unsigned threads, ainn_pool **result)
{
    *result = NULL;
    if (threads > MAX_THREADS)
        threads = MAX_THREADS;
    if (threads <= 1)
        return AINN_OK;          /* no pool is the pool of one thread */
    ainn_pool *pool = ainn_alloc(memory, sizeof(*pool));
    if (!pool)
        return ainn_memory_status(memory);
    if (!(pool->workers = ainn_alloc_array(memory, threads - 1, sizeof(worker))) || !(pool->shares = ainn_alloc_array(memory, threads, sizeof(share)))) {
        ainn_status status = ainn_memory_status(memory);
        ainn_free_memory(memory, pool->workers);
        ainn_free_memory(memory, pool);
        return status;
    }
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->threads = 1;
    for (unsigned i = 0; i + 1 < threads; i++) {
        worker *w = &pool->workers[i];
        w->pool = pool;
        w->number = i + 1;
        if (pthread_create(&w->thread, NULL, worker_main, w))
            break;
        pool->threads++;
    }
    *result = pool;
    return AINN_OK;
}

void ainn_pool_destroy(ainn_memory *memory, ainn_pool *pool)
{
    if (!pool)
        return;
    atomic_store(&pool->quit, 1);
    wake_workers(pool);
    for (unsigned i = 0; i + 1 < pool->threads; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
    ainn_free_memory(memory, pool->shares);
    ainn_free_memory(memory, pool->workers);
    ainn_free_memory(memory, pool);
}

unsigned ainn_pool_threads(const ainn_pool *pool)
{
    return pool ? pool->threads : 1;
}

void ainn_pool_run(ainn_pool *pool, size_t count, ainn_task task, void *opaque)
{
    if (!pool || pool->threads == 1 || count <= 1) {
        for (size_t i = 0; i < count; i++)
            task(opaque, i, 0);
        return;
    }
    pool->task = task;
    pool->opaque = opaque;
    pool->count = count;
    for (unsigned i = 0; i < pool->threads; i++) {
        atomic_store_explicit(&pool->shares[i].next, count / pool->threads * i + smaller(count % pool->threads, i), memory_order_relaxed);
        pool->shares[i].end = count / pool->threads * (i + 1) + smaller(count % pool->threads, i + 1);
    }
    atomic_store_explicit(&pool->done, 0, memory_order_relaxed);
    atomic_store(&pool->open, 1);
    wake_workers(pool);
    work(pool, 0);
    wait_briefly_until(pool, all_done);
    /* A worker that wakes only now finds the call closed: nobody waits for it. */
    atomic_store(&pool->open, 0);
    wait_briefly_until(pool, nobody_inside);
}
