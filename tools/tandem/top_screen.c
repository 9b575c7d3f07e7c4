/* SPDX-License-Identifier: MPL-2.0
 *
 * top_screen.c: a terminal taken for a while and given back as it was, by the few control sequences that all
 * terminals of the last thirty years know (ECMA-48, and xterm's other page).
 */
#include "top.h"

#include "terminal.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct {
    struct termios before;
    bool taken;   /* the page */
    bool changed; /* the keyboard's way */
} screen;

static void put(const char *text, size_t len)
{
    while (len > 0) {
        ssize_t done = write(STDOUT_FILENO, text, len);
        if (done <= 0)
            return; /* nobody looks any more; the loop's next poll tells */
        text += done;
        len -= (size_t)done;
    }
}

tdm_code tdm_screen_check(tdm_err *err)
{
    const char *term = getenv("TERM");
    if (isatty(STDOUT_FILENO) != 1)
        return tdm_fail(err, TDM_INVALID, 0, "it draws on a terminal, and there is none here");
    if (term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0)
        return tdm_fail(err, TDM_INVALID, 0, "it can not draw on this terminal (TERM is %s)",
                        term == NULL || term[0] == '\0' ? "not set" : "dumb");
    return TDM_OK;
}

void tdm_screen_open(void)
{
    struct termios raw;
    static const char TAKE[] = "\033[?1049h\033[?25l\033[?7l"; /* other page, no cursor, no wrapping */
    if (tcgetattr(STDIN_FILENO, &screen.before) == 0) {
        raw = screen.before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO); /* Ctrl-C and Ctrl-Z stay signals */
        raw.c_cc[VMIN] = 0;
        raw.c_cc[VTIME] = 0;
        screen.changed = tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) == 0;
    }
    put(TAKE, sizeof TAKE - 1);
    screen.taken = true;
}

void tdm_screen_close(void)
{
    static const char GIVE[] = "\033[0m\033[?7h\033[?25h\033[?1049l";
    if (screen.taken)
        put(GIVE, sizeof GIVE - 1);
    if (screen.changed)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &screen.before);
    screen.taken = screen.changed = false;
}

void tdm_screen_size(size_t *width, size_t *height)
{
    struct winsize size = { 0 };
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    *width = known ? size.ws_col : 80;
    *height = known ? size.ws_row : 24;
}

void tdm_screen_show(const tdm_top_frame *frame, bool colored)
{
    static const char *const STYLES[] = { [TDM_TOP_PLAIN] = "",
                                          [TDM_TOP_STRONG] = "\033[1m",
                                          [TDM_TOP_OLD] = "\033[2m",
                                          [TDM_TOP_WARN] = "\033[33m",
                                          [TDM_TOP_BAD] = "\033[31m" };
    tdm_buf all = { 0 };
    tdm_buf_text(&all, "\033[H");
    for (size_t i = 0; i < frame->count; i++) {
        const tdm_top_line *line = &frame->lines[i];
        const char *style = colored ? STYLES[line->style] : "";
        tdm_buf_format(&all, "%s%s", i == 0 ? "" : "\r\n", style);
        tdm_buf_add(&all, line->text.data, line->text.len);
        bool full = tdm_terminal_width(tdm_buf_span(&line->text)) >= frame->width;
        /* In the last column the cursor stands on what was written there, and would erase it. */
        tdm_buf_format(&all, "%s%s", style[0] == '\0' ? "" : "\033[0m", full ? "" : "\033[K");
    }
    tdm_buf_text(&all, "\033[J");
    put((const char *)all.data, all.failed ? 0 : all.len);
    tdm_buf_free(&all);
}

/* ---- keys */

static const struct {
    const char *bytes;
    tdm_top_key key;
} KEYS[] = {
    { "q", TDM_TOP_KEY_QUIT },
    { "Q", TDM_TOP_KEY_QUIT },
    { "p", TDM_TOP_KEY_PAUSE },
    { " ", TDM_TOP_KEY_PAUSE },
    { "?", TDM_TOP_KEY_HELP },
    { "h", TDM_TOP_KEY_HELP },
    { "k", TDM_TOP_KEY_UP },
    { "j", TDM_TOP_KEY_DOWN },
    { "\033[A", TDM_TOP_KEY_UP },
    { "\033[B", TDM_TOP_KEY_DOWN },
    { "\033OA", TDM_TOP_KEY_UP },
    { "\033OB", TDM_TOP_KEY_DOWN },
    { "\033[5~", TDM_TOP_KEY_PAGE_UP },
    { "\033[6~", TDM_TOP_KEY_PAGE_DOWN },
    { "\033[H", TDM_TOP_KEY_FIRST },
    { "\033[F", TDM_TOP_KEY_LAST },
    { "\033OH", TDM_TOP_KEY_FIRST },
    { "\033OF", TDM_TOP_KEY_LAST },
    { "\033[1~", TDM_TOP_KEY_FIRST },
    { "\033[4~", TDM_TOP_KEY_LAST },
};

/* Bytes of a key: one, or a sequence up to its last letter. */
static size_t key_length(const char *bytes, size_t len)
{
    size_t at = 2;
    if (bytes[0] != '\033' || len < 3 || (bytes[1] != '[' && bytes[1] != 'O'))
        return 1;
    while (at < len && (bytes[at] < 0x40 || bytes[at] > 0x7e))
        at++;
    return at < len ? at + 1 : len;
}

tdm_top_key tdm_screen_key(void)
{
    static char bytes[64];
    static size_t len;
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    if (len == 0 && poll(&input, 1, 0) > 0) {
        ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
        if (got <= 0)
            return TDM_TOP_KEY_QUIT;
        len = (size_t)got;
    }
    if (len == 0)
        return TDM_TOP_KEY_NONE;
    size_t taken = key_length(bytes, len);
    tdm_top_key key = TDM_TOP_KEY_OTHER;
    for (size_t i = 0; i < TDM_COUNT(KEYS); i++)
        if (strlen(KEYS[i].bytes) == taken && memcmp(KEYS[i].bytes, bytes, taken) == 0)
            key = KEYS[i].key;
    len -= taken;
    memmove(bytes, bytes + taken, len);
    return key;
}
