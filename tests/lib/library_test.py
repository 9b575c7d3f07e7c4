#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The library as another program meets it: installed into a folder of its own, its headers alone, the names it shows,
an example built over it by pkg-config, by CMake and statically, and run against a real node."""

import glob
import json
import os
import re
import shutil
import subprocess
import sys

SOURCE = os.environ["TANDEM_SOURCE"]
BUILD = os.environ["TANDEM_BUILD"]
CC = os.environ["TANDEM_CC"]
FLAGS = os.environ.get("TANDEM_CFLAGS", "").split()
sys.path.insert(0, os.path.join(SOURCE, "tests", "world"))
from checks import Checks  # noqa: E402
from world import World  # noqa: E402

HEADERS = ("connection", "error", "export", "log_reader", "version")
EXAMPLE = os.path.join(SOURCE, "examples", "program", "tandem-example.c")
WARNINGS = ["-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def run(*words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, timeout=240, **more)


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Installed:
    """What `cmake --install` puts into a folder."""

    def __init__(self, prefix, *words):
        self.prefix = prefix
        done = run("cmake", "--install", BUILD, "--prefix", prefix, *words)
        if done.returncode != 0:
            raise SystemExit("cmake --install: %s%s" % (done.stdout, done.stderr))
        found = glob.glob(prefix + "/**/libtandem.so.*", recursive=True)
        self.lib = os.path.dirname(found[0]) if found else None
        self.environment = dict(os.environ, PKG_CONFIG_PATH="%s/pkgconfig" % self.lib, LD_LIBRARY_PATH=self.lib or "")

    def has(self, pattern):
        return bool(glob.glob(os.path.join(self.prefix, pattern), recursive=True))

    def pkg_config(self, *words):
        return run("pkg-config", *words, env=self.environment).stdout.split()


# ---- what is installed

def check_files(checks, installed, world):
    runtime = ["bin/tandem", "bin/tandem-hub", "bin/tandem-node", "**/libtandem.so.0", "share/man/man1/tandem.1",
               "share/man/man1/tandem-level.1", "share/bash-completion/completions/tandem",
               "share/zsh/site-functions/_tandem", "share/fish/vendor_completions.d/tandem.fish"]
    dev = ["**/libtandem.so", "**/libtandem.a", "**/tandem.pc", "**/tandemConfig.cmake", "share/man/man3/tandem.3",
           *("include/tandem/%s.h" % name for name in HEADERS)]
    checks.same("everything is installed", [name for name in runtime + dev if not installed.has(name)], [])
    checks.same("of the headers the promised ones alone",
                sorted(os.listdir(installed.prefix + "/include/tandem")), sorted(name + ".h" for name in HEADERS))
    alone = Installed(world.path("runtime"), "--component", "runtime")
    checks.same("the component runtime has what runs", [name for name in runtime if not alone.has(name)], [])
    checks.same("and nothing of what builds", [name for name in dev if alone.has(name)], [])


def check_headers(checks, installed):
    allowed = {"<stddef.h>", "<stdint.h>", *('"tandem/%s.h"' % name for name in HEADERS)}
    include = "-I%s/include" % installed.prefix
    for name in HEADERS:
        path = "%s/include/tandem/%s.h" % (installed.prefix, name)
        wanted = set(re.findall(r"^#include (\S+)", text_of(path), re.M))
        checks.same("%s.h needs no other library's header" % name, wanted - allowed, set())
        source = "#include <tandem/%s.h>\nextern int nothing;\n" % name
        done = run(CC, *WARNINGS, include, "-fsyntax-only", "-xc", "-", input=source)
        checks.same("%s.h compiles alone as C17" % name, (done.returncode, done.stderr), (0, ""))
        if shutil.which("clang++") is None:
            print("skipped: clang++ is not installed, so %s.h was not compiled as C++" % name)
            continue
        done = run("clang++", "-std=c++17", "-Wall", "-Wextra", "-Werror", include, "-fsyntax-only", "-xc++", "-", input=source)
        checks.same("%s.h compiles alone as C++17" % name, (done.returncode, done.stderr), (0, ""))


# ---- the names

def declared(installed, world):
    """Functions that the installed headers declare, as gcc reads them."""
    listing = world.path("declared")
    source = "".join("#include <tandem/%s.h>\n" % name for name in HEADERS)
    done = run("gcc", "-I%s/include" % installed.prefix, "-fsyntax-only", "-aux-info", listing, "-xc", "-", input=source)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return sorted(re.findall(r"^/\* %s\S+ \*/ extern .*?\b(\w+) \(" % re.escape(installed.prefix), text_of(listing), re.M))


def shown(path, *words):
    """Names a library shows; a weak one comes from the sanitizers."""
    lines = run("nm", *words, "--defined-only", path).stdout.splitlines()
    return sorted(line.split()[2].split("@")[0] for line in lines if re.match(r"\w+ [TDBR] ", line))


def in_map():
    return re.findall(r"^    (\w+);", text_of(SOURCE + "/lib/libtandem.map"), re.M)


def check_names(checks, installed, world):
    promised = declared(installed, world)
    checks.that("the headers declare functions", len(promised) > 20, promised)
    checks.same("the shared library shows what the headers declare", shown(installed.lib + "/libtandem.so", "-D"), promised)
    checks.same("and so does the static one", [name for name in shown(installed.lib + "/libtandem.a", "-g")
                                               if FLAGS == [] or name.startswith("tdm_")], promised)
    checks.same("the map names them, in order", in_map(), promised)
    page = text_of(installed.prefix + "/share/man/man3/tandem.3")
    checks.same("the manual page shows each", [name for name in promised if ".Fn %s " % name not in page], [])
    if shutil.which("mandoc"):
        said = run("mandoc", "-T", "lint", "-W", "style", installed.prefix + "/share/man/man3/tandem.3").stdout.splitlines()
        checks.same("mandoc finds nothing", [line for line in said if "referenced manual not found" not in line], [])
    else:
        print("skipped: mandoc is not installed")
    soname = re.search(r"SONAME.*\[(.*)\]", run("readelf", "-d", installed.lib + "/libtandem.so").stdout).group(1)
    abi = re.search(r"TDM_ABI_VERSION (\d+)", text_of(installed.prefix + "/include/tandem/version.h")).group(1)
    checks.same("the SONAME is the ABI's number", soname, "libtandem.so." + abi)


# ---- the example

def by_pkg_config(installed, out):
    return run(CC, *FLAGS, *WARNINGS, "-o", out, EXAMPLE, *installed.pkg_config("--cflags", "--libs", "tandem", "jansson"))


def statically(installed, out):
    libs = installed.pkg_config("--static", "--libs-only-l", "tandem")
    return run(CC, *FLAGS, *WARNINGS, "-o", out, EXAMPLE, *installed.pkg_config("--cflags", "tandem"), "-Wl,--as-needed",
               installed.lib + "/libtandem.a", "-L" + installed.lib, *libs)


def by_cmake(installed, out, version="0.1"):
    folder = out + ".build"
    sources = out + ".source"
    shutil.copytree(os.path.dirname(EXAMPLE), sources)
    lists = os.path.join(sources, "CMakeLists.txt")
    text = text_of(lists).replace("find_package(tandem 0.1 ", "find_package(tandem %s " % version)
    with open(lists, "w", encoding="utf-8") as file:
        file.write(text)
    done = run("cmake", "-S", sources, "-B", folder, "-G", "Ninja", "-DCMAKE_C_COMPILER=" + CC,
               "-DCMAKE_C_FLAGS=" + " ".join(FLAGS), "-DCMAKE_PREFIX_PATH=" + installed.prefix)
    if done.returncode == 0:
        done = run("ninja", "-C", folder)
    if done.returncode == 0:
        shutil.copy(folder + "/tandem-example", out)
    return done


def check_built(checks, installed, world):
    built = {}
    for name, build in (("pkg-config", by_pkg_config), ("CMake", by_cmake), ("static", statically)):
        out = world.path("example-" + name)
        done = build(installed, out)
        if checks.same("the example is built: %s" % name, (done.returncode, done.stderr if done.returncode else ""), (0, "")):
            built[name] = out
    needed = {name: "libtandem" in run("readelf", "-d", path).stdout for name, path in built.items()}
    checks.same("all but the static one load the library", needed, {"pkg-config": True, "CMake": True, "static": False})
    checks.that("a later version than this one is not found", by_cmake(installed, world.path("later"), "0.2").returncode != 0)
    return built


def check_run(checks, installed, world, built):
    node = world.node("north", "R0A").start()
    node.bring("unit_id,kind,programme,title,start_date,hours,partners", "U1,programme,Coaching,One,2017-05-10,6,RXA")
    log = world.path("log.jsonl.zst")
    node.call("export", "--output", log)
    events = len(node.events())
    for name, program in built.items():
        done = run(program, node.home, "by-" + name, log, env=installed.environment)
        checks.same("%s: the example runs" % name, (done.returncode, done.stderr), (0, ""))
        said = dict(re.findall(r"^([a-z]+): (.*)", done.stdout, re.M))
        event = json.loads(said.get("event", "{}"))
        fact = json.loads(said.get("recorded", '{"data":[{}]}'))["data"][0]
        checks.same("%s: it sees its own event" % name, (event.get("fact"), event.get("subject")),
                    (fact.get("fact"), "unit/R0A/by-" + name))
        level = json.loads(said.get("level", '{"data":[]}'))["data"]
        checks.same("%s: and the level" % name, level, node.ask("level", "--fy", "2017/18"))
        checks.same("%s: it reads and proves the log" % name, (said.get("log"), json.loads(said["verified"])["faults"]),
                    ("%d events" % events, 0))
    program = built["pkg-config"]
    done = run(program, node.home, "store", node.home, env=installed.environment)
    checks.same("a store is read beside its daemon", (done.returncode, "log: %d events" % len(node.events()) in done.stdout), (0, True))
    with open(log, "r+b") as file:
        file.truncate(os.path.getsize(log) - 9)
    done = run(program, node.home, "cut", log, env=installed.environment)
    checks.says("a damaged log is told", done.stderr, "compressed log")
    checks.same("with a status", done.returncode, 1)
    done = run(program, node.home, "", env=installed.environment)
    checks.same("what the daemon refuses is a no", done.returncode, 1)
    node.stop()
    done = run(program, node.home, "late", env=installed.environment)
    checks.same("no daemon: status 5", done.returncode, 5)


# ---- controls: the same looks find it when a promise is broken

def check_broken(checks, installed, world):
    """A library whose map lost a name."""
    lost = "tdm_follow_next"
    lines = text_of(SOURCE + "/lib/libtandem.map").splitlines(True)
    reduced = world.path("reduced.map")
    with open(reduced, "w", encoding="utf-8") as file:
        file.write("".join(line for line in lines if line.strip() != lost + ";"))
    broken = Installed(world.path("broken"))
    library = os.path.realpath(broken.lib + "/libtandem.so")
    libs = [word for word in broken.pkg_config("--static", "--libs-only-l", "tandem") if word != "-ltandem"]
    done = run(CC, *FLAGS, "-shared", "-g", "-o", library, "-Wl,--version-script=" + reduced, "-Wl,-soname,libtandem.so.0",
               "-Wl,--whole-archive", broken.lib + "/libtandem.a", "-Wl,--no-whole-archive", *libs)
    checks.same("control: a library without a promised name is made", done.returncode, 0)
    checks.same("control: its names are not those declared",
                set(declared(broken, world)) - set(shown(library, "-D")), {lost})
    done = by_pkg_config(broken, world.path("unlinked"))
    checks.that("control: the example can not be linked to it", done.returncode != 0 and lost in done.stderr, done.stderr[-300:])
    done = run(world.path("example-pkg-config"), world.path("north"), "x", env=dict(broken.environment, LD_BIND_NOW="1"))
    checks.that("control: nor run with it", lost in done.stderr, done.stderr[-300:])
    return library


def check_abi(checks, installed, world, broken):
    baseline = SOURCE + "/lib/libtandem.abi"
    if FLAGS:
        print("skipped: the ABI is compared where no sanitizer is in the library")
        return
    if shutil.which("abidiff") is None:
        print("skipped: abidiff (abigail-tools) is not installed")
        return
    words = ["abidiff", "--no-added-syms"]
    library = os.path.realpath(installed.lib + "/libtandem.so")
    done = run(*words, baseline, library)
    checks.that("the ABI is the kept one, or has more", done.returncode == 0, done.stdout + done.stderr)
    checks.that("control: a lost name is a difference", run(*words, baseline, broken).returncode != 0)
    other = world.path("other.abi")
    with open(other, "w", encoding="utf-8") as file:
        file.write(text_of(baseline).replace("name='TDM_DIFFERS' value='1'", "name='TDM_DIFFERS' value='99'"))
    checks.that("control: and so is another number of a code", run(*words, other, library).returncode != 0)


def main():
    checks = Checks()
    with World() as world:
        installed = Installed(world.path("prefix"))
        check_files(checks, installed, world)
        check_headers(checks, installed)
        check_names(checks, installed, world)
        built = check_built(checks, installed, world)
        if len(built) == 3:
            check_run(checks, installed, world, built)
            check_abi(checks, installed, world, check_broken(checks, installed, world))
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
