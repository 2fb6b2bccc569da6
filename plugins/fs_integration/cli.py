"""The commands of ``python -m fs_integration``: the words they take, and how failures reach who typed them.

Exit codes: 0 fine; 1 the command found something wrong; 2 it could not do its work.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from fs_integration.errors import FsIntegrationError
from fs_integration.records import Selection

FAILED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. :param arguments: without the program's name; by default those of the process."""
    given = parser().parse_args(arguments)
    console = Console(markup=False)  # what it shows comes from files, rows and services, and is no markup
    try:
        return int(given.run(given, console))
    except FsIntegrationError as exc:
        console.print(str(exc), style="red", soft_wrap=True)
        return FAILED


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands. Commands are imported when they run: some need Airflow, some pandas."""
    top = argparse.ArgumentParser(prog="fs-integration", description="Look after the mappings and the ledger.")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _mapping_commands(commands)
    _version_commands(commands)
    _ledger_commands(commands)
    return top


def _mapping_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    lint = commands.add_parser("lint", help="compare mappings with what both services say about their tables")
    lint.add_argument("files", nargs="*", type=Path, help="mapping files; all when none is given")
    lint.add_argument("--online", action="store_true", help="ask the services, by the Airflow connections")
    lint.add_argument("--connection-set", default="default", help="for --online (default: %(default)s)")
    lint.set_defaults(run=_lint)
    explain = commands.add_parser("explain", help="describe a mapping for a consultant to check and sign")
    explain.add_argument("mapping")
    explain.add_argument("--markdown", action="store_true", help="as Markdown, to keep or to mail")
    explain.set_defaults(run=_explain)
    schema = commands.add_parser("schema", help="write the JSON schemas that editors complete mapping files with")
    schema.add_argument("--check", action="store_true", help="only tell whether they are up to date")
    schema.set_defaults(run=_schema)
    metadata = commands.add_parser("metadata", help="ask the services about the tables of all mappings and save it")
    metadata.add_argument("--connection-set", default="default", help="(default: %(default)s)")
    metadata.set_defaults(run=_metadata)


def _version_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    report = commands.add_parser("upgrade-report", help="what a new standard version means for files that extend it")
    report.add_argument("mapping", nargs="?", help="name of a custom mapping; all that extend one when not given")
    report.set_defaults(run=_report_upgrades)
    release = commands.add_parser("release", help="keep the standard mappings' present versions for later reports")
    release.set_defaults(run=_release)


def _ledger_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--connection", default="fs_integration_ledger", help="Airflow connection of the ledger")
    ledger = commands.add_parser("ledger", help="the books, watermarks and fingerprints")
    actions = ledger.add_subparsers(required=True, metavar="ACTION")
    actions.add_parser("upgrade", parents=[common], help="create or upgrade the tables").set_defaults(run=_upgrade)
    runs = actions.add_parser("runs", parents=[common], help="show the newest runs")
    runs.add_argument("--newest", type=int, default=20, metavar="N", help="(default: %(default)s)")
    runs.set_defaults(run=_runs)
    forget = actions.add_parser("forget", parents=[common], help="send every row again in the next run")
    forget.add_argument("area", help="name of the mapping")
    forget.add_argument("--task", help="task of the mapping; all when not given")
    forget.add_argument("--company", help="legal entity; all when not given")
    forget.set_defaults(run=_forget)
    pinned = actions.add_parser("environments", parents=[common], help="show the environments the entries are about")
    pinned.set_defaults(run=_environments)
    unpin = actions.add_parser("unpin", parents=[common], help="take the environments of the next run as those meant")
    unpin.add_argument("area", nargs="?", help="name of the mapping; all when not given")
    unpin.set_defaults(run=_unpin)
    actions.add_parser("pauses", parents=[common], help="show areas whose services fail").set_defaults(run=_pauses)
    resume = actions.add_parser("resume", parents=[common], help="end the pause of an area")
    resume.add_argument("area", help="name of the mapping")
    resume.add_argument("--connection-set", help="all when not given")
    resume.set_defaults(run=_resume)
    quarantine = commands.add_parser("quarantine", help="rows that are held back")
    actions = quarantine.add_subparsers(required=True, metavar="ACTION")
    shown = actions.add_parser("list", parents=[common], help="show the open lines")
    shown.add_argument("area", nargs="?", help="name of the mapping; all when not given")
    shown.add_argument("--all", action="store_true", dest="closed", help="also those that are closed")
    shown.add_argument("--csv", type=Path, metavar="FILE", help="write them to a file for a spreadsheet instead")
    shown.set_defaults(run=_list)
    _replay_command(actions.add_parser("replay", parents=[common], help="offer rows that are held back again"))
    discard = actions.add_parser("discard", parents=[common], help="close lines by hand")
    discard.add_argument("ids", nargs="+", type=int, help="numbers from `quarantine list`")
    discard.add_argument("--by", required=True, metavar="NAME", help="who closes them")
    discard.add_argument("--note", required=True, help="why")
    discard.set_defaults(run=_discard)


def _replay_command(replay: argparse.ArgumentParser) -> None:
    replay.add_argument("area", help="name of the mapping")
    replay.add_argument("--rule", default="", help="all that are held back by this rule")
    replay.add_argument("--key", default="", help="one row, its key as `quarantine list` shows it")
    replay.add_argument("--run", default="", dest="run_id", help="those that the run of this id reported last")
    replay.add_argument("--task", default="", help="those of this task of the mapping")
    replay.add_argument("--company", default="", help="those of this legal entity")
    replay.add_argument("--dry-run", action="store_true", help="only show them, and a mark for `--seen`")
    replay.add_argument("--seen", default="", metavar="MARK", help="refuse when they are not what had this mark")
    replay.set_defaults(run=_replay)


def _lint(given: argparse.Namespace, console: Console) -> int:
    from fs_integration.commands.mappings import lint

    return lint(console, files=given.files, online=given.online, connection_set=given.connection_set)


def _explain(given: argparse.Namespace, console: Console) -> int:
    from fs_integration.commands.mappings import explain

    return explain(console, given.mapping, markdown=given.markdown)


def _schema(given: argparse.Namespace, console: Console) -> int:
    from fs_integration.commands.mappings import schema

    return schema(console, check=given.check)


def _metadata(given: argparse.Namespace, console: Console) -> int:
    from fs_integration.commands.mappings import metadata

    return metadata(console, connection_set=given.connection_set)


def _report_upgrades(given: argparse.Namespace, console: Console) -> int:
    from fs_integration.commands.upgrade import report_upgrades

    return report_upgrades(console, given.mapping)


def _release(_given: argparse.Namespace, console: Console) -> int:
    from fs_integration.commands.upgrade import keep_release

    return keep_release(console)


def _upgrade(given: argparse.Namespace, console: Console) -> int:
    from fs_integration.commands.books import upgrade

    return upgrade(console, given.connection)


def _runs(given: argparse.Namespace, console: Console) -> int:
    from fs_integration.commands.books import show_runs

    return show_runs(console, given.connection, newest=given.newest)


def _forget(given: argparse.Namespace, console: Console) -> int:
    from fs_integration.commands.books import forget

    return forget(console, given.connection, area=given.area, task=given.task, company=given.company)


def _environments(given: argparse.Namespace, console: Console) -> int:
    from fs_integration.commands.guards import show_environments

    return show_environments(console, given.connection)


def _unpin(given: argparse.Namespace, console: Console) -> int:
    from fs_integration.commands.guards import unpin

    return unpin(console, given.connection, area=given.area)


def _pauses(given: argparse.Namespace, console: Console) -> int:
    from fs_integration.commands.guards import show_pauses

    return show_pauses(console, given.connection)


def _resume(given: argparse.Namespace, console: Console) -> int:
    from fs_integration.commands.guards import resume

    return resume(console, given.connection, area=given.area, connection_set=given.connection_set)


def _list(given: argparse.Namespace, console: Console) -> int:
    from fs_integration.commands.quarantine import show

    return show(console, given.connection, area=given.area, closed=given.closed, csv_file=given.csv)


def _replay(given: argparse.Namespace, console: Console) -> int:
    from fs_integration.commands.quarantine import replay

    wanted = Selection(rule=given.rule, key=given.key, run=given.run_id, task=given.task, company=given.company)
    return replay(console, given.connection, area=given.area, wanted=wanted, seen=given.seen, dry_run=given.dry_run)


def _discard(given: argparse.Namespace, console: Console) -> int:
    from fs_integration.commands.quarantine import discard

    return discard(console, given.connection, ids=given.ids, by=given.by, note=given.note)
