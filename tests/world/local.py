# SPDX-License-Identifier: MPL-2.0
"""What a store keeps beside its log (its keys, join codes, cursors), read by LMDB itself through ctypes."""

import ctypes
import os
import re

lmdb = ctypes.CDLL("liblmdb.so.0")
READ_ONLY, NO_LOCK, NEXT = 0x20000, 0x400000, 8
CHECKSUM_BYTES = 4


class Value(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("data", ctypes.c_void_p)]

    def read(self):
        return ctypes.string_at(self.data, self.size)


def check(result):
    if result != 0:
        raise OSError("LMDB: %d" % result)


def local_rows(home):
    """name -> value, of a state folder whose daemon may run."""
    rows, env, txn, table, cursor = {}, ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_uint(), ctypes.c_void_p()
    check(lmdb.mdb_env_create(ctypes.byref(env)))
    try:
        lmdb.mdb_env_set_maxdbs(env, 16)
        check(lmdb.mdb_env_open(env, os.path.join(home, "ledger").encode(), READ_ONLY | NO_LOCK, 0o600))
        check(lmdb.mdb_txn_begin(env, None, READ_ONLY, ctypes.byref(txn)))
        check(lmdb.mdb_dbi_open(txn, b"local", 0, ctypes.byref(table)))
        check(lmdb.mdb_cursor_open(txn, table, ctypes.byref(cursor)))
        key, value = Value(), Value()
        while lmdb.mdb_cursor_get(cursor, ctypes.byref(key), ctypes.byref(value), NEXT) == 0:
            rows[key.read().decode()] = value.read()[CHECKSUM_BYTES:]
        lmdb.mdb_cursor_close(cursor)
        lmdb.mdb_txn_abort(txn)
    finally:
        lmdb.mdb_env_close(env)
    return rows


def secrets_of(home):
    """Each secret that the store holds, by a name: of its identity the two secret keys, its private log's, join codes."""
    found = {}
    for name, value in local_rows(home).items():
        if name in ("identity/self", "identity/next"):
            found["seal key" + name[8:]], found["link key" + name[8:]] = value[24:56], value[120:152]
        elif name == "identity/private":
            found["private key"] = value
        elif name == "membership/code":
            found[name] = re.sub(rb"\s", b"", value)
    return found
