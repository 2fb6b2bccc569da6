"""The field rules: one target column each, step by step in the order that ``FieldRule`` documents."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from fs_integration.errors import MappingError
from fs_integration.frames import as_text
from fs_integration.records import Outcome
from fs_integration.spec.mapping import FieldRule, Lookup, MappingTask, Otherwise, Scalar
from fs_integration.spec.metadata import ColumnKind, EntityMetadata
from fs_integration.transform.book import OUTCOMES, Book
from fs_integration.transform.functions import FUNCTIONS
from fs_integration.transform.matching import References
from fs_integration.transform.values import TEXT, constant, constant_text, convert, folded, none_of, prefixed

log = logging.getLogger(__name__)

ValueMaps = Mapping[str, Mapping[str, Scalar]]

KIND_WORDS: dict[ColumnKind, str] = {
    ColumnKind.INTEGER: "a whole number",
    ColumnKind.OPTION: "the number of an option",
    ColumnKind.DECIMAL: "a number",
    ColumnKind.BOOLEAN: "yes or no",
    ColumnKind.DATE: "a date such as 2026-11-20",
    ColumnKind.DATETIME: "a moment with its time zone, such as 2026-11-20T08:00:00Z",
    ColumnKind.LOOKUP: "the id of a row",
    ColumnKind.ID: "the id of a row",
}


class FieldShaper:
    """Applies field rules one after another; ``columns`` holds the target columns shaped so far."""

    def __init__(
        self, book: Book, task: MappingTask, *, value_maps: ValueMaps, references: References, target: EntityMetadata,
        key_prefix: str = "",
    ) -> None:  # fmt: skip
        self.book, self.task, self.key_prefix = book, task, key_prefix
        self.value_maps, self.references, self.target = value_maps, references, target
        self.columns: dict[str, pa.Array] = {}

    def shape(self, rule: FieldRule) -> None:
        """Shape one target column."""
        cell = _Cells(self.book, rule, self._source(rule))
        if rule.company_prefix is not None:
            cell.values = prefixed(cell.values, rule.company_prefix, self.key_prefix)
        default = constant_text(rule.default)
        if default is not None:
            cell.values = pc.fill_null(as_text(cell.values), default)
        if rule.value_map is not None:
            self._map_values(cell, rule.value_map)
        if rule.lookup is not None:
            self._look_up(cell, rule.lookup)
        kind = rule.kind or self._target_kind(rule)
        cell.convert(kind)
        if kind is ColumnKind.DECIMAL and rule.round is not None:
            cell.values = pc.round(cell.values, rule.round, round_mode="half_to_even")
        cell.clamp()
        if kind is ColumnKind.TEXT:
            self._fit(cell)
        if rule.required or rule.to in self.task.target.key:
            cell.require()
        self.columns[rule.to] = cell.values

    def _source(self, rule: FieldRule) -> pa.Array:
        if rule.from_ is not None:
            return self.book.column(rule.from_)
        if rule.fn is None:
            return constant(rule.value, len(self.book))
        if rule.fn not in FUNCTIONS:
            raise MappingError(f"`{rule.to}` names the function `{rule.fn}`; the functions are {sorted(FUNCTIONS)}.")
        return FUNCTIONS[rule.fn](*[self.book.column(name) for name in rule.args])

    def _target_kind(self, rule: FieldRule) -> ColumnKind:
        if rule.to not in self.target.columns:
            raise MappingError(f"Table `{self.target.name}` has no column `{rule.to}`. Run `lint` on the mapping.")
        return self.target.columns[rule.to].kind

    def _map_values(self, cell: _Cells, value_map: str | Mapping[str, Scalar]) -> None:
        """Replace values by their entry, compared without regard to case, as F&O and Dataverse compare names."""
        name = value_map if isinstance(value_map, str) else cell.rule.to
        entries = self.value_maps.get(name) if isinstance(value_map, str) else value_map
        if entries is None:
            raise MappingError(
                f"`{cell.rule.to}` uses the value map `{name}`, which is not among {sorted(self.value_maps)}."
            )
        given = as_text(cell.values)
        names = folded(pa.array(list(entries), type=TEXT))
        answers = pa.array([constant_text(value) for value in entries.values()], type=TEXT)
        position = pc.index_in(folded(given), value_set=names)
        cell.values = given
        cell.answer(
            answers.take(position), unanswered=pc.and_(given.is_valid(), position.is_null()), rule=f"value_map:{name}",
            reason=f"The value map `{name}` of the mapping has no entry for this value.",
            otherwise=Otherwise(cell.rule.unmapped) if cell.rule.lookup else cell.rule.otherwise,
        )  # fmt: skip

    def _look_up(self, cell: _Cells, lookup: Lookup) -> None:
        """Replace values by a column of the reference row that has them as key."""
        key, entity = self.references.key(lookup.reference), self.references.entity(lookup.reference)
        own = [name for name in key if name not in lookup.within]
        if len(own) != 1:
            raise MappingError(
                f"The lookup of `{cell.rule.to}` must leave one key column of `{lookup.reference}` open, not {own}. "
                "Name the others under `within`."
            )
        index = self.references.index(lookup.reference)
        parents = {name: self.columns[column] for name, column in lookup.within.items()}
        match = index.find([parents.get(name, cell.values) for name in key])
        present = cell.values.is_valid()
        for parent in parents.values():  # a row whose parent was refused has its line already
            present = pc.and_(present, pc.or_(parent.is_valid(), pa.array(~self.book.ended)))
        cell.refuse(
            pc.and_(present, match.ambiguous), rule=f"ambiguous:{lookup.reference}",
            reason=f"Several rows of {entity} have this {own[0]}; make it unique there.",
        )  # fmt: skip
        found = index.take(lookup.take, match)
        cell.answer(
            pc.if_else(present, found, pa.scalar(None, found.type)), unanswered=pc.and_(present, match.missing),
            rule=f"lookup:{lookup.reference}", reason=f"No row of {entity} has this {own[0]}.",
            otherwise=cell.rule.otherwise,
        )  # fmt: skip

    def _fit(self, cell: _Cells) -> None:
        """Refuse or cut text that is longer than the rule or the target column allows; lengths count characters."""
        column = self.target.columns.get(cell.rule.to)
        limits = [limit for limit in (cell.rule.max_length, column and column.max_length) if limit]
        if not limits:
            return
        limit = min(limits)
        too_long = pc.fill_null(pc.greater(pc.utf8_length(cell.values), limit), False)
        if cell.rule.too_long == "reject":
            cell.refuse(
                too_long, rule="max_length",
                reason=cell.rule.reason if limit == cell.rule.max_length and cell.rule.reason
                else f"`{cell.rule.to}` takes at most {limit} characters.",
            )  # fmt: skip
            return
        count = pc.sum(too_long).as_py() or 0
        if count:
            log.info("Cut `%s` to %d characters in %d rows, as `too_long: truncate` asks", cell.rule.to, limit, count)
            cell.values = pc.utf8_rtrim_whitespace(pc.utf8_slice_codeunits(cell.values, 0, limit))


class _Cells:
    """One target column on its way: its values and the rows it refused. Later steps see a refused value as missing."""

    def __init__(self, book: Book, rule: FieldRule, values: pa.Array) -> None:
        self.book, self.rule, self.values = book, rule, values
        self.source = values
        self.refused = none_of(len(book))

    def refuse(self, where: pa.Array, *, rule: str, reason: str, outcome: Outcome = Outcome.QUARANTINED) -> None:
        """Write a line with the value of the source against each row where the mask is true."""
        self.book.refuse(where, field=self.rule.to, rule=rule, reason=reason, values=self.source, outcome=outcome)
        self.refused = pc.or_(self.refused, where)
        self.values = pc.if_else(where, pa.scalar(None, self.values.type), self.values)

    def answer(self, found: pa.Array, *, unanswered: pa.Array, rule: str, reason: str, otherwise: Otherwise) -> None:
        """Take what a value map or lookup found; ``otherwise`` decides about the values it has no answer for."""
        if otherwise is Otherwise.KEEP:
            self.values = pc.if_else(unanswered, as_text(self.values), as_text(found))
            return
        self.values = found
        if otherwise in OUTCOMES:
            self.refuse(unanswered, rule=rule, reason=self.rule.reason or reason, outcome=OUTCOMES[otherwise])

    def convert(self, kind: ColumnKind) -> None:
        converted = convert(self.values, kind)
        self.values = converted.values
        if kind in KIND_WORDS:
            self.refuse(converted.unreadable, rule="conversion", reason=f"`{self.rule.to}` takes {KIND_WORDS[kind]}.")
        self.refuse(converted.too_large, rule="too_large", reason=f"The number is too large for `{self.rule.to}`.")

    def clamp(self) -> None:
        if self.rule.clamp is None:
            return
        for bound, beyond in ((self.rule.clamp.min, pc.less), (self.rule.clamp.max, pc.greater)):
            if bound is not None:
                limit = pa.scalar(Decimal(str(bound))).cast(self.values.type)
                self.values = pc.if_else(beyond(self.values, limit), limit, self.values)

    def require(self) -> None:
        """Refuse rows without a value, unless this rule has refused them for a better reason."""
        own = self.rule.reason if self.rule.value_map is None and self.rule.lookup is None else ""
        origin = f" The source column is `{self.rule.from_}`." if self.rule.from_ else ""
        self.refuse(pc.and_(self.values.is_null(), pc.invert(self.refused)), rule="required",
                    reason=own or f"`{self.rule.to}` must have a value.{origin}")  # fmt: skip
