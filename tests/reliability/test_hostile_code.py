"""X13: nothing stored or sent is run: no pickle, no eval, no shell in our code, and stored data is only data."""

from __future__ import annotations

import ast
import hashlib
import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fs_integration.errors import StagingDamaged
from fs_integration.pipeline.transform import TransformResult
from fs_integration.records import BatchRef, Scope
from fs_integration.staging import StagingArea

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(file for folder in ("dags", "plugins", "include") for file in (ROOT / folder).rglob("*.py"))
RUNS_CODE = {  # modules that build objects, or run programs, from what they read
    "pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "jsonpickle", "code",
    "codeop", "pty", "commands", "lxml", "xmlrpc", "xml.dom", "xml.sax.expatreader", "xml.sax.make_parser",
    "sqlalchemy.PickleType",
}  # fmt: skip
CALLS = {"eval", "exec", "compile", "__import__", "execfile", "breakpoint"}
METHODS = {
    "os.system", "os.popen", "os.execv", "os.execve", "os.spawnl", "os.spawnv", "subprocess.getoutput",
    "subprocess.getstatusoutput", "asyncio.create_subprocess_shell", "yaml.load", "yaml.load_all", "yaml.full_load",
    "yaml.unsafe_load", "yaml.Loader", "yaml.CLoader", "yaml.FullLoader", "yaml.UnsafeLoader", "pd.read_pickle",
    "numpy.load", "np.load", "types.FunctionType", "types.CodeType", "string.Formatter",
}  # fmt: skip
XML = ("xml.etree", "xml.parsers", "defusedxml")
READS_XML = {"plugins/fs_integration/clients/xml_reader.py", "include/sandbox/finops/packages/intake.py"}
GOOD = "import json\nimport re\nre.compile('a')\njson.loads('{}')\nsubprocess.run(['ls'])\nyaml.safe_load('a: 1')\n"
BAD = (
    "import pickle", "from pickle import loads", "import os\nos.system('id')", "eval('1')", "exec('1')",
    "__import__('os')", "yaml.load('a', Loader=yaml.Loader)", "subprocess.run('id', shell=True)",
    "subprocess.Popen('id', shell=flag)", "from yaml import unsafe_load", "from os import system",
    "compile('1', '', 'eval')",
    "pd.read_pickle('x')", "np.load('x', allow_pickle=True)", "frame.to_pickle('x')", "Column(PickleType)",
    "from sqlalchemy import PickleType", "getattr(os, 'system')", "import builtins\nbuiltins.eval('1')",
)  # fmt: skip


