/* DPDK itself behind the table of accel/flow_api.h. Constant data. */
#include "accel/flow_api.h"

#include <rte_errno.h>
#include <rte_ethdev.h>

static int last_error(void)
{
    return rte_errno;
}

const struct flow_api flow_api_dpdk = {
    .validate = rte_flow_validate,
    .create = rte_flow_create,
    .destroy = rte_flow_destroy,
    .flush = rte_flow_flush,
    .query = rte_flow_query,
    .pick_transfer_proxy = rte_flow_pick_transfer_proxy,
    .handle_create = rte_flow_action_handle_create,
    .handle_destroy = rte_flow_action_handle_destroy,
    .handle_query = rte_flow_action_handle_query,
    .info_get = rte_flow_info_get,
    .configure = rte_flow_configure,
    .pattern_create = rte_flow_pattern_template_create,
    .pattern_destroy = rte_flow_pattern_template_destroy,
    .actions_create = rte_flow_actions_template_create,
    .actions_destroy = rte_flow_actions_template_destroy,
    .table_create = rte_flow_template_table_create,
    .table_destroy = rte_flow_template_table_destroy,
    .async_create = rte_flow_async_create,
    .async_destroy = rte_flow_async_destroy,
    .pull = rte_flow_pull,
    .is_removed = rte_eth_dev_is_removed,
    .last_error = last_error,
};
