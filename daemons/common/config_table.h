/* SPDX-License-Identifier: MPL-2.0
 *
 * config_table.h: every setting of both daemons. A row is all there is to adding one.
 *
 * X(section, key, kind, min, max, default, words, roles, help)
 *   kind   TEXT PATH INTEGER BOOLEAN DURATION (ms) BYTES LIST CHOICE ADDRESS (host:port or off)
 *          ENDPOINT (tcp://host:port)
 *   min    smallest value; for text and lists the smallest length in bytes (0: may be empty)
 *   max    largest value; for text and lists the largest length in bytes
 *   words  of a CHOICE, separated by '|'; else NULL
 *   roles  HUB, NODE or BOTH
 * A secret is never a value: its key ends in _file and names a file that holds it.
 */
#ifndef TANDEM_COMMON_CONFIG_TABLE_H
#define TANDEM_COMMON_CONFIG_TABLE_H

#define TDM_SETTINGS(X)                                                                                      \
    X("hub", "organisation", TEXT, 0, 64, "", NULL, HUB, "code of the organisation that runs this hub")      \
    X("hub", "state", PATH, 1, 4000, "/var/lib/tandem-hub", NULL, HUB, "state folder")                       \
    X("hub", "listen", ENDPOINT, 1, 255, "tcp://127.0.0.1:5670", NULL, HUB, "where nodes connect")           \
    X("hub", "advertise", ENDPOINT, 0, 255, "", NULL, HUB,                                                   \
      "endpoint put in join codes; empty: the same as hub.listen")                                           \
    X("hub", "tide_interval_ms", DURATION, 100, 86400000, "60000", NULL, HUB,                                \
      "how often the moment and its frontier are stated while something changes")                            \
    X("node", "organisation", TEXT, 0, 64, "", NULL, NODE, "code this node represents before it joins")      \
    X("node", "state", PATH, 1, 4000, "/var/lib/tandem-node", NULL, NODE, "state folder")                    \
    X("link", "max_message_bytes", BYTES, 16384, 67108864, "1048576", NULL, BOTH,                            \
      "largest message taken from or sent to a peer")                                                        \
    X("link", "window_events", INTEGER, 1, 1000000, "8192", NULL, BOTH,                                      \
      "events on the way to a peer before it must acknowledge")                                              \
    X("link", "heartbeat_interval_ms", DURATION, 10, 3600000, "15000", NULL, BOTH,                           \
      "a quiet link sends a heartbeat this often")                                                           \
    X("link", "heartbeat_timeout_ms", DURATION, 20, 7200000, "45000", NULL, BOTH,                            \
      "a peer not heard for so long is silent")                                                              \
    X("link", "handshake_ms", DURATION, 10, 600000, "10000", NULL, BOTH,                                     \
      "time a new connection has to say who it is")                                                          \
    X("link", "reconnect_min_ms", DURATION, 1, 3600000, "100", NULL, BOTH, "first wait before trying again") \
    X("link", "reconnect_max_ms", DURATION, 1, 86400000, "30000", NULL, BOTH,                                \
      "longest wait before trying again")                                                                    \
    X("link", "max_links", INTEGER, 1, 65536, "1024", NULL, BOTH, "peers connected at once")                 \
    X("store", "map_bytes", BYTES, 1048576, 17592186044416, "64GiB", NULL, BOTH,                             \
      "address space kept for the store's map; the file grows as needed")                                    \
    X("store", "views_cache_bytes", BYTES, 65536, 68719476736, "384MiB", NULL, BOTH,                         \
      "memory for dossiers and cells that change")                                                           \
    X("http", "listen", ADDRESS, 1, 255, "127.0.0.1:0", NULL, BOTH,                                          \
      "address of figures, health and metrics; port 0 means any free one")                                   \
    X("http", "audience", CHOICE, 0, 0, "public", "public|network|regional_academy|board|hub_analyst", BOTH, \
      "who reads figures about people here: all but hub_analyst see fixed releases, suppressed")             \
    X("http", "behind_proxy", BOOLEAN, 0, 1, "false", NULL, BOTH,                                            \
      "a proxy that does TLS stands in front: needed to listen beyond loopback")                             \
    X("http", "max_connections", INTEGER, 4, 65536, "256", NULL, BOTH, "HTTP connections at once")           \
    X("http", "max_per_address", INTEGER, 0, 65536, "64", NULL, BOTH,                                        \
      "HTTP connections of one address; 0: no such limit, as behind a proxy")                                \
    X("http", "max_header_bytes", BYTES, 4096, 1048576, "16KiB", NULL, BOTH,                                 \
      "memory for the header of one request")                                                                \
    X("http", "timeout_ms", DURATION, 1000, 3600000, "15000", NULL, BOTH,                                    \
      "a silent HTTP connection is closed after this; whole seconds")                                        \
    X("http", "threads", INTEGER, 1, 64, "2", NULL, BOTH, "threads that answer HTTP requests")               \
    X("log", "format", CHOICE, 0, 0, "logfmt", "logfmt|json", BOTH, "how records are written")               \
    X("log", "level", CHOICE, 0, 0, "info", "error|warn|notice|info|debug", BOTH,                            \
      "the least important records to write")

#endif