def findings(text: str) -> Iterator[str]:
    """Yield what in a module's text could run what it reads."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if _runs_code(each.name))
        elif isinstance(node, ast.ImportFrom):
            whole = [f"{node.module}.{each.name}" for each in node.names]
            yield from (name for name in [str(node.module), *whole] if _runs_code(name) or name in METHODS)
        elif isinstance(node, ast.Attribute):
            yield from (name for name in [ast.unparse(node)] if name in METHODS or node.attr.endswith("_pickle"))
            if isinstance(node.value, ast.Name) and node.value.id == "builtins" and node.attr in CALLS:
                yield node.attr
        elif isinstance(node, ast.Name) and node.id in {*CALLS, "PickleType"}:
            yield node.id
        elif isinstance(node, ast.Call):
            yield from _called(node)


def _runs_code(name: str) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in RUNS_CODE)


def _called(node: ast.Call) -> Iterator[str]:
    for given in node.keywords:
        if given.arg in ("shell", "allow_pickle") and not (
            isinstance(given.value, ast.Constant) and not given.value.value
        ):
            yield given.arg
    if ast.unparse(node.func) == "getattr" and ast.unparse(node.args[0]) in ("os", "subprocess", "builtins", "yaml"):
        named = node.args[1]
        if not (isinstance(named, ast.Constant) and named.value == "CSafeLoader"):
            yield ast.unparse(node)


@pytest.mark.fault("X13")
def test_no_module_of_ours_runs_what_it_reads(outcome):
    assert len(FILES) > 200
    found = {str(file.relative_to(ROOT)): list(findings(file.read_text(encoding="utf-8"))) for file in FILES}
    assert {name: found for name, found in found.items() if found} == {}
    outcome("OK")


@pytest.mark.fault("X13")
def test_xml_has_one_reader_on_each_side(outcome):
    """X7 is proved for that one reader of ours; a second would be outside of it."""
    reading = {
        str(file.relative_to(ROOT))
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom) and any(name.startswith(XML) for name in _imported(node))
    }
    assert reading == READS_XML
    outcome("OK")


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    names = [each.name for each in node.names]
    return names if isinstance(node, ast.Import) else [str(node.module), *(f"{node.module}.{name}" for name in names)]


def test_the_check_itself_finds_each_way_and_nothing_else():
    assert list(findings(GOOD)) == []
    assert [text for text in BAD if not list(findings(text))] == []


class Trap:
    """Unpickled, it leaves a file behind."""

    def __init__(self, sprung: Path) -> None:
        self.sprung = sprung

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.sprung,)


@pytest.fixture
def trap(tmp_path: Path) -> tuple[bytes, Path]:
    """A pickle, and the file that is there once somebody has unpickled it."""
    sprung = tmp_path / "sprung"
    content = pickle.dumps(Trap(sprung))
    pickle.loads(content)
    assert sprung.exists()
    sprung.unlink()
    return content, sprung


@pytest.mark.fault("X13")
def test_a_pickle_in_a_staged_table_is_never_opened(tmp_path, trap, outcome):
    """Arrow once built types and tables from pickles that a file carried."""
    content, sprung = trap
    kinds = {b"ARROW:extension:name": b"arrow.py_extension_type", b"ARROW:extension:metadata": content}
    about = {b"pandas": b'{"columns": [], "index_columns": []}', b"pickle": content}
    schema = pa.schema([pa.field("Name", pa.binary(), metadata=kinds)], metadata=about)
    staging, ref = staged(tmp_path, pa.table([[content]], schema=schema))
    assert staging.read(ref)["Name"].tolist() == [content]
    assert not sprung.exists()
    outcome("OK")


@pytest.mark.fault("X13")
@pytest.mark.parametrize("file", ["manifest.json", "rows.parquet"])
def test_a_pickle_in_place_of_a_staged_file_is_refused(file, tmp_path, trap, outcome):
    content, sprung = trap
    staging, ref = staged(tmp_path, pa.table({"Name": ["a"]}))
    (tmp_path / Path(ref.uri).parent / file).write_bytes(content)
    with pytest.raises(StagingDamaged, match="Clear the extract task"):
        staging.read(ref)
    assert not sprung.exists()
    outcome("STOP")


def staged(root: Path, table: pa.Table) -> tuple[StagingArea, BatchRef]:
    """Stage a table as somebody does who can write to the store: with a manifest that fits."""
    staging = StagingArea(root)
    scope, sink = Scope("m", "t", "usmf"), pa.BufferOutputStream()
    ref = staging.write_batch(scope, "run1", "01_raw", 0, table.to_pandas())
    pq.write_table(table, sink, store_schema=True)
    content = sink.getvalue().to_pybytes()
    digest = hashlib.sha256(content).hexdigest()
    manifest = {"file": "rows.parquet", "rows": table.num_rows, "size": len(content), "sha256": digest}
    folder = root / Path(ref.uri).parent
    (folder / "rows.parquet").write_bytes(content)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return staging, BatchRef(**{**ref.to_dict(), "checksum": digest})


REFERENCE = BatchRef(
    "m", "t", "usmf", "run1", "01_raw", 0, "m/t/usmf/run1/01_raw/00000/rows.parquet", 1, "00"
).to_dict()


@pytest.mark.fault("X13")
@pytest.mark.parametrize(
    "stored",
    [
        None, "text", b"\x80\x04.", [REFERENCE], {}, {**REFERENCE, "rows": "1"}, {**REFERENCE, "rows": True},
        {**REFERENCE, "number": 1.0}, {**REFERENCE, "mapping": ["m"]}, {**REFERENCE, "uri": None},
        {**REFERENCE, "__class__": "os.system"}, {name: part for name, part in REFERENCE.items() if name != "checksum"},
    ],
)  # fmt: skip
def test_what_xcom_holds_in_place_of_a_reference_is_refused(stored, outcome):
    for read in (BatchRef.from_dict, lambda value: TransformResult.from_dict({"raw": value, "shaped": REFERENCE})):
        with pytest.raises(StagingDamaged, match=r"reference to a staged batch was expected.*Clear the extract task"):
            read(stored)
    assert BatchRef.from_dict(dict(REFERENCE)).rows == 1
    outcome("STOP")
