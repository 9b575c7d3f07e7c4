#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""What tools/lib/mutants.py finds to change in a C source, and what it leaves alone."""

import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "lib"))
from mutants import mutants_of, sample  # noqa: E402

# A sentence, the body of a function, and the body with each of its mutants in turn.
ROWS = [
    ("a boundary moves by one", "if (a < b)\n        f(b);", ["if (a <= b)\n        f(b);", "if (a < b)\n        ;"]),
    ("a boundary moves back", "return a >= b;", ["return a > b;"]),
    ("equal becomes different", "return a == b;", ["return a != b;"]),
    ("an arrow is no comparison", "return a->b;", []),
    ("a shift is no comparison", "return a >> b;", []),
    ("a sum becomes a difference", "return a + b;", ["return a - b;"]),
    ("a negative loses its sign", "return f(-a);", ["return f(a);"]),
    ("and becomes or", "return a && b;", ["return a || b;"]),
    ("a negation goes", "return !a;", ["return a;"]),
    ("the other branch is taken", "return a ? b : c;", ["return a == 0 ? b : c;"]),
    ("true becomes false", "return true;", ["return false;"]),
    ("a word with true in it stays", "return is_true;", []),
    ("an index moves", "return n[0];", ["return n[1];"]),
    ("a constant moves by one", "return 0;", ["return 1;"]),
    ("a number with a nought in it stays", "return 10;", []),
    ("last becomes first", "return at->last;", ["return at->first;"]),
    ("a call of the last becomes one of the first", "return period_last(a);", ["return period_first(a);"]),
    ("the most becomes the least", "return day_max;", ["return day_min;"]),
    ("a call is dropped", "f(a);", [";"]),
    ("an assignment is dropped", "a->b = c;", [";"]),
    ("a count is dropped", "a->count++;", [";"]),
    ("a call over two lines is dropped, and lines keep their numbers", "f(a,\n      b);\n    return c;",
     [";\n\n    return c;"]),
    ("an old contribution is not taken out", "a_replace(before, now);", ["a_replace((tdm_span){ 0 }, now);", ";"]),
    ("old amounts are not negated", "n[i] = (int64_t)(0 - (uint64_t)n[i]);",
     [";", "n[i] = (int64_t)(1 - (uint64_t)n[i]);", "n[i] = (int64_t)(0 + (uint64_t)n[i]);"]),
    ("a declaration stays", "int a;", []),
    ("a declaration with a value keeps its place", "int a = b;", []),
    ("a value that is all nought stays", "tdm_err err = { 0 };", []),
    ("what is asserted stays", "TDM_ASSERT(a < b + 1);", []),
    ("how much memory is asked for stays", "return tdm_memory_new((a + 1) * sizeof *b);", []),
    ("memory is given back", "free(a);", []),
    ("a comment stays", "/* a < b */", []),
    ("a string stays", 'return "a < b";', []),
    ("a mark in a string opens no comment", 'return "/*" + a;', ['return "/*" - a;']),
    ("a table of a function stays", "static const int A[] = { 1, 2 };", []),
]


def source(body, head="static int f(int a)"):
    return "#if 0 < 1\n#endif\nstatic const int A = 1;\n\n%s\n{\n    %s\n}\n" % (head, body)


def bodies(body):
    text = source(body)
    return sorted(mutant.apply(text) for mutant in mutants_of("a.c", text))


class Mutants(unittest.TestCase):
    def test_rows(self):
        for name, body, expected in ROWS:
            with self.subTest(name):
                self.assertEqual(bodies(body), sorted(source(other) for other in expected))

    def test_formulas_are_left_out_with_what_only_they_call(self):
        text = source("return 0;", "static int helper(void)") + source("helper();", "static void share(tdm_formula *f)")
        self.assertEqual(len(mutants_of("a.c", text)), 2)
        self.assertEqual(mutants_of("a.c", text, formulas=False), [])

    def test_a_helper_that_others_call_stays_in(self):
        text = source("return 0;", "static int helper(void)") + source("helper();", "int other(void)")
        text += source("helper();", "static void share(tdm_formula *f)")
        self.assertEqual(len(mutants_of("a.c", text, formulas=False)), 2)

    def test_a_mutant_says_where_it_is(self):
        mutant, = mutants_of("a.c", source("return a < b;"))
        self.assertEqual((mutant.line, mutant.column, mutant.operator), (7, 14, "boundary"))

    def test_a_sample_is_spread_over_the_files_and_the_same_again(self):
        many = mutants_of("a.c", source("a = b;\n    " * 50)) + mutants_of("b.c", source("a = b;\n    " * 5))
        chosen = sample(many, 10, 1)
        self.assertEqual([mutant.file for mutant in chosen], ["a.c"] * 5 + ["b.c"] * 5)
        self.assertEqual(chosen, sample(many, 10, 1))
        self.assertNotEqual(chosen, sample(many, 10, 2))
        self.assertEqual(len(sample(many, 100, 1)), 55)


if __name__ == "__main__":
    unittest.main()
