"""What the repository as a whole promises: links lead somewhere, versions are pinned, no machine's places are named."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"```.*?```", re.DOTALL)
HOMES = re.compile(r"(?<![\w.])/(?:(?:home|Users)/\w+|root)/")
ASTRO = "/usr/local/airflow"  # Astro's own folder, the same on every deployment
TEXT = (".py", ".md", ".yaml", ".yml", ".toml", ".txt", ".lock", ".json", ".html", ".css", ".env", ".ini", "")


def tracked(*suffixes: str) -> list[Path]:
    """The files Git keeps, or would keep, with one of these endings."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    files = [ROOT / line for line in listed.stdout.splitlines()]
    return [file for file in files if file.is_file() and (not suffixes or file.suffix in suffixes)]


def anchors(page: Path) -> set[str]:
    """The addresses of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ +(.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {address(heading) for heading in headings}


def address(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def pins(name: str) -> dict[str, str]:
    """Package -> requirement line of a lock file."""
    lines = [line.split(";")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(Requirement(line).name): line for line in lines}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page):
    broken = []
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def test_every_page_is_reachable_from_the_readme():
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or not page.is_file():
            continue
        seen.add(page)
        links = (target.partition("#")[0] for target in LINK.findall(page.read_text(encoding="utf-8")))
        waiting += [(page.parent / target).resolve() for target in links if target.endswith(".md")]
    orphans = {page.relative_to(ROOT).as_posix() for page in ROOT.glob("docs/**/*.md")} - {
        page.relative_to(ROOT).as_posix() for page in seen
    }
    assert orphans == set()


def test_pages_of_the_docs_that_code_cites_exist():
    cited = {
        (file.relative_to(ROOT).as_posix(), page)
        for file in tracked(".py", ".yaml", ".toml")
        for page in re.findall(r"\bdocs/[\w/-]+\.md\b", file.read_text(encoding="utf-8"))
    }
    assert cited
    assert sorted(entry for entry in cited if not (ROOT / entry[1]).is_file()) == []


def test_sections_of_the_docs_that_code_cites_exist():
    cited = {
        (file.relative_to(ROOT).as_posix(), page, section)
        for file in tracked(".py")
        for page, section in re.findall(r'(docs/[\w/-]+\.md), "([^"]+)"', file.read_text(encoding="utf-8"))
        if (ROOT / page).is_file()
    }
    assert cited
    assert sorted(entry for entry in cited if address(entry[2]) not in anchors(ROOT / entry[1])) == []


def test_nothing_names_a_place_on_somebodys_machine():
    found = []
    for file in tracked(*TEXT):
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            line = line.replace(ASTRO, "")
            if HOMES.search(line) or str(ROOT) in line:
                found.append(f"{file.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert found == []


@pytest.mark.parametrize(
    ("direct", "locks"),
    [
        ("requirements.txt", ["requirements.lock"]),
        ("requirements-dev.txt", ["requirements.lock", "requirements-dev.lock"]),
    ],
)
def test_every_direct_dependency_is_in_the_lock_within_its_range(direct, locks):
    locked = {name: line for lock in locks for name, line in pins(lock).items()}
    lines = (line.split("#")[0].strip() for line in (ROOT / direct).read_text(encoding="utf-8").splitlines())
    for wanted in (Requirement(line) for line in lines if line):
        name = canonicalize_name(wanted.name)
        assert name in locked, f"{name} is missing in {locks}: run `make lock`"
        version = next(iter(Requirement(locked[name]).specifier)).version
        assert wanted.specifier.contains(version), f"{name} {version} is outside {wanted.specifier}"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_names_exact_versions_and_no_places(lock):
    loose = [line for line in pins(lock).values() if not re.fullmatch(r"[\w.\-]+(\[[\w,\-]+\])?==[\w.!+]+", line)]
    assert loose == []
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text


def test_settings_for_the_sandbox_hold_what_the_package_asks_airflow_for():
    settings = yaml.safe_load((ROOT / "airflow_settings.yaml").read_text(encoding="utf-8"))["airflow"]
    assert {entry["conn_id"] for entry in settings["connections"]} == {
        "finance_operations_default", "dataverse_default", "fs_integration_ledger",
    }  # fmt: skip
    assert {entry["pool_name"] for entry in settings["pools"]} == {
        "finance_operations_api", "finance_operations_packages", "dataverse_api",
    }  # fmt: skip
    assert {entry["variable_name"] for entry in settings["variables"]} == {
        "fs_integration_staging_root", "fs_integration_data_docs_root",
    }  # fmt: skip


def test_modules_stay_readable_in_one_sitting():
    long = {
        file.relative_to(ROOT).as_posix(): lines
        for file in tracked(".py")
        if file.is_relative_to(ROOT / "plugins") and (lines := len(file.read_text(encoding="utf-8").splitlines())) > 350
    }
    assert long == {}


def test_no_module_hides_a_module_of_the_standard_library():
    import sys

    names = {file.stem for file in (ROOT / "plugins").rglob("*.py")} - {"__init__", "__main__"}
    assert names & sys.stdlib_module_names == set()


def test_the_package_ships_its_pages():
    import tomllib

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shipped = settings["tool"]["setuptools"]["package-data"]["fs_integration"]
    package = ROOT / "plugins" / "fs_integration"
    files = {file for pattern in shipped for file in package.glob(pattern)}
    assert {file for file in package.rglob("*") if file.suffix in {".html", ".css", ".mako"}} <= files
