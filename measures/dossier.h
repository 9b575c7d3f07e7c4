/* SPDX-License-Identifier: MPL-2.0
 *
 * dossier.h: everything stated about one subject, as one block of bytes.
 *
 * The block has five sections one after another:
 *   names         organisations its events name: each a length byte and the code
 *   followers     origins its events are sent to (feeds): 16 bytes each
 *   contribution  what the class it is the smallest of last put into the cells (contribution.h)
 *   tally         what the same class last put into the tables (tables.h)
 *   slots         its events, sorted by (target origin, fact id, role, author, target type, incarnation,
 *                 sequence)
 * Invariants: every base event is kept; of amendments only the latest per (target, role, author, target
 * type, incarnation), so that no arrival order and no generation learnt later changes what is in force.
 */
#ifndef TANDEM_MEASURES_DOSSIER_H
#define TANDEM_MEASURES_DOSSIER_H

#include "bytes.h"
#include "contribution.h"
#include "tandem/event.h"

typedef enum tdm_role {
    TDM_ROLE_BASE,
    TDM_ROLE_CONTENT,    /* correction, link_amend: payload is the body */
    TDM_ROLE_VISIBILITY, /* void, unvoid, link_withdraw: no payload */
    TDM_ROLE_UNKNOWN     /* of a type this program does not know: kept, passed on, means nothing */
} tdm_role;

/* A slot being made. */
typedef struct tdm_slot_parts {
    tdm_role role;
    uint32_t type;
    uint32_t target_type; /* CONTENT */
    tdm_id target;        /* origin of the fact */
    tdm_id author;
    tdm_id fact;
    uint64_t incarnation;
    uint64_t sequence;
    int64_t recorded_ms;
    uint64_t position; /* in the ledger */
    bool readable;     /* the payload passes the schema: it may be peeked at */
    tdm_span payload;  /* the fields that this program knows; all there is, if it is not readable */
} tdm_slot_parts;

/* A slot as it lies in the block:
 *   0 length 4 | 4 type 4 | 8 incarnation 8 | 16 sequence 8 | 24 recorded 8 | 32 position 8 |
 *   40 target origin 16 | 56 fact 16 | 72 role 1 | 73 flags 1 | 74 [author 16 if foreign]
 *   [target type 4 if CONTENT] payload
 * Numbers in the machine's order: views never leave the machine. */
typedef const uint8_t *tdm_slot;
enum { TDM_SLOT_FOREIGN = 1, TDM_SLOT_READABLE = 2 };

static inline size_t tdm_slot_length(tdm_slot slot)
{
    return tdm_load_u32(slot);
}
static inline uint32_t tdm_slot_type(tdm_slot slot)
{
    return tdm_load_u32(slot + 4);
}
static inline uint64_t tdm_slot_incarnation(tdm_slot slot)
{
    return tdm_load_u64(slot + 8);
}
static inline uint64_t tdm_slot_sequence(tdm_slot slot)
{
    return tdm_load_u64(slot + 16);
}
static inline int64_t tdm_slot_recorded(tdm_slot slot)
{
    return (int64_t)tdm_load_u64(slot + 24);
}
static inline uint64_t tdm_slot_position(tdm_slot slot)
{
    return tdm_load_u64(slot + 32);
}
static inline void tdm_slot_set_position(uint8_t *slot, uint64_t position)
{
    memcpy(slot + 32, &position, 8);
}
static inline const tdm_id *tdm_slot_target(tdm_slot slot)
{
    return (const tdm_id *)(slot + 40);
}
static inline const tdm_id *tdm_slot_fact(tdm_slot slot)
{
    return (const tdm_id *)(slot + 56);
}
static inline tdm_role tdm_slot_role(tdm_slot slot)
{
    return (tdm_role)slot[72];
}
static inline bool tdm_slot_is_foreign(tdm_slot slot)
{
    return (slot[73] & TDM_SLOT_FOREIGN) != 0;
}
static inline bool tdm_slot_is_readable(tdm_slot slot)
{
    return (slot[73] & TDM_SLOT_READABLE) != 0;
}
static inline const tdm_id *tdm_slot_author(tdm_slot slot)
{
    return (const tdm_id *)(slot + (tdm_slot_is_foreign(slot) ? 74 : 40));
}
uint32_t tdm_slot_target_type(tdm_slot slot); /* 0 unless CONTENT */
tdm_span tdm_slot_payload(tdm_slot slot);
/* Bytes of a slot made of the parts; make it there. */
size_t tdm_slot_need(const tdm_slot_parts *parts);
void tdm_slot_write(uint8_t *out, const tdm_slot_parts *parts);
/* Same fact name within one dossier. */
static inline bool tdm_slot_same_fact(tdm_slot a, tdm_slot b)
{
    return memcmp(a + 40, b + 40, 32) == 0;
}

