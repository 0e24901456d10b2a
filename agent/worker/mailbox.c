/* A locked list with a flag beside it; see mailbox.h. A mail whose sender waits lives on the sender's stack,
 * another on the heap until it has run. */
#include "agent/worker/mailbox.h"

#include <errno.h>
#include <stdlib.h>

struct mail {
    struct mail *next;
    mail_fn *fn;
    void *arg;
    bool wait, handled; /* handled: under lock */
    int rc;
};

void mailbox_init(struct mailbox *m)
{
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->handled, NULL);
    m->first = NULL;
    m->last = &m->first;
    m->closed = m->waiting = false;
}

void mailbox_destroy(struct mailbox *m)
{
    pthread_cond_destroy(&m->handled);
    pthread_mutex_destroy(&m->lock);
}

/* Appends; the lock is held. */
static void append(struct mailbox *m, struct mail *mail)
{
    *m->last = mail;
    m->last = &mail->next;
    __atomic_store_n(&m->waiting, true, __ATOMIC_RELEASE);
}

static int send_and_wait(struct mailbox *m, struct wake *wake, struct mail *mail)
{
    int rc;

    pthread_mutex_lock(&m->lock);
    if (m->closed) {
        pthread_mutex_unlock(&m->lock);
        return -ESHUTDOWN;
    }
    append(m, mail);
    pthread_mutex_unlock(&m->lock);
    wake_up(wake);
    pthread_mutex_lock(&m->lock);
    while (!mail->handled)
        pthread_cond_wait(&m->handled, &m->lock);
    rc = mail->rc;
    pthread_mutex_unlock(&m->lock);
    return rc;
}

int mailbox_send(struct mailbox *m, struct wake *wake, mail_fn *fn, void *arg, bool wait)
{
    struct mail here = {.fn = fn, .arg = arg, .wait = true}, *mail;
    bool closed;

    if (wait)
        return send_and_wait(m, wake, &here);
    mail = calloc(1, sizeof *mail);
    if (!mail)
        return -ENOMEM;
    mail->fn = fn;
    mail->arg = arg;
    pthread_mutex_lock(&m->lock);
    closed = m->closed;
    if (!closed)
        append(m, mail);
    pthread_mutex_unlock(&m->lock);
    if (closed) {
        free(mail);
        return -ESHUTDOWN;
    }
    wake_up(wake);
    return 0;
}

/* Takes the whole list; the lock is held. */
static struct mail *take(struct mailbox *m)
{
    struct mail *list = m->first;

    m->first = NULL;
    m->last = &m->first;
    __atomic_store_n(&m->waiting, false, __ATOMIC_RELAXED);
    return list;
}

/* Ends one mail: its sender goes on, or it is freed. */
static void finish(struct mailbox *m, struct mail *mail, int rc)
{
    if (!mail->wait) {
        free(mail);
        return;
    }
    pthread_mutex_lock(&m->lock);
    mail->rc = rc;
    mail->handled = true;
    pthread_cond_broadcast(&m->handled);
    pthread_mutex_unlock(&m->lock);
}

void mailbox_run(struct mailbox *m, struct engine *e, uint64_t now_ns)
{
    struct mail *mail, *next;

    pthread_mutex_lock(&m->lock);
    mail = take(m);
    pthread_mutex_unlock(&m->lock);
    for (; mail; mail = next) {
        next = mail->next; /* before finish(): the sender's stack may be gone after it */
        mail->fn(e, mail->arg, now_ns);
        finish(m, mail, 0);
    }
}

void mailbox_close(struct mailbox *m)
{
    struct mail *mail, *next;

    pthread_mutex_lock(&m->lock);
    m->closed = true;
    mail = take(m);
    pthread_mutex_unlock(&m->lock);
    for (; mail; mail = next) {
        next = mail->next;
        finish(m, mail, -ESHUTDOWN);
    }
}
