#!/usr/bin/env python3
"""House rules that a compiler does not know. Each message says what to do instead."""

import re
import shutil
import subprocess

from report import ROOT, Report, sources, text_of

LONGEST_FILE = 1000

# What must not be written, where it may be all the same, and what to do instead.
BANNED = [
    (r"system_clock::now|\bgettimeofday\s*\(|\btime\s*\(\s*(nullptr|NULL|0)\s*\)|\bCLOCK_REALTIME\b",
     ("src/base/clock.cpp",), "take a base::Clock in the constructor"),
    (r"this_thread::sleep_|\bu?sleep\s*\(\s*\d|\bnanosleep\s*\(",
     (), "await base::sleep_for, or wait for the event itself"),
    (r"(?<![\w:.>])s?rand\s*\(|\brandom_device\b|\bmt19937|\bgetrandom\s*\(",
     ("src/base/random.cpp",), "take a base::Random in the constructor"),
    (r"\b(secure_)?getenv\s*\(",
     ("src/server/", "src/cli/"), "take the value in the constructor; server/ and cli/ read the environment"),
    (r"#\s*include\s*<(boost/beast|curl/)",
     ("src/net/",), "use net/server.h or net/client.h: Beast and libcurl are seen in net/ alone"),
    (r"#\s*include\s*<libpq",
     ("src/store/postgres/",), "use store/postgres/connection.h: libpq is seen there alone"),
]

# Written apart so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|\bfor " + r"now\b")
CODE = ("src/*.h", "src/*.cpp", "tests/*.cpp", "tests/*.h", "examples/*.cpp", "examples/*.h")
HAND_WRITTEN = CODE + ("tests/*.py", "tests/*.sh", "ui/src/*", "ui/e2e/*", "cmake/*", "CMakeLists.txt", "dev",
                       "docs/*.md", "README.md", "CONTRIBUTING.md", "src/*.md")
STAGE_FILES = ("schema.json", "README.md")
BUILTINS = "src/server/builtins.cpp"


def without_comments(text):
    """The same lines, with the comments blanked."""
    blank = lambda found: re.sub(r"[^\n]", " ", found.group(0))
    return re.sub(r"//[^\n]*|/\*.*?\*/", blank, text, flags=re.S)


def banned_in(name, text):
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        for pattern, allowed, instead in BANNED:
            found = re.search(pattern, line)
            if found and not name.startswith(allowed):
                yield f"{name}:{number}: `{found.group(0).strip()}` is not for here: {instead}"


def banned_calls():
    for name in sources("src/*.h", "src/*.cpp"):
        yield from banned_in(name, text_of(name))


def long_files():
    for name in sources(*HAND_WRITTEN):
        lines = text_of(name).count("\n")
        if lines > LONGEST_FILE:
            yield f"{name}: {lines} lines; split it by what its parts are about (at most {LONGEST_FILE})"


def unfinished():
    for name in sources(*HAND_WRITTEN):
        for number, line in enumerate(text_of(name).splitlines(), 1):
            found = UNFINISHED.search(line)
            if found:
                yield f"{name}:{number}: `{found.group(0)}`: do it, or open an issue and remove the note"


def incomplete_stages():
    folders = sorted({name.split("/")[2] for name in sources("src/stages/*/*")})
    builtins = text_of(BUILTINS) if (ROOT / BUILTINS).is_file() else ""
    for folder in folders:
        if not (ROOT / "src/stages" / folder / f"{folder}.h").is_file():
            continue  # no door of that name: what several stages share
        for file in STAGE_FILES:
            if not (ROOT / "src/stages" / folder / file).is_file():
                yield f"src/stages/{folder}/{file} is missing: see docs/architecture.md, a stage folder"
        if not re.search(rf"\badd_{folder}\b", builtins):
            yield f"{BUILTINS}: add a line add_{folder}(...), or remove src/stages/{folder}/"


def dead_headers():
    used = set()
    for name in sources("*.h", "*.cpp", "cmake/*"):
        used.update(re.findall(r'[\w./-]+\.h\b', text_of(name)))
    ends = {path.split("src/")[-1] for path in used}
    for name in sources("src/*.h"):
        if name.removeprefix("src/") not in ends:
            yield f"{name}: nothing includes it: remove it"


def badly_formatted():
    formatter = shutil.which("clang-format")
    if not formatter:
        yield "clang-format is missing: run ./dev setup"
        return
    files = sources(*CODE)
    if not files:
        return
    done = subprocess.run([formatter, "--dry-run", "--Werror", *files], cwd=ROOT, capture_output=True, text=True)
    wrong = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", done.stderr, re.M)))
    if done.returncode != 0:
        yield from (f"{name}: run ./dev fmt" for name in wrong or [done.stderr.strip()])


def rules_that_must_hold():
    """The checker's own test: one line that it must find, and one that it must not."""
    cases = [
        ("src/store/a.cpp", "auto t = std::chrono::system_clock::now();", True),
        ("src/base/clock.cpp", "auto t = std::chrono::system_clock::now();", False),
        ("src/store/a.cpp", "// never system_clock::now()", False),
        ("src/store/a.cpp", "std::this_thread::sleep_for(1s);", True),
        ("src/store/a.cpp", "co_await base::sleep_for(limit);", False),
        ("src/store/a.cpp", "int x = rand();", True),
        ("src/store/a.cpp", "operand(); seed.rand();", False),
        ("src/store/a.cpp", 'std::getenv("HOME")', True),
        ("src/cli/a.cpp", 'std::getenv("HOME")', False),
        ("src/api/a.cpp", "#include <boost/beast/http.hpp>", True),
        ("src/net/a.cpp", "#include <curl/curl.h>", False),
    ]
    for name, line, expected in cases:
        if bool(list(banned_in(name, line))) != expected:
            yield f"{name}: `{line}` {'must' if expected else 'must not'} be found"


if __name__ == "__main__":
    report = Report()
    report.check("house knows its rules", rules_that_must_hold())
    report.check("house: nothing banned is called", banned_calls())
    report.check(f"house: no file over {LONGEST_FILE} lines", long_files())
    report.check("house: nothing is left unfinished", unfinished())
    report.check("house: stages are complete", incomplete_stages())
    report.check("house: no header without a user", dead_headers())
    report.check("house: the code is formatted", badly_formatted())
    report.finish()
