"""Snippets mean the same on each database: a table of cases, each run on all of them."""

# ruff: noqa: E501  # a case is one line of its table

from __future__ import annotations

import datetime as dt
import math
import uuid
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

import datajoint_lab as dj

UTC = dt.timezone.utc
TODAY = object()

# snippet -> its value for the samples 1, 2 and 3 (see conftest.SAMPLES)
VALUES: list[tuple[str, list[Any]]] = [
    # numbers
    ("n + m", [9, -7, None]), ("n - m", [5, -7, None]), ("n * m", [14, 0, None]), ("-n", [-7, 7, None]),
    ("u - 5", [-2, -4, 245]),
    ("n / m", [3.5, None, None]), ("7 / 2", [3.5, 3.5, 3.5]), ("n div m", [3, None, None]), ("n % m", [1, None, None]),
    ("mod(n, 4)", [3, -3, None]), ("n mod 4", [3, -3, None]), ("m * 0.5", [1.0, 0.0, 2.5]),
    ("f * 2", [5.0, -3.0, None]),
    ("m * 2000000000", [4000000000, 0, 10000000000]), ("g", [0.25, float.fromhex("0x1.0624dep-10"), 1048576.0]),
    ("g * 2", [0.5, 2 * float.fromhex("0x1.0624dep-10"), 2097152.0]), ("f / 0", [None, None, None]),
    ("f % 2", [0.5, -1.5, None]),
    ("price * 2", [Decimal("25.00"), Decimal("0.10"), None]), ("price + 1", [Decimal("13.50"), Decimal("1.05"), None]),
    ("price * 1.5", [Decimal("18.750"), Decimal("0.075"), None]), ("price / 2", [6.25, 0.025, None]),
    ("round(f)", [2.0, -2.0, None]), ("round(f, 1)", [2.5, -1.5, None]),
    ("round(price, 1)", [Decimal("12.50"), Decimal("0.10"), None]),
    ("round(n, -1)", [10, -10, None]), ("floor(f)", [2, -2, None]), ("ceil(f)", [3, -1, None]),
    ("ceiling(f)", [3, -1, None]),
    ("abs(n)", [7, 7, None]), ("sign(n)", [1, -1, None]), ("truncate(f, 0)", [2.0, -1.0, None]),
    ("pow(m, 2)", [4.0, 0.0, 25.0]),
    ("sqrt(n)", [math.sqrt(7), None, None]), ("ln(m)", [math.log(2), None, math.log(5)]),
    ("log10(m)", [math.log10(2), None, math.log10(5)]),
    ("exp(m - 2)", [1.0, math.exp(-2), math.exp(3)]), ("greatest(n, m)", [7, 0, None]), ("least(n, m)", [2, -7, None]),
    ("n & 3", [3, 1, None]), ("m ^ 1", [3, 1, 4]), ("u << 1", [6, 2, 500]),
    ("round(2 * sqrt(m / pi()), 1)", [1.6, 0.0, 2.5]),
    # truth values
    ("n > 0", [True, False, None]), ("flag", [True, False, None]), ("not flag", [False, True, None]),
    ("flag = 1", [True, False, None]),
    ("(m > 1) + (u > 2)", [2, 0, 2]), ("flag + 1", [2, 1, None]), ("n > 0 and flag", [True, False, None]),
    ("m and 1", [True, False, True]),
    ("flag xor true", [False, True, None]), ("flag is true", [True, False, False]),
    ("flag is not true", [False, True, True]),
    ("n is null", [False, False, True]), ("isnull(n)", [False, False, True]), ("n <=> null", [False, False, True]),
    ("n <=> 7", [True, False, False]), ("n between 0 and 9", [True, False, None]),
    ("n not between 0 and 9", [False, True, None]),
    ("m in (2, 5)", [True, False, True]), ("m not in (2, 5)", [False, True, False]),
    ("n in (7, null)", [True, None, None]), ("!flag", [False, True, None]),
    # choices
    ("if(n > 0, 'yes', 'no')", ["yes", "no", "no"]), ("if(flag, m, u)", [2, 1, 250]), ("ifnull(n, 0)", [7, -7, 0]),
    ("coalesce(note, name)", ["Ann's \\ 100%_ é", "x", ""]), ("coalesce(n, f, 1)", [7.0, -7.0, 1.0]),
    ("nullif(m, 0)", [2, None, 5]),
    ("case when n > 0 then 'p' when n < 0 then 'm' end", ["p", "m", None]),
    ("case m when 2 then 'two' else 'other' end", ["two", "other", "other"]),
    ("case when flag then 1 else 0.5 end", [1.0, 0.5, 0.5]),
    ("case when flag then n else 'none' end", ["7", "none", "none"]),
    ("coalesce(price, 0)", [Decimal("12.50"), Decimal("0.05"), Decimal("0.00")]),
    ("field(name, 'bob', 'Bob')", [0, 1, 2]), ("elt(m, 'a', 'b')", ["b", None, None]),
    # texts
    ("concat(name, '-', m)", ["Ann's \\ 100%_ é-2", "bob-0", "Bob-5"]), ("concat(name, note)", [None, "bobx", "Bob"]),
    ("name || '!'", ["Ann's \\ 100%_ é!", "bob!", "Bob!"]), ("m || side", ["2left", "0right", "5left"]),
    ("concat_ws(',', note, name)", ["Ann's \\ 100%_ é", "x,bob", ",Bob"]),
    ("upper(side)", ["LEFT", "RIGHT", "LEFT"]), ("lower(name)", ["ann's \\ 100%_ é", "bob", "bob"]),
    ("char_length(name)", [15, 3, 3]), ("length(name)", [16, 3, 3]),
    ("substring(name, 2, 2)", ["nn", "ob", "ob"]), ("substr(name, -2)", [" é", "ob", "ob"]),
    ("substring(name from 2 for 1)", ["n", "o", "o"]), ("left(name, 2)", ["An", "bo", "Bo"]),
    ("right(name, 1)", ["é", "b", "b"]), ("trim('  a ')", ["a"] * 3),
    ("replace(name, 'b', 'c')", ["Ann's \\ 100%_ é", "coc", "Boc"]), ("reverse(side)", ["tfel", "thgir", "tfel"]),
    ("lpad(m, 3, '0')", ["002", "000", "005"]), ("instr(side, 'e')", [2, 0, 2]), ("locate('t', side)", [4, 5, 4]),
    ("repeat('ab', m)", ["abab", "", "ababababab"]), ("hex(m)", ["2", "0", "5"]),
    ("name = 'bob'", [False, True, False]), ("name like 'b%'", [False, True, False]),
    ("name like '%\\\\_%'", [True, False, False]), ("name not like '%o%'", [True, False, False]),
    ("name like 'Ann''s%'", [True, False, False]), ('name = "bob"', [False, True, False]),
    ("name = 'Ann\\'s \\\\ 100%_ é'", [True, False, False]), ("name like '%100|%%' escape '|'", [True, False, False]),
    ("name regexp '^b'", [False, True, False]), ("name rlike 'o.$'", [False, True, True]),
    ("name not regexp 'o'", [True, False, False]), ("regexp_like(name, 'B')", [False, False, True]),
    ("name < 'a'", [True, False, True]), ("name in ('bob', 'x')", [False, True, False]),
    ("side = 'left'", [True, False, True]), ("side > 'm'", [False, True, False]), ("name = 7", [False] * 3),
    ("md5(side) = md5('left')", [True, False, True]), ("note = ''", [None, False, True]),
    # dates
    ("year(day)", [2024, 2024, 2023]), ("month(day)", [1, 2, 12]), ("day(at)", [5, 29, 31]), ("hour(at)", [13, 0, 23]),
    ("minute(at)", [4, 0, 59]), ("second(at)", [9, 0, 59]),
    ("extract(year from at)", [2024, 2024, 2023]), ("quarter(day)", [1, 1, 4]), ("dayofweek(day)", [6, 5, 1]),
    ("weekday(day)", [4, 3, 6]), ("dayofyear(day)", [5, 60, 365]), ("week(day)", [0, 8, 53]),
    ("date(at)", [dt.date(2024, 1, 5), dt.date(2024, 2, 29), dt.date(2023, 12, 31)]),
    ("last_day(day)", [dt.date(2024, 1, 31), dt.date(2024, 2, 29), dt.date(2023, 12, 31)]),
    ("date_format(at, '%Y-%m-%d %H:%i:%s')", ["2024-01-05 13:04:09", "2024-02-29 00:00:00", "2023-12-31 23:59:59"]),
    ("date_format(day, '%b %e, %y')", ["Jan 5, 24", "Feb 29, 24", "Dec 31, 23"]),
    ("date_format(day, '%W')", ["Friday", "Thursday", "Sunday"]), ("datediff(day, '2024-01-01')", [4, 59, -1]),
    ("datediff('2024-01-01', day)", [-4, -59, 1]), ("datediff(at, day)", [0, 0, 0]),
    ("timestampdiff(day, '2024-01-01', at)", [4, 59, 0]), ("timestampdiff(hour, day, at)", [13, 0, 23]),
    ("timestampdiff(minute, day, at)", [784, 0, 1439]), ("timestampdiff(second, day, at)", [47049, 0, 86399]),
    ("timestampdiff(week, '2024-01-01', day)", [0, 8, 0]), ("timestampdiff(month, '2023-11-30', day)", [1, 2, 1]),
    ("timestampdiff(quarter, '2023-01-01', day)", [4, 4, 3]), ("timestampdiff(year, '2022-01-31', day)", [1, 2, 1]),
    ("timestampdiff(month, day, '2023-11-30')", [-1, -2, -1]),
    ("timestampdiff(microsecond, day, at)", [47049250000, 0, 86399999999]),
    ("day > '2024-01-05'", [False, True, False]), ("day = '2024-1-5'", [True, False, False]),
    ("day >= '2024-01-05 12:00'", [False, True, False]), ("at < '2024-01-05'", [False, False, True]),
    ("at = '2024-01-05 13:04:09.25'", [True, False, False]),
    ("at = '2024-01-05T14:04:09.25+01:00'", [True, False, False]),
    ("at between '2024-01-01' and '2024-01-31'", [True, False, False]),
    ("day in ('2024-02-29', '2023-12-31')", [False, True, True]), ("at > day", [True, False, True]),
    ("date(at) = day", [True] * 3),
    ("day + interval 1 day", [dt.date(2024, 1, 6), dt.date(2024, 3, 1), dt.date(2024, 1, 1)]),
    ("day - interval 1 month", [dt.date(2023, 12, 5), dt.date(2024, 1, 29), dt.date(2023, 11, 30)]),
    ("date_add(day, interval 1 year)", [dt.date(2025, 1, 5), dt.date(2025, 2, 28), dt.date(2024, 12, 31)]),
    ("date_sub(at, interval 90 minute)", [dt.datetime(2024, 1, 5, 11, 34, 9, 250000, UTC), dt.datetime(2024, 2, 28, 22, 30, tzinfo=UTC), dt.datetime(2023, 12, 31, 22, 29, 59, 999999, UTC)]),
    ("day + interval 2 hour", [dt.datetime(2024, 1, 5, 2), dt.datetime(2024, 2, 29, 2), dt.datetime(2023, 12, 31, 2)]),
    ("day + interval m day", [dt.date(2024, 1, 7), dt.date(2024, 2, 29), dt.date(2024, 1, 5)]),
    ("adddate(day, 3)", [dt.date(2024, 1, 8), dt.date(2024, 3, 3), dt.date(2024, 1, 3)]),
    ("at < now()", [True] * 3), ("day < curdate()", [True] * 3), ("at > now() - interval 1 day", [False] * 3),
    ("date(now()) = curdate()", [True] * 3), ("year(current_date) > 2000", [True] * 3),
    ("year('2024-05-06')", [2024] * 3),
    ("coalesce(null, day)", [dt.date(2024, 1, 5), dt.date(2024, 2, 29), dt.date(2023, 12, 31)]),
    ("greatest(day, '2024-01-31')", [dt.date(2024, 1, 31), dt.date(2024, 2, 29), dt.date(2024, 1, 31)]),
    ("concat(day, '')", ["2024-01-05", "2024-02-29", "2023-12-31"]),
    ("timestampadd(day, 1, day)", [dt.date(2024, 1, 6), dt.date(2024, 3, 1), dt.date(2024, 1, 1)]),
    # other types
    ("code = '12345678-1234-5678-1234-567812345678'", [True, None, False]),
    ("code = '12345678123456781234567812345678'", [True, None, False]), ("code is null", [False, True, False]),
    ("code", [uuid.UUID("12345678-1234-5678-1234-567812345678"), None, uuid.UUID(int=1)]),
    ("concat(code, '')", ["12345678-1234-5678-1234-567812345678", None, "00000000-0000-0000-0000-000000000001"]),
    ("price = 12.5", [True, False, None]), ("price > '0.05'", [True, False, None]),
    ("price < f * 10", [True, False, None]), ("n = '7'", [True, False, None]), ("f > 2", [True, False, None]),
    # casts
    ("cast(f as signed)", [2, -2, None]), ("cast(m as char)", ["2", "0", "5"]),
    ("cast(at as date)", [dt.date(2024, 1, 5), dt.date(2024, 2, 29), dt.date(2023, 12, 31)]),
    ("cast(m as decimal(6,2))", [Decimal("2.00"), Decimal("0.00"), Decimal("5.00")]),
    ("cast(name as char(2))", ["An", "bo", "Bo"]),
    ("cast('12' as signed) + m", [14, 12, 17]),
    ("cast(day as datetime)", [dt.datetime(2024, 1, 5), dt.datetime(2024, 2, 29), dt.datetime(2023, 12, 31)]),
    ("cast(m as double)", [2.0, 0.0, 5.0]), ("cast(price as char)", ["12.50", "0.05", None]),
    ("convert(f, signed)", [2, -2, None]),
    # JSON
    ("params.method", ["fit", "Fit", None]), ("params.rate", [2.5, 3, None]), ("params.deep.on", [True, None, None]),
    ("params.deep", [{"on": True, "list": [1, 2]}, None, None]), ("params.deep.list[1]", [2, None, None]),
    ("params.none", [None] * 3), ("params->>'$.method'", ["fit", "Fit", None]),
    ("params->'$.deep.list'", [[1, 2], None, None]), ("json_extract(params, '$.rate')", [2.5, 3, None]),
    ("json_value(params, '$.method')", ["fit", "Fit", None]),
    ("json_unquote(json_extract(params, '$.method'))", ["fit", "Fit", None]),
    ("params.rate > 2.7", [False, True, None]), ("params.method = 'fit'", [True, False, None]),
    ("params.deep.on = true", [True, None, None]), ("params.rate * 2", [5.0, 6.0, None]),
    ("params.nothing is null", [True] * 3), ("params.deep is not null", [True, False, False]),
    ("params.method like 'F%'", [False, True, None]), ("upper(params.method)", ["FIT", "FIT", None]),
    ("params.rate:decimal(5,1)", [Decimal("2.5"), Decimal("3.0"), None]),
    ("params.rate in (3, 4)", [False, True, None]),
    # nested
    ("round(if(m = 0, null, n / m) + ifnull(f, 0), 2)", [6.0, None, None]),
    ("upper(concat(left(side, 1), substring(name, 2)))", ["LNN'S \\ 100%_ É", "ROB", "LOB"]),
    ("if(year(day) = 2024, month(day), 0)", [1, 2, 0]),
]  # fmt: skip
GROUPS: list[tuple[str, list[Any]]] = [  # over the sessions of the subjects 1 to 5
    ("count(*)", [2, 1, 3, 0, 0]), ("count(score)", [1, 1, 2, 0, 0]), ("count(1)", [2, 1, 3, 0, 0]),
    ("count(distinct speed)", [2, 0, 3, 0, 0]), ("sum(score)", [10, 7, 13, None, None]),
    ("sum(1)", [2, 1, 3, None, None]),
    ("avg(score)", [10.0, 7.0, 6.5, None, None]), ("min(speed)", [0.5, None, 0.25, None, None]),
    ("max(session)", [2, 1, 3, None, None]), ("sum(score = 10)", [1, 0, 1, None, None]),
    ("sum(score is null)", [1, 0, 1, None, None]), ("sum(score > 5 and speed < 1)", [1, None, 1, None, None]),
    ("avg(speed > 1)", [0.5, None, 1 / 3, None, None]), ("std(session)", [0.5, 0.0, math.sqrt(2 / 3), None, None]),
    ("stddev_samp(session)", [math.sqrt(0.5), None, 1.0, None, None]),
    ("variance(session)", [0.25, 0.0, 2 / 3, None, None]), ("var_samp(session)", [0.5, None, 1.0, None, None]),
    ("group_concat(session)", ["1,2", "1", "1,2,3", None, None]),
    ("group_concat(session order by session desc separator '; ')", ["2; 1", "1", "3; 2; 1", None, None]),
    ("group_concat(distinct score)", ["10", "7", "3,10", None, None]),
    ("group_concat(speed)", ["0.5,1.5", None, "0.5,2.5,0.25", None, None]),
    ("max(score) - min(score)", [0, 0, 7, None, None]), ("count(*) * 2 + subject", [5, 4, 9, 4, 5]),
    ("sum(score) / count(*)", [5.0, 7.0, 13 / 3, None, None]), ("max(ifnull(score, 0))", [10, 7, 10, None, None]),
    ("count(distinct score, speed)", [1, 0, 2, 0, 0]),
    ("if(count(*) > 1, 'many', 'few')", ["many", "few", "many", "few", "few"]),
    ("coalesce(sum(score), 0)", [10, 7, 13, 0, 0]), ("round(avg(speed), 1)", [1.0, None, 1.1, None, None]),
    ("sum(speed * 2)", [4.0, None, 6.5, None, None]), ("concat(sex, count(*))", ["m2", "f1", "m3", "f0", "x0"]),
]  # fmt: skip


