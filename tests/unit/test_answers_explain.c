/* What the admin socket tells of a request that is yet to come. */
#include "tests/unit/answers_rig.h"

static json_t *explain(const char *listener, const char *protocol, const char *port, const char *source,
                       const char *subject)
{
    char *text = strdup(subject); /* it is decoded in place */
    cr_assert_not_null(text);
    json_t *a = ASK("explain", listener, protocol, port, source, text);
    free(text);
    return a;
}

#define GET_SLASH "GET%20/%20HTTP/1.1%0d%0aHost:%20x%0d%0a%0d%0a"

Test(answers, explain_a_request)
{
    json_t *a = explain("-", "http", "80", "192.0.2.1", GET_SLASH);
    assert_json(json_object_get(a, "listener"), "\"web\"");
    assert_json(json_object_get(a, "action"), "\"cluster\"");
    assert_json(json_object_get(a, "status"), "null");
    assert_json(
        json_object_get(a, "considered"),
        "[{\"route\": \"shop\", \"rule\": 0, \"match\": 1, \"asks_for\": \"exact host, path prefix /a, "
        "method GET\", \"verdict\": \"taken\"}, {\"route\": \"shop\", \"rule\": 0, \"match\": 0, "
        "\"asks_for\": \"exact host, path prefix /\", \"verdict\": \"no: the one taken has a longer "
        "path\"}]");
    cr_assert_eq(json_array_size(json_object_get(a, "workers")), NWORKER);
    assert_json(json_array_get(json_object_get(a, "workers"), 1),
                "{\"worker\": 1, \"cluster\": \"app\", \"endpoint\": \"[::]:8080\", \"endpoints\": "
                "[{\"address\": \"[::]:8080\", \"state\": \"down\", \"down_for_s\": 1.5, \"weight\": 0, "
                "\"priority\": 0, \"exchanges\": 3, \"picked\": true}]}");
    json_decref(a);
}

Test(answers, explain_what_no_endpoint_answers)
{
    json_t *a = explain("web", "http", "0", "-", "GET%20/none%20HTTP/1.1%0d%0aHost:%20x%0d%0a%0d%0a");
    assert_json(json_object_get(a, "action"), "\"none\"");
    assert_json(json_object_get(a, "status"), "404");
    json_decref(a);
    a = explain("web", "http", "0", "-", "GET%20/%20HTTP/1.1%0d%0aHost:%20a%0d%0aHost:%20b%0d%0a%0d%0a");
    assert_json(json_object_get(a, "action"), "\"refuse\"");
    assert_json(json_object_get(a, "status"), "400");
    json_decref(a);
}

Test(answers, explain_streams)
{
    json_t *a = explain("-", "tls", "443", "-", "Shop.example");
    cr_assert(span_eq(explained.name, span_str("Shop.example")) || explained.name.n == 12);
    cr_assert_null(explained.head);
    cr_assert_eq(explained.listener, 2);
    json_decref(a);
    char subject[] = "x.example";
    a = ASK("explain", "-", "tls", "443", "-", subject, "h2,http/1.1");
    cr_assert_eq(explained.alpn.n, 12);
    json_decref(a);
    a = explain("db", "tcp", "0", "-", "-");
    cr_assert_eq(explained.listener, 1);
    json_decref(a);
}

Test(answers, explain_refuses)
{
    static const char *const rows[][5] = {
        {"-", "http", "81", "-", GET_SLASH},       {"nobody", "http", "80", "-", GET_SLASH},
        {"db", "http", "80", "-", GET_SLASH},      {"-", "ftp", "80", "-", GET_SLASH},
        {"-", "http", "80", "nowhere", GET_SLASH}, {"-", "http", "80", "-", "GET%2"},
        {"-", "http", "80", "-", "GET%zz"},        {"-", "http", "80", "-", "GET%20/%20HTTP/1.1%0d%0a"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *a = explain(rows[i][0], rows[i][1], rows[i][2], rows[i][3], rows[i][4]);
        cr_assert(json_is_string(json_object_get(a, "error")), "row %zu", i);
        json_decref(a);
    }
    json_t *a = ASK("explain", "-", "http", "80");
    cr_assert(json_is_string(json_object_get(a, "error")));
    json_decref(a);
    stale = true;
    a = explain("-", "http", "80", "-", GET_SLASH);
    assert_json(json_object_get(a, "error"), "\"a reload is under way: ask again\"");
    json_decref(a);
}
