#include "util/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

#define MAX_THREADS 256
#define CLOSED (SIZE_MAX / 2)    /* far above any count, far below an overflow */
#define SPINS 2000               /* looks for new work before a thread sleeps: calls often follow each other within microseconds */

typedef struct worker {
    struct ainn_pool *pool;
    pthread_t thread;
    unsigned number;
} worker;

struct ainn_pool {
    unsigned threads;            /* with the caller's */
    worker *workers;             /* threads - 1 */
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    ainn_task task;              /* these three change only while no call is open and no worker is inside */
    void *opaque;
    size_t count;
    atomic_uint generation;      /* of calls; changes under the mutex */
    atomic_size_t next;          /* task to take; CLOSED and above between calls */
    atomic_size_t done;          /* tasks finished */
    atomic_uint inside;          /* workers that may look at the call */
    atomic_int quit;
};

/* Takes tasks until none is left. What a call consists of was written before `next` was opened. */
static void work(ainn_pool *pool, unsigned thread)
{
    size_t index;
    while ((index = atomic_fetch_add(&pool->next, 1)) < CLOSED && index < pool->count) {
        pool->task(pool->opaque, index, thread);
        atomic_fetch_add_explicit(&pool->done, 1, memory_order_release);
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
    pool->workers = ainn_alloc_array(memory, threads - 1, sizeof(worker));
    if (!pool->workers) {
        ainn_status status = ainn_memory_status(memory);
        ainn_free_memory(memory, pool);
        return status;
    }
    atomic_store(&pool->next, CLOSED);
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
    atomic_store_explicit(&pool->done, 0, memory_order_relaxed);
    atomic_store(&pool->next, 0);
    wake_workers(pool);
    work(pool, 0);
    wait_briefly_until(pool, all_done);
    /* A worker that wakes only now finds the call closed: nobody waits for it. */
    atomic_store(&pool->next, CLOSED);
    wait_briefly_until(pool, nobody_inside);
}
