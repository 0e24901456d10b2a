/* See reload_desk.h. */
#include "agent/control/reload_desk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void reload_desk_init(struct reload_desk *d)
{
    *d = (struct reload_desk){0};
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->news, NULL);
}

void reload_desk_destroy(struct reload_desk *d)
{
    pthread_mutex_destroy(&d->lock);
    pthread_cond_destroy(&d->news);
    free(d->complaints);
}

char *reload_desk_wait(struct reload_desk *d, void (*ask)(void), int *rc)
{
    char *text = NULL;
    pthread_mutex_lock(&d->lock);
    uint64_t before = d->begun; /* that one may have read the file already */
    if (!d->closed)
        ask();
    while (d->answered <= before && !d->closed)
        pthread_cond_wait(&d->news, &d->lock);
    *rc = d->answered <= before ? -ESHUTDOWN : 0;
    if (*rc == 0 && d->complaints && !(text = strdup(d->complaints)))
        *rc = -ENOMEM;
    pthread_mutex_unlock(&d->lock);
    return text;
}

void reload_desk_begin(struct reload_desk *d)
{
    pthread_mutex_lock(&d->lock);
    d->begun++;
    pthread_mutex_unlock(&d->lock);
}

void reload_desk_answer(struct reload_desk *d, const char *complaints)
{
    pthread_mutex_lock(&d->lock);
    free(d->complaints);
    d->complaints = complaints ? strdup(complaints) : NULL;
    d->answered = d->begun;
    pthread_cond_broadcast(&d->news);
    pthread_mutex_unlock(&d->lock);
}

void reload_desk_close(struct reload_desk *d)
{
    pthread_mutex_lock(&d->lock);
    d->closed = true;
    pthread_cond_broadcast(&d->news);
    pthread_mutex_unlock(&d->lock);
}
