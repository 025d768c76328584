"""Condition expressions of DynamoDB for the conditions of the table port."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from mydata_hub.aws.item_layout import item_of, key_attributes, microseconds
from mydata_hub.ports.tables import Absent, Change, Check, Compare, Delete, Put, VersionIs

_OPERATORS: Final = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def transact_item(change: Change, engine_table: str, now: datetime) -> dict[str, Any]:
    """One entry of TransactWriteItems: the change and everything it depends on."""
    match change:
        case Put():
            version = change.when.version + 1 if isinstance(change.when, VersionIs) else 1
            condition = _Condition(now).require(change.when, *change.also)
            return {"Put": {"Item": item_of(change, version), **condition.parts(engine_table)}}
        case Delete():
            condition = _Condition(now).require(change.when, *change.also)
            key = key_attributes(change.key)
            return {"Delete": {"Key": key, **condition.parts(engine_table)}}
        case Check():
            condition = _Condition(now).require(*change.when)
            key = key_attributes(change.key)
            return {"ConditionCheck": {"Key": key, **condition.parts(engine_table)}}


class _Condition:
    """A conjunction under construction, with its placeholders.

    Every name is a placeholder: `values` is a reserved word, and a caller's attribute may be one.
    """

    def __init__(self, now: datetime) -> None:
        self._now_us = microseconds(now)
        self._names: dict[str, str] = {}
        self._values: dict[str, dict[str, Any]] = {}
        self._terms: list[str] = []

    def require(self, *conditions: Absent | VersionIs | Compare) -> _Condition:
        for condition in conditions:
            match condition:
                case Absent():
                    self._terms.append(self._absent())
                case VersionIs(version):
                    self._terms.append(self._live())
                    wanted = self._value({"N": str(version)})
                    self._terms.append(f"{self._name('version')} = {wanted}")
                case Compare():
                    self._terms += [self._live(), *self._compare(condition)]
        return self

    def parts(self, engine_table: str) -> dict[str, Any]:
        """The members of a transaction entry that say where and on what condition."""
        exists = f"attribute_exists({self._name('partition')})"
        # A check of nothing holds for any row; DynamoDB wants it said.
        terms: Iterable[str] = dict.fromkeys(self._terms) or [f"({exists} OR NOT {exists})"]
        parts: dict[str, Any] = {
            "TableName": engine_table,
            "ConditionExpression": " AND ".join(terms),
            "ExpressionAttributeNames": {mark: name for name, mark in self._names.items()},
        }
        if self._values:
            parts["ExpressionAttributeValues"] = self._values
        return parts

    def _absent(self) -> str:
        gone = f"attribute_not_exists({self._name('partition')})"
        return f"({gone} OR {self._name('expires_at_us')} <= {self._now()})"

    def _live(self) -> str:
        exists = f"attribute_exists({self._name('partition')})"
        expires_at = self._name("expires_at_us")
        return f"{exists} AND (attribute_not_exists({expires_at}) OR {expires_at} > {self._now()})"

    def _compare(self, compare: Compare) -> list[str]:
        kind, content = _typed(compare.value)
        if kind == "BOOL" and compare.operator not in ("=", "!="):
            # DynamoDB rejects an order between booleans as invalid; for the port it never holds.
            return [f"{self._name('version')} < {self._value({'N': '0'})}"]
        path = f"{self._name('values')}.{self._name(compare.attribute)}"
        # Without the type, "<>" would hold for a value of another type and for none at all.
        same_type = f"attribute_type({path}, {self._value({'S': kind})})"
        operand = self._value({kind: content})
        return [same_type, f"{path} {_OPERATORS[compare.operator]} {operand}"]

    def _now(self) -> str:
        return self._value({"N": str(self._now_us)})

    def _name(self, attribute: str) -> str:
        return self._names.setdefault(attribute, f"#n{len(self._names)}")

    def _value(self, attribute: dict[str, Any]) -> str:
        for mark, known in self._values.items():
            if known == attribute:
                return mark
        mark = f":v{len(self._values)}"
        self._values[mark] = attribute
        return mark


def _typed(value: str | int | bool | bytes) -> tuple[str, Any]:
    match value:
        case bool():
            return "BOOL", value
        case int():
            return "N", str(value)
        case str():
            return "S", value
        case bytes():
            return "B", value