def alike(found: Any, expected: Any) -> bool:
    """Equal, of the same type, and floats up to their last digits."""
    if expected is None or type(found) is not type(expected):
        return found is expected
    return math.isclose(found, expected, rel_tol=1e-12) if isinstance(expected, float) else found == expected


@pytest.mark.parametrize(("snippet", "expected"), VALUES, ids=[snippet for snippet, _ in VALUES])
def test_a_computed_attribute_has_the_same_value_and_type_everywhere(
    lab: SimpleNamespace, snippet: str, expected: list[Any]
) -> None:
    rows = lab.Sample.proj(value=snippet).to_dicts(order_by="id")
    found = [row["value"] for row in rows]
    assert all(map(alike, found, expected)), (found, str(lab.Sample.proj(value=snippet).sql))


@pytest.mark.parametrize(("snippet", "expected"), VALUES, ids=[snippet for snippet, _ in VALUES])
def test_a_snippet_may_be_restricted_by_as_a_computed_attribute(
    lab: SimpleNamespace, snippet: str, expected: list[Any]
) -> None:
    computed = lab.Sample.proj(value=snippet)
    assert len(computed & "value is null") == sum(value is None for value in expected)
    if all(value is None or isinstance(value, bool) for value in expected):
        wanted = [number for number, value in enumerate(expected, 1) if value]
        assert [row["id"] for row in (lab.Sample & snippet).to_dicts(order_by="id")] == wanted
        assert len(lab.Sample - snippet) == 3 - len(wanted)
        assert len(lab.Sample & dj.Not(snippet)) == 3 - len(wanted)


@pytest.mark.parametrize(("snippet", "expected"), GROUPS, ids=[snippet for snippet, _ in GROUPS])
def test_an_aggregate_has_the_same_value_and_type_everywhere(
    lab: SimpleNamespace, snippet: str, expected: list[Any]
) -> None:
    query = lab.Subject.aggr(lab.Session, value=snippet)
    found = [row["value"] for row in query.to_dicts(order_by="subject")]
    assert all(map(alike, found, expected)), (found, str(query.sql))
    matching = lab.Subject.aggr(lab.Session, value=snippet, exclude_nonmatching=True)
    assert all(map(alike, [row["value"] for row in matching.to_dicts(order_by="subject")], found[:3]))


def test_universal_aggregates_of_nothing(lab: SimpleNamespace) -> None:
    query = dj.U().aggr(lab.Empty, n="count(*)", total="sum(value)", texts="group_concat(value)")
    assert query.to_dicts() == [{"n": 0, "total": None, "texts": None}]
