"""`%dj` commands, on each database."""

from __future__ import annotations

import re

import pytest

import datajoint_lab as dj
from datajoint_lab.ipython.commands import COMMANDS

NAMES = [
    *("connect", "schema", "list", "describe", "count", "view", "diagram", "populate", "progress"),
    *("delete", "drop", "sql", "save", "config", "help"),
]


def test_all_commands_are_there():
    assert list(COMMANDS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_help_shows_usage_and_an_example(notebook, name):
    text = notebook.run(f"%dj help {name}").text
    assert text.startswith(f"%dj {name}")
    assert "example:\n" in text
    assert text.count(f"%dj {name}") >= 2


@pytest.mark.parametrize("name", ["", "help"])
def test_help_lists_all_commands_and_cells(notebook, name):
    text = notebook.run(f"%dj {name}").text
    for command in NAMES:
        assert f"%dj {command}" in text
    for kind in ("manual", "lookup", "imported", "computed", "sql"):
        assert f"%%dj {kind}" in text


@pytest.mark.parametrize(
    ("typo", "meant"), [("conut", "count"), ("popualte", "populate"), ("shema", "schema"), ("hlep", "help")]
)
def test_a_misspelt_command_is_suggested(notebook, typo, meant):
    text = notebook.fail(f"%dj {typo} Image").text
    assert f"there is no command {typo}" in text
    assert f"did you mean {meant}" in text
    assert re.search(rf"%dj {typo} Image\n +\^{{{len(typo)}}}\n", text)
    assert meant in notebook.fail(f"%dj help {typo}").text


def test_a_cell_command_with_one_sign_is_explained(notebook):
    assert "%%dj manual" in notebook.fail("%dj manual Image").text


def test_connect_shows_no_password(notebook, database_url, schema_name):
    ran = notebook.run(f"opened = %dj connect {database_url}\nopened")
    assert isinstance(ran.value, dj.Connection)
    assert ran.value is dj.conn()
    password = re.search(r":([^:@/]+)@", database_url)
    if password:
        assert password[1] not in repr(ran.value)
        assert "the password stays in this notebook" in ran.text
    assert notebook.run("%dj connect").value is ran.value


@pytest.mark.backends("sqlite")
def test_connect_refuses_what_is_no_address(notebook, database_url):
    failed = notebook.fail("%dj connect nowhere://secretly:secret@host/x")
    assert "line 1" in failed.text
    assert "secret@" not in failed.text.split("\n", 1)[0]


@pytest.mark.backends("sqlite")
def test_schema_chooses_and_shows(lab, schema_name):
    assert lab.run("%dj schema").value.database == schema_name
    assert lab.run(f"%dj schema {schema_name}").value is lab.run("%dj schema").value
    assert "line 1" in lab.fail("%dj schema 1x").text


def test_list_shows_what_is_stored_now(filled, schema_name):
    shown = filled.run("%dj list").value
    assert set(shown.list_tables()) == {"image", "#params", "__detection", "__detection__object"}
    assert "pictures" in repr(shown)
    assert (schema_name,) in filled.run("%dj list --schemas").value.rows
    failed = filled.fail(f"%dj list {schema_name}x")
    assert f"did you mean {schema_name}" in failed.text


@pytest.mark.backends("sqlite")
def test_describe_prints_a_definition(filled):
    text = filled.run("%dj describe Detection.Object").text
    assert text.startswith("-> master\n")
    assert "# (px²)" in text


def test_count_takes_any_expression(filled):
    assert filled.run("%dj count Image").value == 2
    assert filled.run("%dj count Image & 'year > 2021'").value == 1
    assert filled.run("%dj count (Image * Params) - Detection").value == 4
    filled.run("year = 2021")
    assert filled.run("n = %dj count Image & f'year > {year}'\nn").value == 1
    assert filled.run("%dj count Image & [dict(year=y) for y in (2020, 2024)]").value == 2


@pytest.mark.backends("sqlite")
def test_names_are_tables_of_the_active_schemas(filled):
    filled.run("del Image, Detection, Params")
    assert filled.run("%dj count Image * Params").value == 4
    assert filled.run("%dj count Detection.Object").value == 0


def test_populate_and_progress(filled):
    shown = filled.run("%dj progress").value
    assert [row[2:] for row in shown.rows] == [(0, 4, 4)]
    assert "2 keys computed" in filled.run("%dj populate Detection & 'image_id = 1'").text
    assert [row[2:] for row in filled.run("%dj progress Detection").value.rows] == [(2, 4, 2)]
    assert "1 key computed" in filled.run("%dj populate Detection --limit 1 --quiet").text
    assert "1 key computed" in filled.run("%dj populate Detection --quiet").text
    assert "0 keys computed" in filled.run("%dj populate Detection --quiet").text
    assert "computed" in shown._repr_html_()


def test_populate_goes_on_when_asked(filled):
    filled.run(
        "%%dj computed Half\n-> Image\n---\ndef make(self, key):\n"
        "    if key['image_id'] == 1:\n        raise ValueError('too dark')\n    self.insert1(key)\n"
    )
    text = filled.run("%dj populate Half --keep-going --quiet").text
    assert "Half: 1 key computed, 1 failed" in text
    assert "'image_id': 1" in text
    assert "ValueError: too dark" in text


def test_delete_previews_and_asks(filled, monkeypatch):
    filled.run("%dj populate Detection --quiet")
    failed = filled.fail("%dj delete Image & 'image_id = 1'")
    assert "nobody is there to confirm" in failed.text
    assert len(filled.names["Image"]) == 2
    monkeypatch.setattr("builtins.input", lambda _question: "yes")
    text = filled.run("%dj delete Image & 'image_id = 1'").text
    assert re.search(r"Detection +2 rows", text)
    assert "1 row deleted" in text
    filled.run("%dj delete Image --yes")
    assert len(filled.names["Detection"]) == 0


def test_drop_previews_and_asks(filled, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _question: "no")
    assert "dropped" not in filled.run("%dj drop Detection").text
    monkeypatch.setattr("builtins.input", lambda _question: "yes")
    text = filled.run("%dj drop Detection").text
    assert "Detection.Object" in text
    assert "Detection: dropped" in text
    assert filled.run("%dj drop Image --yes").text.endswith("Image: dropped\n")
    assert filled.run("%dj list").value.list_tables() == ["#params"]


@pytest.mark.backends("sqlite")
def test_diagram_of_the_schema_and_of_neighbours(filled):
    whole = filled.run("%dj diagram").value
    assert isinstance(whole, dj.Diagram)
    assert len(whole) == 4
    assert len(filled.run("%dj diagram Detection").value) == 1
    assert len(filled.run("%dj diagram Detection -1").value) == 3
    assert len(filled.run("%dj diagram Image +1 -1").value) >= 3
    assert len(filled.run("%dj diagram dj.Diagram(Image) + dj.Diagram(Params)").value) == 2


@pytest.mark.backends("sqlite")
def test_view_is_a_live_table(filled):
    import datajoint_lab_widgets

    assert isinstance(filled.run("%dj view Image & 'year > 2021'").value, datajoint_lab_widgets.TableView)


def test_sql_reads_with_names_and_bound_values(filled, connection, schema_name):
    table = connection.dialect.table(schema_name, "image")
    filled.run("title = \"c'oins\"; titles = ['coins']")
    shown = filled.run(f"%dj sql select image_id, title as name from {table} where title = {{titles[0]}}").value
    assert shown.names == ("image_id", "name")
    assert [tuple(row) for row in shown.all_rows] == [(2, "coins")]
    assert "name" in shown._repr_html_()
    assert filled.run(f"%dj sql select * from {table} where title = {{title}}").value.all_rows == []
    query = f"select image_id\nfrom {table}\nwhere year > {{2000 + 1}} and title <> '{{x}}'\norder by image_id"
    filled.run(f"%%dj sql found <<\n{query}")
    assert list(filled.names["found"].to_pandas()["image_id"]) == [1, 2]


def test_sql_writes_nothing(filled, connection, schema_name):
    table = connection.dialect.table(schema_name, "image")
    for statement in (
        f"delete from {table}",
        f"update {table} set year = 0",
        f"insert into {table} values (9, 'x', 0)",
        f"drop table {table}",
        f"select 1; delete from {table}",
        f"create table {schema_name}_x (a int)",
    ):
        failed = filled.fail(f"%dj sql {statement}")
        assert "line 1" in failed.text
    assert len(filled.names["Image"]) == 2


@pytest.mark.backends("postgresql")
def test_sql_writes_nothing_in_a_common_table_expression_either(filled, connection, schema_name):
    table = connection.dialect.table(schema_name, "image")
    assert (
        "only reads" in filled.fail(f"%dj sql with gone as (delete from {table} returning *) select * from gone").text
    )
    assert len(filled.names["Image"]) == 2


def test_save_writes_a_module_that_declares_the_same(filled, schema_name, tmp_path):
    assert "3 tables" in filled.run("%dj save lab.py").text
    text = (tmp_path / "lab.py").read_text()
    assert "import math" in text
    assert f'schema = dj.Schema("{schema_name}")' in text
    assert "there already" in filled.fail("%dj save lab.py").text
    assert "3 tables" in filled.run("%dj save lab.py --replace").text
    assert "ends in .py" in filled.fail("%dj save lab").text
    filled.run("%run lab.py\n%dj populate Detection --quiet")
    assert len(filled.names["Detection"].Object) == 6
    assert dj.Schema(schema_name)["Image"].describe() == filled.names["Image"].describe()


@pytest.mark.backends("sqlite")
class TestConfig:
    def test_all_settings_are_shown(self, lab):
        names = [row[0] for row in lab.run("%dj config").value.rows]
        assert {"display.limit", "display.errors", "safemode"} <= set(names)

    def test_one_is_shown_and_set(self, lab):
        lab.run("%dj config display.limit 7")
        try:
            assert dj.config["display.limit"] == 7
            ((name, value, *_),) = lab.run("%dj config display.limit").value.rows
            assert (name, value) == ("display.limit", "7")
        finally:
            dj.config["display.limit"] = 12

    @pytest.mark.parametrize(
        "cell", ["%dj config displya.limit", "%dj config display.limit many", "%dj config errors long"]
    )
    def test_what_cannot_be_set_is_said(self, lab, cell):
        assert "line 1" in lab.fail(cell).text


FAULTS = {
    "%dj count": "an expression is missing",
    "%dj count Imgae": "did you mean Image?",
    "%dj count Image &": "this is no expression",
    "%dj count 3": "this is no query, but a int",
    "%dj count Image & 'yaer > 1'": "did you mean year",
    "%dj count Image --fast": "there is no option --fast",
    "%dj delete Image * Params": "a table is needed",
    "%dj populate Image": "Image is filled by hand",
    "%dj populate Detection --limit": "--limit needs a value",
    "%dj populate Detection --limit x": "--limit takes a whole number, not x",
    "%dj populate Detection --limti 3": "did you mean --limit",
    "%dj progress Image": "Image is filled by hand",
    "%dj sql": "a query is missing",
    "%dj sql selekt 1": "line 1",
    "%dj sql select nothing from nowhere": "line 1",
}


@pytest.mark.parametrize("cell", FAULTS)
@pytest.mark.backends("sqlite")
def test_faults_are_short_and_point_at_the_line(filled, cell):
    failed = filled.fail(cell)
    assert FAULTS[cell] in failed.text
    assert failed.text.count("line 1: ") == 1
    assert cell in failed.text
    assert "^" in failed.text


@pytest.mark.backends("sqlite")
def test_the_line_is_that_of_the_cell(filled):
    failed = filled.fail("x = 1\n\nif x:\n    n = %dj count Imgae\n")
    assert "line 4: there is no table and no variable Imgae" in failed.text
