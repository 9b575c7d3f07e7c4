/* SPDX-License-Identifier: MPL-2.0
 *
 * command.h: what a command of `tandem` is: one row that gives parsing, --help, the manual page and the
 * completion of three shells. A row stands in the file of its group, beside what it does.
 */
#ifndef TANDEM_TOOLS_COMMAND_H
#define TANDEM_TOOLS_COMMAND_H

#include "tandem/base.h"

/* What a word on the command line may be. X(symbol, placeholder in help) */
#define TDM_WORDS(X)                                                                                         \
    X(FLAG, "")                                                                                              \
    X(TEXT, "TEXT")                                                                                          \
    X(NUMBER, "NUMBER") /* whole, not negative */                                                            \
    X(PERCENT, "PERCENT")                                                                                    \
    X(CHOICE, "WORD") /* one of the row's choices */                                                         \
    X(YEAR, "YEAR")   /* 2017/18 */                                                                          \
    X(PERIOD, "PERIOD")                                                                                      \
    X(DATE, "DATE") /* judged by the daemon, which accepts untidy ones */                                    \
    X(CODE, "CODE")                                                                                          \
    X(UNIT, "UNIT") /* LEAD/UNIT_ID */                                                                       \
    X(WHEN, "WHEN")                                                                                          \
    X(FIELDS, "FIELDS")                                                                                      \
    X(ENDPOINT, "ENDPOINT")                                                                                  \
    X(AMOUNT, "NUMBER") /* this and the following are judged by the daemon, too */                           \
    X(ENUM, "WORD")                                                                                          \
    X(HEX, "HEX")                                                                                            \
    X(LIST, "LIST")                                                                                          \
    X(JSON, "JSON")                                                                                          \
    X(FILE, "FILE")                                                                                          \
    X(FOLDER, "DIR")

typedef enum tdm_word {
#define X(symbol, placeholder) TDM_WORD_##symbol,
    TDM_WORDS(X)
#undef X
} tdm_word;

const char *tdm_word_placeholder(tdm_word word);

/* An option. Its name means the same kind of thing (a flag, or something with a value) in every command, so
 * that options may stand before the command's words; a test holds this of all rows but those made from the
 * schema table, whose options stand behind their words where they differ. Underscores go for dashes. */
typedef struct tdm_option {
    const char *name; /* without the dashes */
    char letter;      /* 0: none. Letters are flags */
    tdm_word word;
    const char *choices; /* of a CHOICE or ENUM, separated by '|' */
    const char *arg;     /* name among the verb's arguments; NULL: only the command itself looks at it */
    const char *help;
} tdm_option;

typedef struct tdm_positional {
    const char *name; /* as help shows it */
    tdm_word word;
    const char *choices;
    const char *arg; /* as above */
    bool needed;
    bool many; /* the last one only: the rest, as a list */
    const char *help;
} tdm_positional;

enum { TDM_AT_HUB = 1, TDM_AT_NODE = 2, TDM_AT_BOTH = 3, TDM_ALONE = 4 /* asks no daemon */ };

/* Which of the options that every command knows the row gives a meaning to; the others are refused. */
enum { TDM_TAKES_AS_OF = 1, TDM_TAKES_YEAR = 2, TDM_TAKES_STORE = 4, TDM_TAKES_DRY_RUN = 8 };

struct tdm_invocation;
struct tdm_session;
/* Returns the exit status. */
typedef int tdm_command_function(const struct tdm_invocation *invocation, struct tdm_session *session);

typedef struct tdm_command {
    const char *words;   /* "link confirm" */
    const char *summary; /* one line, no full stop */
    const char *detail;  /* sentences; NULL: none */
    const char *example; /* a whole command line that parses */
    int roles;
    int takes;
    bool writes; /* with --dry-run and without TDM_TAKES_DRY_RUN: says what it would ask for */
    const tdm_positional *positionals;
    const tdm_option *options;
    size_t positional_count;
    size_t option_count;
    const char *refusal; /* why a word that stands too much is refused; NULL: the usual words */
    tdm_code (*refuse)(const char *word, tdm_err *err); /* the same, by the word; NULL: by refusal */
    const char *verb;                                   /* NULL: asks no service */
    const char *columns;            /* "field" or "field=Title|second line", separated by commas */
    const char *more;               /* further columns of CSV; NULL: none */
    bool blanks;                    /* an empty value of an option means something */
    bool record;                    /* one row stands as lines of name and value on a terminal */
    int timeout_s;                  /* 0: 30 */
    tdm_command_function *function; /* NULL: ask the verb, show the document */
} tdm_command;

#define TDM_OPTIONS(array) .options = (array), .option_count = TDM_COUNT(array)
#define TDM_POSITIONALS(array) .positionals = (array), .positional_count = TDM_COUNT(array)

/* ---- all rows, in the order help lists them */
typedef struct tdm_group {
    const char *title;
    const tdm_command *commands;
    size_t count;
    /* Rows made from another table, once, instead of those above; their first word is a command itself, whose
     * help lists them. NULL: the rows above. */
    const tdm_command *(*make)(size_t *count);
} tdm_group;

#define TDM_GROUPS(X)                                                                                        \
    X(figures)                                                                                               \
    X(records)                                                                                               \
    X(facts)                                                                                                 \
    X(people)                                                                                                \
    X(claims)                                                                                                \
    X(matches)                                                                                               \
    X(members)                                                                                               \
    X(registry)                                                                                              \
    X(periods)                                                                                               \
    X(history)                                                                                               \
    X(stores)                                                                                                \
    X(recovery)                                                                                              \
    X(self)

#define X(name) extern const tdm_group tdm_group_##name;
TDM_GROUPS(X)
#undef X

const tdm_group *const *tdm_groups(size_t *count);
size_t tdm_command_count(void);
const tdm_command *tdm_command_at(size_t index);
/* The options that stand on every command. */
const tdm_option *tdm_global_options(size_t *count);
/* What `takes` bit a global option needs; 0: none. */
int tdm_global_needs(const tdm_option *option);

/* The row with these words; NULL if there is none. */
const tdm_command *tdm_command_find(const char *words);
/* The word behind `first`, if the command's words begin with it and go on; else NULL. */
const char *tdm_command_behind(const tdm_command *command, const char *first, size_t len);
/* Does a command begin with this word? */
bool tdm_command_begins(const char *word);
/* An option of the command (NULL: of any) or of every command. name need not be terminated. */
const tdm_option *tdm_option_find(const tdm_command *command, const char *name, size_t len);
const tdm_option *tdm_option_lettered(char letter);

/* What a person may have meant: the words, or the option, nearest to text; NULL if none is near. */
const char *tdm_nearest_command(const char *text);
const char *tdm_nearest_option(const tdm_command *command, const char *text);

#endif
