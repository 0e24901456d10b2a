/* laconctl as a program, run against an admin socket with known answers: what it prints, its exit status, and
 * what it says when lacon is not there or talks nonsense. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/control/admin.h"

#define CONN(side, slot)                                                                                     \
    "{\"side\":\"" side "\",\"worker\":0,\"state\":\"open\",\"remote\":\"192.0.2.1:4" slot                   \
    "\",\"local\":\"10.0.0.1:80\",\"peer\":null,\"cluster\":null,\"endpoint\":null,\"bytes_in\":1,"          \
    "\"bytes_out\":22,\"age_s\":3661.5}"

static const struct {
    const char *request, *answer;
} known[] = {
    {"status",
     "{\"version\":\"9.9\",\"pid\":42,\"uptime_s\":90061,\"config\":\"/etc/l.yaml\",\"access_log\":"
     "{\"path\":\"/a.log\",\"lines\":5,\"lost\":1,\"reopens\":0},\"interfaces\":[{\"name\":\"front\","
     "\"target\":\"eth0\",\"driver\":\"net_af_xdp\",\"why\":\"first choice\",\"mac\":\"02:00:00:00:00:01\","
     "\"mtu\":1500,\"queues\":1,\"up\":false}],\"workers\":[{\"worker\":0,\"core\":-1,\"busy\":0.125,"
     "\"queues\":1,\"clients\":7}]}"},
    {"counters", "{\"counters\":[{\"name\":\"rx\",\"value\":123456,\"text\":\"frames in\"},"
                 "{\"name\":\"drop_arp\",\"value\":0,\"text\":\"bad ARP\"}]}"},
    {"connections all 0 0",
     "{\"connections\":[" CONN("client", "1") "," CONN("client", "2") "],\"next\":[0,9]}"},
    {"connections all 0 9", "{\"connections\":[" CONN("endpoint", "3") "]}"},
    {"connections client 0 0", "{\"connections\":[" CONN("client", "1") "]}"},
    {"connections endpoint 0 0", "{\"error\":\"not today\"}"},
    {"clients",
     "{\"clients\":[{\"address\":\"192.0.2.7\",\"connections\":12,\"kept_bytes\":4096,\"worker\":1}]}"},
    {"memory", "{\"parts\":[{\"part\":\"kept bytes\",\"bytes\":67108864}],\"bytes_max\":67108864,"
               "\"resident\":1048576}"},
    {"explain web http 8080 - "
     "POST%20/a?b%20HTTP/1.1%0d%0aHost:%20x.example:8080%0d%0aX-A:%20100%25%0d%0a%0d%0a",
     "{\"listener\":\"web\",\"considered\":[{\"route\":\"shop\",\"rule\":1,\"match\":0,\"asks_for\":\"any "
     "host, path "
     "prefix "
     "/\",\"verdict\":\"taken\"}],\"route\":\"shop\",\"action\":\"cluster\",\"status\":null,\"rule\":["
     "\"cluster: "
     "app\"],\"workers\":[{\"worker\":0,\"cluster\":\"app\",\"endpoint\":\"10.0.0.1:80\",\"endpoints\":[{"
     "\"address\":"
     "\"10.0.0.1:80\",\"state\":\"up\",\"down_for_s\":0,\"weight\":2,\"priority\":0,\"exchanges\":7,"
     "\"picked\":true},"
     "{\"address\":\"10.0.0.2:80\",\"state\":\"down\",\"down_for_s\":4.5,\"weight\":1,\"priority\":0,"
     "\"exchanges\":0,"
     "\"picked\":false}]}],\"not_shown\":0}"},
    {"explain - http 80 2001:db8::1 GET%20/%20HTTP/1.1%0d%0aHost:%20[fd00::1]%0d%0a%0d%0a",
     "{\"listener\":\"web\",\"considered\":[],\"route\":null,\"action\":\"none\",\"status\":404,\"rule\":[],"
     "\"workers\":[]"
     ",\"not_shown\":0}"},
    {"explain - http 443 - CONNECT%20x.example:443%20HTTP/1.1%0d%0aHost:%20x.example:443%0d%0a%0d%0a",
     "{\"error\":\"host and port\"}"},
    {"explain - tls 443 - shop.example", "{\"error\":\"a name\"}"},
    {"explain - tcp 5432 - -", "{\"error\":\"a port\"}"},
    {"neighbours", "[]"},
    {"accel",
     "{\"providers\":[{\"provider\":\"emu\",\"can\":[\"flow\"],\"about\":\"emulated\"}],"
     "\"hooks\":[{\"hook\":\"flow\",\"provider\":\"emu\",\"why\":\"named\"}],"
     "\"interfaces\":[{\"interface\":\"front\",\"driver\":\"net_x\",\"hooks\":[{\"hook\":\"parse\","
     "\"provider\":\"soft\",\"why\":\"it does not verify\"}]}],"
     "\"engines\":[{\"worker\":0,\"provider\":\"emu\",\"about\":\"assumed numbers\",\"entries\":8192,"
     "\"rules\":3,\"inserted\":50,\"insert_ns\":2500000,\"lived_ns\":10000000000,\"full\":1,"
     "\"refused\":2,\"lost\":4,\"hits\":900,\"misses\":100,\"worker_cycles\":200000000,"
     "\"emulation_cycles\":7000000}]}"},
};

static char *answer(void *ctx, unsigned nword, char *const word[])
{
    char request[ADMIN_LINE_MAX] = "";
    (void)ctx;
    for (unsigned i = 0; i < nword; i++)
        snprintf(request + strlen(request), sizeof request - strlen(request), "%s%s", i ? " " : "", word[i]);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].request, request) == 0)
            return strdup(known[i].answer);
    return NULL; /* closes the connection */
}

