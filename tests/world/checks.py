# SPDX-License-Identifier: MPL-2.0
"""Checks of a test with real daemons: a line each, a sum at the end, a visible skip where data is absent."""

import os
import sys

SKIPPED = 77  # told to ctest as SKIP_RETURN_CODE


class Checks:
    """Count what held and what did not; a check that fails does not stop those behind it."""

    def __init__(self):
        self.passed = self.failed = 0

    def that(self, sentence, holds, detail=""):
        self.passed += bool(holds)
        self.failed += not holds
        print("%s: %s%s" % ("ok" if holds else "FAILED", sentence, "" if holds else ": %s" % (detail,)), flush=True)
        return holds

    def same(self, sentence, got, wanted):
        return self.that(sentence, got == wanted, "got %r, wanted %r" % (got, wanted))

    def says(self, sentence, text, *words):
        """Each of the words stands in the text."""
        missing = [word for word in words if word not in text]
        return self.that(sentence, not missing, "%r is missing in %r" % (missing, text[:1500]))

    def end(self):
        print("%d passed, %d failed" % (self.passed, self.failed))
        return 1 if self.failed or not self.passed else 0


def shared_data(*names):
    """The folder of a real data set beside the source tree; the test is skipped, visibly, where it is absent."""
    source = os.environ.get("TANDEM_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    folder = os.path.join(source, "..", "shared", "data", *names)
    if not os.path.isdir(folder):
        print("skipped: there is no %s" % os.path.join("..", "shared", "data", *names))
        sys.exit(SKIPPED)
    return folder
