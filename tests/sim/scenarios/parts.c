#include "tests/sim/scenarios/parts.h"

const struct mix mix_plain = {.post = 300,
                              .chunked_resp = 300,
                              .chunked_req = 300,
                              .head_method = 50,
                              .no_body = 80,
                              .cut = 300,
                              .think_ns = 20 * MS};

const struct mix mix_rich = {.post = 350,
                             .chunked_req = 500,
                             .chunked_resp = 400,
                             .close_resp = 60,
                             .head_method = 60,
                             .no_body = 100,
                             .http10 = 100,
                             .pipelined = 300,
                             .expect = 200,
                             .client_close = 150,
                             .half_close = 200,
                             .hop = 200,
                             .endpoint_close = 100,
                             .hints = 80,
                             .long_head = 150,
                             .cut = 400,
                             .slow_reader = 100,
                             .unknown_host = 30,
                             .think_ns = 50 * MS};

const struct mix mix_small = {
    .requests = 12, .max_body = 3000, .post = 200, .chunked_resp = 200, .think_ns = 5 * MS};

const struct mix mix_resets = {.requests = 6,
                               .post = 300,
                               .chunked_req = 300,
                               .chunked_resp = 300,
                               .close_resp = 100,
                               .pipelined = 300,
                               .endpoint_reset = 150,
                               .client_reset = 150,
                               .idle_close = 200,
                               .think_ns = 30 * MS};

const struct mix mix_outages = {.requests = 10,
                                .max_body = 60000,
                                .post = 300,
                                .chunked_req = 300,
                                .chunked_resp = 300,
                                .pipelined = 200,
                                .think_ns = 300 * MS};
