/* SPDX-License-Identifier: MPL-2.0
 *
 * metrics_table.h: every metric of both daemons. A row is all there is to adding one.
 *
 * X(symbol, name, kind, labels, help)
 *   name    without the prefix tandem_; base units (seconds, bytes, ratio); _total on counters only
 *   labels  "" for none; "claim=a|b" for fixed values, "peer=*" for dynamic ones; several separated by ','
 */
#ifndef TANDEM_COMMON_METRICS_TABLE_H
#define TANDEM_COMMON_METRICS_TABLE_H

#define TDM_CLAIMS "claim=asserted|standing|corroborated"
#define TDM_REJECTIONS                                                                                       \
    "reason=malformed|version|unknown_key|bad_seal|fork|foreign_name|gap|enrol_denied"                       \
    "|rate|other"

#define TDM_METRICS(X)                                                                                       \
    X(SYSTEM_LEVEL_RATIO, "system_level_ratio", GAUGE, TDM_CLAIMS,                                           \
      "Joint units as a share of all units in the financial year, by claim.")                                \
    X(TARGET_LEVEL_RATIO, "target_level_ratio", GAUGE, "", "The level that is aimed at this year.")          \
    X(UNITS, "units", GAUGE, "state=planned|delivered|cancelled", "Units counted, by state.")                \
    X(LINKS, "links", GAUGE, "state=unanswered|confirmed|disputed|withdrawn", "Claims, by their answer.")    \
    X(RETURNS_RECEIVED, "returns_received", GAUGE, "", "Returns made for the period.")                       \
    X(RETURNS_EXPECTED, "returns_expected", GAUGE, "", "Returns expected for the period.")                   \
    X(EVENTS_APPENDED, "events_appended_total", COUNTER, "origin=own|peer", "Events made durable.")          \
    X(EVENTS_REJECTED, "events_rejected_total", COUNTER, TDM_REJECTIONS,                                     \
      "Events and messages refused, by reason.")                                                             \
    X(EVENT_APPLY, "event_apply_duration_seconds", HISTOGRAM, "",                                            \
      "Time from an event's arrival to its durable commit.")                                                 \
    X(NODE_UP, "node_up", GAUGE, "node=*", "1 while the node's link is live.")                               \
    X(NODE_LAST_SEEN, "node_last_seen_timestamp_seconds", GAUGE, "node=*", "When the node was last heard.")  \
    X(NODE_LAST_EVENT, "node_last_event_timestamp_seconds", GAUGE, "node=*",                                 \
      "When the node's newest event was recorded.")                                                          \
    X(SYNC_LAG, "sync_lag_events", GAUGE, "node=*", "Events a node offers that are not durable here yet.")   \
    X(OUTBOX, "outbox_events", GAUGE, "peer=*", "Own events the peer has not acknowledged.")                 \
    X(SYNC_MESSAGES, "sync_messages_total", COUNTER, "peer=*,direction=in|out", "Link messages.")            \
    X(SYNC_RECONNECTS, "sync_reconnects_total", COUNTER, "peer=*", "Times a link had to be made again.")     \
    X(LOG_LAST_SEQUENCE, "log_last_sequence", GAUGE, "node=*", "Last sequence number held of the node.")     \
    X(STORE_MAP, "store_map_bytes", GAUGE, "", "Size of the store's map.")                                   \
    X(STORE_USED, "store_used_bytes", GAUGE, "", "Used part of the store's map.")                            \
    X(STORE_READERS, "store_readers", GAUGE, "", "Readers that hold a snapshot of the store.")               \
    X(STORE_TXN, "store_txn_duration_seconds", HISTOGRAM, "", "Time of a write transaction with its sync.")  \
    X(LAST_VERIFY, "last_verify_timestamp_seconds", GAUGE, "", "When the store was last verified; 0 never.") \
    X(LAST_VERIFY_SUCCESS, "last_verify_success", GAUGE, "", "1 if the last verify found no fault.")         \
    X(LAST_SNAPSHOT, "last_snapshot_timestamp_seconds", GAUGE, "",                                           \
      "When a snapshot of the store was last made; 0 never.")                                                \
    X(FOLD_LAG, "fold_lag_events", GAUGE, "", "Durable events that the figures do not cover yet.")           \
    X(HTTP_REQUESTS, "http_requests_total", COUNTER, "route=*,method=*,code=*", "HTTP requests answered.")   \
    X(HTTP_DURATION, "http_request_duration_seconds", HISTOGRAM, "", "Time a handler took to answer.")       \
    X(ZAP_DENIED, "zap_denied_total", COUNTER,                                                               \
      "reason=unknown_key|revoked|expired_code|used_code|malformed|rate|other",                              \
      "Connections refused by their key, by reason.")                                                        \
    X(CONNECTIONS_REFUSED, "connections_refused_total", COUNTER, "",                                         \
      "Connections that ended before an admitted key had spoken: noise, no encryption, a stranger's key.")   \
    X(ACCEPT_FAILED, "accept_failed_total", COUNTER, "",                                                     \
      "Connections that could not be taken, such as for want of files.")

#endif
