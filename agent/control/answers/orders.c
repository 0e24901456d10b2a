/* reload, weight: orders that change the configuration in use. They are answered when the workers have it, or
 * with what is wrong. */
#include "agent/control/answers/answer.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/control/endpoints.h"

static void ask_main(void)
{
    kill(getpid(), SIGHUP);
}

json_t *answer_reload(const struct answers *a)
{
    int rc;
    char *complaints = reload_desk_wait(a->desk, ask_main, &rc);
    json_t *answer = rc           ? answer_error(strerror(-rc))
                     : complaints ? answer_error(complaints)
                                  : json_pack("{s:b}", "reloaded", 1);
    free(complaints);
    return answer;
}

json_t *answer_weight(const struct answers *a, char *const word[])
{
    int rc;
    workers_hold_configs(a->workers);
    json_t *answer = endpoints_weigh(a->workers, word[1], word[2]);
    workers_release_configs(a->workers);
    if (!answer || json_object_get(answer, "error"))
        return answer;
    char *complaints = reload_desk_wait(a->refresh_desk, a->ask_refresh, &rc);
    if (rc || complaints) {
        json_decref(answer);
        answer = answer_error(rc ? strerror(-rc) : complaints);
    }
    free(complaints);
    return answer;
}