typedef struct tdm_dossier {
    uint8_t *block;
    uint32_t capacity;
    uint32_t names_len;
    uint32_t followers_len;
    uint32_t contribution_len;
    uint32_t tally_len;
    uint32_t slots_len;
    tdm_found_groups groups; /* of the contribution */
    /* the cache's book-keeping (cache.h) */
    uint64_t batch;          /* number of the batch that last touched it */
    bool dirty;              /* differs from the views */
    bool stored;             /* the views hold a record of it */
    bool resident;           /* holds facts of the registry: stays in memory */
    uint64_t resident_check; /* of its row among the residents in the views; 0: none */
    uint16_t subject_len;
    uint8_t subject[]; /* no terminator */
} tdm_dossier;

/* An empty dossier; NULL-safe free. */
tdm_dossier *tdm_dossier_new(tdm_span subject);
void tdm_dossier_free(tdm_dossier *dossier);
static inline tdm_span tdm_dossier_subject(const tdm_dossier *dossier)
{
    return (tdm_span){ dossier->subject, dossier->subject_len };
}
bool tdm_dossier_is_unit(const tdm_dossier *dossier);               /* its subject begins with "unit/" */
static inline size_t tdm_dossier_length(const tdm_dossier *dossier) /* of the block */
{
    return (size_t)dossier->names_len + dossier->followers_len + dossier->contribution_len
           + dossier->tally_len + dossier->slots_len;
}
/* Bring what is not the block near to the processor, ahead of reading it; and the block. */
static inline void tdm_dossier_head_near(const tdm_dossier *dossier)
{
    for (size_t at = 0; at < sizeof *dossier + 64; at += 64)
        __builtin_prefetch((const uint8_t *)dossier + at);
}
static inline void tdm_dossier_near(const tdm_dossier *dossier)
{
    for (size_t at = 0; at < tdm_dossier_length(dossier); at += 64)
        __builtin_prefetch(dossier->block + at);
}
size_t tdm_dossier_bytes(const tdm_dossier *dossier); /* memory it takes */

/* Room for a block of so many bytes, so that it need not move as it grows. */
void tdm_dossier_reserve(tdm_dossier *dossier, size_t bytes);

/* File an event. False if it changes nothing: a repeat, or an amendment older than the one held. */
bool tdm_dossier_file(tdm_dossier *dossier, const tdm_slot_parts *parts);
/* The same; *displaced: ledger position of an amendment that is not kept, for there is a later one; 0: none.
 */
bool tdm_dossier_file_over(tdm_dossier *dossier, const tdm_slot_parts *parts, uint64_t *displaced);
/* Slots in order: NULL starts; NULL at the end. */
tdm_slot tdm_dossier_next(const tdm_dossier *dossier, tdm_slot slot);
/* First slot of the name; NULL if none. */
tdm_slot tdm_dossier_find(const tdm_dossier *dossier, const tdm_id *target, const tdm_id *fact);

/* At rest (at_rest.c). Is every slot covered? Take out those that are not. File the slots of another. */
bool tdm_dossier_is_covered(const tdm_dossier *dossier, const tdm_frontier *frontier);
void tdm_dossier_cut(tdm_dossier *dossier, const tdm_frontier *frontier);
void tdm_dossier_merge(tdm_dossier *dossier, const tdm_dossier *from);

/* Two of one subject: what was stated, and what it contributes, change places; who keeps them stays. */
void tdm_dossier_exchange(tdm_dossier *one, tdm_dossier *other);

/* Names: true if it is new. Iterate with *at = 0; an empty span ends. */
bool tdm_dossier_name(tdm_dossier *dossier, tdm_span code);
tdm_span tdm_dossier_next_name(const tdm_dossier *dossier, size_t *at);

bool tdm_dossier_is_followed(const tdm_dossier *dossier, const tdm_id *recipient);
void tdm_dossier_follow(tdm_dossier *dossier, const tdm_id *recipient);
void tdm_dossier_unfollow(tdm_dossier *dossier, const tdm_id *recipient);

tdm_span tdm_dossier_contribution(const tdm_dossier *dossier);
void tdm_dossier_contribute(tdm_dossier *dossier, tdm_span contribution);
tdm_span tdm_dossier_tally(const tdm_dossier *dossier);
void tdm_dossier_set_tally(tdm_dossier *dossier, tdm_span tally);

/* The stored record (dossier_record.c). */
/* Scratch for many; all zero at first. */
typedef struct tdm_packing {
    tdm_buf origins;
    tdm_buf incarnations;
    size_t last_origin; /* found last */
    size_t last_incarnation;
    tdm_buf slots;
    tdm_buf packed;
} tdm_packing;
void tdm_packing_free(tdm_packing *packing);
/* What is stated, without where in the ledger: the same bytes for the same facts. Borrowed until the next one
 * is packed. */
tdm_span tdm_dossier_pack(tdm_packing *packing, const tdm_dossier *dossier);
/* The whole record, with what is stated as it was packed. */
void tdm_dossier_encode(const tdm_dossier *dossier, tdm_span packed, tdm_buf *out);
/* TDM_CORRUPT: it is none; what was read is in bounds. */
tdm_code tdm_dossier_decode(tdm_span subject, tdm_span record, tdm_dossier **out, tdm_err *err);

#endif