static char dir[] = "/tmp/lacon-ctl-XXXXXX";
static char path[64];
static struct admin *admin;

static void start(void)
{
    cr_assert(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/admin.sock", dir);
    cr_assert_eq(admin_start(path, 0600, answer, NULL, &admin), 0);
}

static void stop(void)
{
    admin_stop(admin);
    rmdir(dir);
}

TestSuite(laconctl, .init = start, .fini = stop, .timeout = 120);

/* Runs "laconctl -s SOCKET ARGS"; what it says on both outputs is in `said`. Its exit status. */
static int laconctl(const char *args, char *said, size_t size)
{
    char command[512];
    snprintf(command, sizeof command, "{ '%s' -s '%s' %s; } 2>&1", LACONCTL, path, args);
    FILE *f = popen(command, "r");
    cr_assert_not_null(f);
    size_t n = fread(said, 1, size - 1, f);
    said[n] = 0;
    int status = pclose(f);
    cr_assert(WIFEXITED(status), "%s", said);
    return WEXITSTATUS(status);
}

static void assert_says(const char *args, int status, const char *text)
{
    char said[16384];
    int got = laconctl(args, said, sizeof said);
    cr_assert_eq(got, status, "%s: exit status %d: %s", args, got, said);
    cr_assert(strstr(said, text), "%s: %s", args, said);
}

/* Who can, who was chosen and why, and what came of it: an engine's fill, its rate and its latency, the share
 * of frames that it took (900 of 1,000), and what these would have cost (2 million cycles each). */
Test(laconctl, accel)
{
    assert_says("accel", 0,
                "PROVIDER  CAN   ABOUT\n"
                "emu       flow  emulated\n"
                "\n"
                "HOOK  PROVIDER  WHY\n"
                "flow  emu       named\n"
                "\n"
                "INTERFACE  DRIVER  HOOK   PROVIDER  WHY\n"
                "front      net_x   parse  soft      it does not verify\n"
                "\n"
                "WORKER  PROVIDER  RULES      INSERTED  A SECOND  US EACH  REFUSED  LOST  HIT%  "
                "SAVED MCYCLES  EMULATION MCYCLES\n"
                "0       emu       3 of 8192        50       5.0     50.0        3     4  90.0"
                "           1800                  7\n"
                "\n"
                "assumed numbers\n");
}

Test(laconctl, status)
{
    assert_says("status", 0,
                "lacon 9.9, pid 42, up 1d 1h 1m 1s\n"
                "configuration: /etc/l.yaml\n"
                "access log: /a.log, 5 lines written, 1 lost\n"
                "\n"
                "INTERFACE  TARGET  DRIVER      LINK  MAC                 MTU  QUEUES  WHY\n"
                "front      eth0    net_af_xdp  down  02:00:00:00:00:01  1500       1  first choice\n"
                "\n"
                "WORKER  CORE  QUEUES   BUSY  CLIENTS");
    assert_says("status", 0, "\n0        any       1  12.5%        7");
}

Test(laconctl, counters)
{
    char said[4096];
    cr_assert_eq(laconctl("counters", said, sizeof said), 0);
    cr_assert_str_eq(said, "COUNTER   VALUE  MEANING\n"
                           "rx       123456  frames in\n");
    assert_says("counters --all", 0, "drop_arp       0  bad ARP\n");
}

Test(laconctl, connections_over_pages)
{
    char said[4096];
    cr_assert_eq(laconctl("connections", said, sizeof said), 0);
    cr_assert_str_eq(
        said,
        "SIDE      STATE  REMOTE        LOCAL        PEER  CLUSTER  ENDPOINT  IN  OUT       AGE  WORKER\n"
        "client    open   192.0.2.1:41  10.0.0.1:80  -     -        -          1   22  1h 1m 1s       0\n"
        "client    open   192.0.2.1:42  10.0.0.1:80  -     -        -          1   22  1h 1m 1s       0\n"
        "endpoint  open   192.0.2.1:43  10.0.0.1:80  -     -        -          1   22  1h 1m 1s       0\n");
}

Test(laconctl, connections_of_one_side)
{
    char said[4096];
    cr_assert_eq(laconctl("connections --client", said, sizeof said), 0);
    cr_assert_null(strstr(said, "endpoint"));
    cr_assert(strstr(said, "192.0.2.1:41"));
}

Test(laconctl, clients_and_memory)
{
    char said[4096];
    cr_assert_eq(laconctl("clients", said, sizeof said), 0);
    cr_assert_str_eq(said, "ADDRESS    CONNECTIONS  KEPT  WORKER\n"
                           "192.0.2.7           12  4096       1\n");
    cr_assert_eq(laconctl("memory", said, sizeof said), 0);
    cr_assert_str_eq(said, "PART              MIB\n"
                           "kept bytes       64.0\n"
                           "at most, in all  64.0\n"
                           "resident now      1.0\n");
}

Test(laconctl, explain)
{
    char said[4096];
    cr_assert_eq(
        laconctl("explain --listener web 'POST http://x.example:8080/a?b' 'X-A: 100%'", said, sizeof said), 0,
        "%s", said);
    cr_assert_str_eq(said, "listener web, route shop, action cluster\n"
                           "\n"
                           "ROUTE  RULE  MATCH  ASKS FOR                 VERDICT\n"
                           "shop      1      0  any host, path prefix /  taken\n"
                           "\n"
                           "the rule:\n"
                           "  cluster: app\n"
                           "\n"
                           "worker 0, cluster app: 10.0.0.1:80\n"
                           "ENDPOINT     STATE  DOWN FOR  WEIGHT  PRIORITY  BUSY  NEXT\n"
                           "10.0.0.1:80  up         0.0s       2         0     7  <--\n"
                           "10.0.0.2:80  down       4.5s       1         0     0  \n");
    assert_says("explain http://[fd00::1] --source 2001:db8::1", 0, "route -, action none, status 404\n");
    assert_says("explain 'CONNECT http://x.example:443'", 1, "host and port");
    assert_says("explain https://shop.example/x", 1, "a name");
    assert_says("explain tcp://10.0.0.1:5432", 1, "a port");
}

Test(laconctl, limit)
{
    assert_says("--limit 1 connections", 0, "there are more than 1 connections");
    char said[4096];
    cr_assert_eq(laconctl("--limit 3 connections", said, sizeof said), 0);
    cr_assert_null(strstr(said, "there are more"), "just as many as the limit");
    cr_assert_eq(laconctl("--limit 1 connections", said, sizeof said), 0);
    cr_assert_null(strstr(said, "192.0.2.1:42"));
}

Test(laconctl, json)
{
    assert_says("--json counters", 0, "\"value\": 123456");
    assert_says("connections -j", 0, "\"remote\": \"192.0.2.1:43\"");
}

Test(laconctl, help_and_version)
{
    assert_says("help", 0, "usage: laconctl");
    assert_says("--help", 0, "usage: laconctl");
    assert_says("--version", 0, "laconctl " LACON_VERSION "\n");
}

Test(laconctl, wrong_usage_is_2)
{
    static const char *const rows[] = {"",
                                       "reboot",
                                       "status now",
                                       "--nonsense status",
                                       "status --all",
                                       "counters --client",
                                       "explain",
                                       "explain /path",
                                       "explain ftp://x/",
                                       "explain --source 'a b' http://x/",
                                       "status --listener web",
                                       "connections --all --client",
                                       "connections --limit",
                                       "connections --limit many",
                                       "connections --limit -1",
                                       "weight 10.0.0.1:80 -1",
                                       "connections --limit 99999999999999999999"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_says(rows[i], 2, "laconctl");
}

Test(laconctl, what_lacon_refuses_is_1)
{
    assert_says("connections --endpoint", 1, "laconctl: lacon: not today\n");
    assert_says("neighbours", 1, "laconctl: an answer that is not understood");
}

Test(laconctl, lacon_is_not_running)
{
    admin_stop(admin);
    admin = NULL;
    assert_says("status", 1, "lacon is not running");
    assert_says("-s /tmp/no-such-socket status", 1, "lacon is not running");
}

Test(laconctl, output_that_cannot_be_written_is_1)
{
    assert_says("counters >/dev/full", 1, "standard output: No space left on device");
}
