"""Too little memory, threads, stack or room for files: one line says so, the exit code is of the table, and nothing is half done.

An allocation of the whole process, libraries and C library with it, is refused by a library that is loaded before them, at a
seeded sample of places; limits are those of the kernel.  Not under the sanitizers, whose allocator and address space are their own."""

import json
import os
import random
import re
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import set_clock
from close_world import FOLDER, MORE, Books
from rollup_world import BINARY, World
from sandbox.control import Sandbox

ROOT = Path(__file__).resolve().parents[3]
FAILED, MONTH, SEED = 1, "2025-10", 11
MIB = 1 << 20
RECEIPTS = """      seller: {{name: API, address: [1 Street], country: KR, tax_id: "1", series: INV-}}
      receipts: requests
"""
CODES = set(map(int, re.findall(r"^\| `?(\d+)`? \|", (ROOT / "docs/cli.md").read_text(), re.MULTILINE)))

# Refuses the REFUSE_AT-th of REFUSE=memory|threads, or counts them into REFUSE_COUNT.
REFUSE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static atomic_long seen;
static long at = -1;
static int memory, threads, count = -1;
__attribute__((constructor)) static void begin(void)
{
    memory = !strcmp(getenv("REFUSE"), "memory");
    threads = !memory;
    at = atol(getenv("REFUSE_AT"));
    if (!at)
        count = open(getenv("REFUSE_COUNT"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}
__attribute__((destructor)) static void end(void)
{
    if (count >= 0)
        dprintf(count, "%ld\n", (long)seen);
}
static int refused(int counts)
{
    if (!counts || atomic_fetch_add(&seen, 1) + 1 != at)
        return 0;
    errno = ENOMEM;
    return 1;
}
#define LATER(name) __typeof__(name) *later = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
void *__libc_malloc(size_t size) { LATER(malloc); return refused(memory) ? NULL : later(size); }
void *__libc_calloc(size_t n, size_t size) { LATER(calloc); return refused(memory) ? NULL : later(n, size); }
void *__libc_realloc(void *old, size_t size) { LATER(realloc); return refused(memory) ? NULL : later(old, size); }
int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*go)(void *), void *arg)
{
    LATER(pthread_create);
    return refused(threads) ? EAGAIN : later(thread, how, go, arg);
}
"""


class Scarce:
    """A month that can be closed, and billingd with too little."""

    def __init__(self, world: World, folder: Path):
        self.folder, self.books = folder, Books(world)
        self.books.world.write(more=(MORE + RECEIPTS).format(key=self.books.key))
        self.books.generate(requests=60, customers=3, days=2)
        (folder / "refuse.c").write_text(REFUSE)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "refuse.so", folder / "refuse.c", "-ldl"], check=True)

    def run(self, *words: str, limit: tuple[int, int] | None = None, out: Any = subprocess.PIPE,
            **more: str) -> subprocess.CompletedProcess[str]:
        def prepare() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            if limit:
                resource.setrlimit(limit[0], (limit[1], limit[1]))
        return subprocess.run([BINARY, "-f", self.books.world.spec.path, *words], text=True, stdout=out, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, timeout=180, env={**self.books.world.environment(), **more}, preexec_fn=prepare)

    def refuse(self, what: str, at: int, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(*words, LD_PRELOAD=set_clock.preloaded(self.folder / "refuse.so"), REFUSE=what, REFUSE_AT=str(at),
                        REFUSE_COUNT=str(self.folder / "count"))

    def count(self, what: str, *words: str) -> int:
        assert self.refuse(what, 0, *words).returncode == 0
        return int((self.folder / "count").read_text())

    def sample(self, what: str, count: int, *words: str) -> Iterator[subprocess.CompletedProcess[str]]:
        chance = random.Random(f"{SEED} {words}")
        most = self.count(what, *words) * 3 // 4  # how many there are depends on what comes when
        for at in sorted(chance.sample(range(1, most), count)):
            yield self.refuse(what, at, *words)


@pytest.fixture
def scarce(sandbox: Sandbox, spec: Any, api: str, tmp_path: Path) -> Scarce:
    return Scarce(World(sandbox, spec), tmp_path)


def told(done: subprocess.CompletedProcess[str], why: str) -> None:
    assert done.returncode == FAILED and done.stderr.splitlines()[-1].startswith(f"billingd: {why}"), done


def test_what_is_refused(scarce: Scarce) -> None:
    """Memory, wherever it is: in our code, in a library of ours, or in one of theirs; and threads."""
    for words in (("check",), ("plan",), ("bill", "--month", MONTH, "-o", "json"), ("audit", "--month", MONTH), ("apply", "--yes")):
        for done in scarce.sample("memory", 4, *words):
            told(done, "out of memory")
    for at in (1, 4):
        told(scarce.refuse("threads", at, "plan"), "no threads: ")
    assert scarce.refuse("threads", 1, "check").returncode == 0  # it has none


def test_a_close_without_memory(scarce: Scarce) -> None:
    """What it signs is whole, or is not there."""
    words = ("close", MONTH, "--yes")
    chance = random.Random(SEED)
    for at in sorted(chance.sample(range(10000, 80000), 6)):
        done = scarce.refuse("memory", at, *words)
        if f"{FOLDER}{MONTH}/manifest.json" in scarce.books.keys():
            break
        told(done, "out of memory")
    assert scarce.run(*words).returncode in (0, 4)
    scarce.books.verify(MONTH)
    customer = json.loads(scarce.run("bill", "--month", MONTH, "-o", "json").stdout)["lines"][0]["customer"]
    receipt = ("receipt", "--customer", customer, "--month", MONTH, "--out", str(scarce.folder / "a.receipt"))
    most = scarce.count("memory", *receipt[:-1], str(scarce.folder / "whole")) * 9 // 10
    for at in chance.sample(range(most // 2, most), 3):
        told(scarce.refuse("memory", at, *receipt), "out of memory")
        assert not list(scarce.folder.glob("a.receipt*"))
    assert scarce.run(*receipt).returncode == 0 and [one.name for one in scarce.folder.glob("a.receipt*")] == ["a.receipt"]


LADDERS: dict[str, Callable[[], Iterator[tuple[int, int]]]] = {
    "address space": lambda: ((resource.RLIMIT_AS, mib * MIB) for mib in range(32, 104, 6)),
    "data": lambda: ((resource.RLIMIT_DATA, mib * MIB) for mib in range(2, 62, 5)),
    "stack": lambda: ((resource.RLIMIT_STACK, kib * 1024) for kib in (64, 256, 512, 1024, 4096)),
    "files": lambda: ((resource.RLIMIT_NOFILE, count) for count in (8, 16, 24, 40)),
}


def test_limits_of_the_kernel(scarce: Scarce) -> None:
    """From what is too little for all to what is enough: said on one line, or the same bill."""
    words = ("bill", "--month", MONTH, "-o", "json")
    want = json.loads(scarce.run(*words).stdout)["lines"]
    for name in LADDERS:
        climb(scarce, name, words, want)
    write_little(scarce)


def climb(scarce: Scarce, name: str, words: tuple[str, ...], want: Any) -> None:
    ends = set()
    for limit in LADDERS[name]():
        done = scarce.run(*words, limit=limit)
        if done.returncode == 127 and "shared librar" in done.stderr:
            continue  # the system's loader, which says so
        ends.add(done.returncode)
        assert done.returncode in (0, FAILED) and CODES > {0, FAILED}, (limit, done)
        if done.returncode:
            assert done.stderr.splitlines()[-1].startswith("billingd: "), (limit, done)
        else:
            assert json.loads(done.stdout)["lines"] == want, limit
    assert ends == {0, FAILED}, name


def write_little(scarce: Scarce) -> None:
    """A file that may not grow: it is a write that fails, not a signal."""
    tmp_path = scarce.folder
    with (tmp_path / "out").open("w") as out:
        done = scarce.run("bill", "--month", MONTH, "-o", "json", limit=(resource.RLIMIT_FSIZE, 100), out=out)
    told(done, "standard output: File too large")
    done = scarce.run("plan", "--out", str(tmp_path / "reviewed.plan"), limit=(resource.RLIMIT_FSIZE, 0))
    assert done.returncode == FAILED and "File too large" in done.stderr, done
    assert [name for name in os.listdir(tmp_path) if "reviewed.plan" in name] == []
