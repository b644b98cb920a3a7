"""scripts/analyze can fail: each of its tools finds the fault that is there for it, and nothing where there is none."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FAULTS = """
#include <stdlib.h>
#include <string.h>

static int leaks(int way)
{
    char *text = malloc(8);

    if (!text || way > 7)
        return -1;
    text[0] = (char)way;
    way = text[0];
    free(text);
    return way;
}

int _Taken(int a);
int _Taken(int a)
{
    return a;
}

int follows_nothing(const int *at);
int follows_nothing(const int *at)
{
    if (!at)
        return *at;
    return 1;
}

static int takes_too_many(int a, int b, int c, int d, int e, int f)
{
    return a + b + c + d + e + f;
}

int main(int count, char **words)
{
    return leaks(count) + takes_too_many(1, 2, 3, 4, 5, atoi(words[0]));
}
"""
SOUND = """
int main(int count, char **words)
{
    return words[0] ? count : 1;
}
"""


def analyze(file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "scripts/analyze", file], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)


def test_each_tool_finds_its_fault(tmp_path: Path) -> None:
    file = tmp_path / "faults.c"
    file.write_text(FAULTS)
    found = analyze(file)
    said = {part.partition("\n")[0]: part for part in found.stdout.split("==> ")}
    assert found.returncode == 1
    assert "[-Werror=analyzer-malloc-leak]" in said["gcc"], found.stdout
    assert "clang-analyzer-core.NullDereference" in said["clang-tidy"]
    assert "readability-function-size" in said["clang-tidy"]
    assert "clang-diagnostic-reserved-identifier" in said["clang-tidy"]
    assert "[atoiCalled]" in said["cppcheck"]
    assert "[nullPointerRedundantCheck]" in said["cppcheck"]
    file.write_text(SOUND)
    found = analyze(file)
    assert found.returncode == 0, found.stdout
