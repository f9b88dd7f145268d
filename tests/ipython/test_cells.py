"""`%%dj` cells declare tables, on each database."""

from __future__ import annotations

import pickle

import pytest

import datajoint_lab as dj

from .conftest import DETECTION, IMAGE, PARAMS


def test_a_class_as_good_as_one_in_python(lab, schema_name):
    assert lab.run(IMAGE).text == f"manual Image: declared in {schema_name}\n"
    image = lab.names["Image"]
    assert issubclass(image, dj.Manual)
    assert (image.__name__, image.__module__) == ("Image", "__main__")
    assert "image_id : uint16" in image.definition
    assert image.heading["image_id"].comment == "number of the picture"
    assert image().describe().startswith("# pictures\n")
    image.insert1({"image_id": 1, "title": "sky", "year": 2020})
    assert image.fetch1("title") == "sky"
    query = pickle.loads(pickle.dumps(image & "year = 2020"))
    assert query.fetch1("image_id") == 1


def test_lookup_contents_as_lines_and_in_python(lab):
    lab.run(PARAMS)
    assert lab.names["Params"].to_dicts(order_by="KEY") == [
        {"params": 1, "sigma": 0.5, "mode": "slow"},
        {"params": 2, "sigma": 2.0, "mode": "fast"},
    ]
    lab.run("%%dj lookup Colour\ncolour : varchar(10)\n---\nrgb : json\ncontents = [('red', [9, 0, 0])] * 1\n")
    assert lab.names["Colour"].fetch1("rgb") == [9, 0, 0]


def test_a_computed_table_with_its_part_and_make(filled):
    assert "Detection: 4 keys computed" in filled.run("%dj populate Detection --quiet").text
    detection = filled.names["Detection"]
    assert sorted(detection.fetch("n_objects")) == [1, 1, 2, 2]
    assert len(detection.Object) == 6
    assert filled.names["math"].ceil(0.5) == 1, "imports of the cell are the notebook's"
    assert detection.Object.heading["area"].unit == "px²"


def test_several_tables_in_one_cell_refer_to_each_other(lab):
    lab.run(IMAGE + "\n" + PARAMS.removeprefix("%%dj ") + "\n" + DETECTION)
    assert [len(lab.names[name]) for name in ("Image", "Params", "Detection")] == [0, 2, 0]


def test_parents_are_found_without_a_python_class(lab):
    lab.run(IMAGE)
    lab.run("del Image")
    lab.run("%%dj manual Note\n-> Image\nnote_id : int8\n---\n")
    assert lab.run("%dj count Image").value == 0
    assert "-> Image" in lab.run("%dj describe Note").text


def test_the_same_text_again_does_nothing(filled, connection):
    before = filled.names["Detection"]
    for cell in (IMAGE, PARAMS, DETECTION):
        with connection.log_statements() as log:
            text = filled.run(cell).text
        assert text.rstrip().endswith("unchanged"), text
        assert not [
            line for line in log if line.lstrip().upper().startswith(("CREATE", "DROP", "ALTER", "INSERT", "DELETE"))
        ]
    assert filled.names["Detection"] is before
    assert len(filled.names["Image"]) == 2


def test_the_same_text_in_a_new_session_attaches_to_the_table(filled, shell, schema_name):
    filled.run("del Image, Detection\n%reload_ext datajoint_lab\n%dj schema " + schema_name)
    assert filled.run(IMAGE).text == "manual Image: unchanged\n"
    assert len(filled.names["Image"]) == 2
    assert filled.run(DETECTION).text == "computed Detection: unchanged\n"
    assert "4 keys" in filled.run("%dj populate Detection --quiet").text


def test_a_new_make_needs_no_new_table(filled):
    filled.run(DETECTION.replace("math.ceil(", "5 + math.ceil("))
    filled.run("%dj populate Detection --quiet")
    assert sorted(filled.names["Detection"].fetch("n_objects")) == [6, 6, 7, 7]


def test_a_changed_text_shows_the_difference_and_does_nothing(filled):
    changed = IMAGE.replace("varchar(80)", "varchar(90)") + "extra = 0 : int8\n"
    text = filled.run(changed).text
    assert "- title : varchar(80)" in text
    assert "+ title : varchar(90)" in text
    assert "+ extra : int8 = 0" in text
    assert "nothing was done" in text
    assert "--alter" in text
    assert "--replace" not in text
    assert "extra" not in filled.names["Image"].heading
    assert filled.run("%dj describe Image").text.count("varchar(80)") == 1


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("# pictures", "# photographs", "+ # photographs"),
        ("# number of the picture", "# its number", "+ image_id : uint16 # its number"),
        ("year     : int16", "year = null : int16", "+ year : int16 = null"),
        ("year     : int16", "index (title)", "+ index (title)"),
    ],
)
def test_every_kind_of_change_is_seen(lab, old, new, line):
    lab.run(IMAGE)
    assert line in lab.run(IMAGE.replace(old, new)).text


def test_alter_changes_the_stored_table(filled):
    text = filled.run(
        IMAGE.replace("Image", "Image --alter", 1).replace("varchar(80)", "varchar(90)") + "extra = 0 : int8\n"
    ).text
    assert "manual Image: altered" in text
    image = filled.names["Image"]
    assert "varchar(90)" in image().describe()
    assert (image & "image_id = 1").fetch1() == {"image_id": 1, "title": "sky", "year": 2020, "extra": 0}


def test_alter_changes_parts(filled):
    filled.run(
        DETECTION.replace("Detection", "Detection --alter", 1).replace("area :", "weight = null : float32\n    area :")
    )
    assert "weight" in filled.names["Detection"].Object.heading
    assert "4 keys" in filled.run("%dj populate Detection --quiet").text


def test_alter_asks_before_values_are_lost(filled, monkeypatch):
    changed = IMAGE.replace("Image", "Image --alter", 1).replace("year     : int16\n", "")
    assert "nobody is there" in filled.fail(changed).text
    assert "year" in filled.names["Image"].heading
    monkeypatch.setattr("builtins.input", lambda _question: "yes")
    filled.run(changed)
    assert "year" not in filled.names["Image"].heading


def test_alter_refuses_keys(filled):
    failed = filled.fail(IMAGE.replace("Image", "Image --alter", 1).replace("---", "second : int8\n---"))
    assert "line 1" in failed.text
    assert "cannot be altered" in failed.text
    assert filled.run("%dj count Image").value == 2


def test_replace_declares_an_empty_table_anew(lab):
    lab.run(IMAGE)
    changed = IMAGE.replace("varchar(80)", "varchar(90)")
    assert "--replace" in lab.run(changed).text
    assert "declared in" in lab.run(changed.replace("Image", "Image --replace", 1)).text
    assert "varchar(90)" in lab.run("%dj describe Image").text
    assert lab.run(changed).text == "manual Image: unchanged\n"


def test_replace_refuses_to_lose_rows_and_tables(filled):
    changed = PARAMS.replace("uint8", "uint16").replace("Params", "Params --replace", 1)
    assert "Params holds rows" in filled.fail(changed).text
    filled.run("Image.delete(prompt=False)")
    failed = filled.fail(IMAGE.replace("varchar(80)", "varchar(90)").replace("Image", "Image --replace", 1))
    assert "Detection.Object depend on Image" in failed.text
    assert "Detection" in failed.text
    assert "varchar(80)" in filled.run("%dj describe Image").text


def test_dry_run_shows_the_statements_and_declares_nothing(lab, schema_name):
    cell = IMAGE.replace("Image", "Image --dry-run", 1) + "\npart Tag\n-> master\ntag : varchar(20)\n---\n"
    text = lab.run(cell).text
    assert text.count("CREATE TABLE") == 2
    assert "image__tag" in text
    assert lab.names.get("Image") is None
    assert dj.Schema(schema_name).list_tables() == []


def test_the_schema_is_the_only_active_one_of_the_notebook(notebook, connection, schema_name):
    failed = notebook.fail(IMAGE)
    assert "no schema is in use" in failed.text
    assert "%dj schema" in failed.text
    notebook.run(f"schema = dj.Schema('{schema_name}')\nsame = schema")
    notebook.run(IMAGE)
    notebook.run(f"other = dj.Schema('{schema_name}_b')")
    failed = notebook.fail(PARAMS)
    assert "several schemas are active" in failed.text
    notebook.run(f"%dj schema {schema_name}_b")
    notebook.run(PARAMS)
    assert notebook.names["other"].list_tables() == ["#params"]


def test_a_definition_asks_before_it_shadows_a_variable(lab, monkeypatch):
    lab.run("class Image: pass\nmine = Image")
    failed = lab.fail(IMAGE)
    assert "Image is a variable of this notebook" in failed.text
    assert lab.names["Image"] is lab.names["mine"]
    monkeypatch.setattr("builtins.input", lambda _question: "no")
    assert "rename the table" in lab.fail(IMAGE).text
    monkeypatch.setattr("builtins.input", lambda _question: "yes")
    lab.run(IMAGE)
    assert issubclass(lab.names["Image"], dj.Manual)


def test_a_table_may_take_the_place_of_its_older_class(lab):
    lab.run(IMAGE)
    lab.run("older = Image")
    lab.run(IMAGE.replace("Image", "Image --replace", 1).replace("int16\n", "int32\n", 1))
    assert lab.names["Image"] is not lab.names["older"]


def test_a_computed_table_without_make_says_so(lab):
    lab.run(IMAGE)
    assert "no make(self, key) yet" in lab.run("%%dj computed Sum\n-> Image\n---\n").text


def test_errors_in_make_point_at_the_cell(filled):
    filled.run(DETECTION.replace("(Params & key)", '(Params & "sigmaa = 1")'))
    failed = filled.fail("%dj populate Detection --quiet")
    assert "did you mean sigma" in failed.text
    assert "image_id" in failed.text, "which key was computed"
    assert 'line 17:\n    count = math.ceil((Params & "sigmaa = 1")' in failed.text


FAULTS = {
    "a type": ("%%dj manual A\na : int9\n---\n", ["line 2", "    a : int9", "^^^^", "did you mean"]),
    "two faults": ("%%dj manual A\na : int9\n---\nb : varchar\n", ["2 problems", "line 2", "line 4"]),
    "two tables": (
        "%%dj manual A\na : int9\n---\n\nmanual B\n-> Imagee\n---\n",
        ["2 problems", "line 2", "line 6", "Imagee"],
    ),
    "a faulty parent is one fault": (
        "%%dj manual A\na : int9\n---\n\nmanual B\n-> A\n---\n",
        ["1 problem\n", "line 2"],
    ),
    "in a part": ("%%dj manual A\na : int8\n---\npart B\n-> master\nb : int9\n---\n", ["A", "line 6", "int9"]),
    "the separator": ("%%dj manual A\na : int8\n", ["line 2", "---"]),
    "half a definition": ("%%dj manual A\na :\n---\n", ["line 2", "^"]),
    "a name": ("%%dj manual my_table\na : int8\n---\n", ["line 1", "CamelCase", "^^^^^^^^"]),
    "twice": ("%%dj manual A\na : int8\n---\nmanual A\na : int8\n---\n", ["line 4", "declared twice"]),
    "an option": ("%%dj manual A --replase\na : int8\n---\n", ["line 1", "--replase", "did you mean --replace"]),
    "a tier": ("%%dj manaul A\na : int8\n---\n", ["line 1", "did you mean manual"]),
    "contents too short": (PARAMS + "3\n", ["line 9", "1 values for 3 attributes", "    3"]),
    "contents of a wrong type": (PARAMS + "x, 1, fast\n", ["line 9", "params", "^"]),
    "contents of a wrong enum": (PARAMS + "4, 1, fats\n", ["line 9", "mode", "fats"]),
    "contents of a manual table": ("%%dj manual A\na : int8\n---\ncontents:\n1\n", ["line 5", "only lookup tables"]),
    "Python": ("%%dj computed A\na : int8\n---\ndef make(self, key)\n    pass\n", ["line 4", "no Python", "^"]),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.backends("sqlite")
def test_faults_are_short_and_have_a_line(lab, schema_name, name):
    cell, words = FAULTS[name]
    failed = lab.fail(cell)
    for word in words:
        assert word in failed.text
    assert len(failed.text.splitlines()) <= 14
    assert isinstance(failed.error, dj.DataJointError)
    assert dj.Schema(schema_name).list_tables() == [], "nothing of a faulty cell is declared"


def test_a_fault_below_leaves_the_tables_above_undeclared(lab, schema_name):
    lab.fail(IMAGE + "\nmanual B\n-> Nobody\n---\n")
    assert dj.Schema(schema_name).list_tables() == []
    assert "Image" not in lab.names


def test_the_name_of_a_master_may_hide_behind_another_tier(lab):
    lab.run(IMAGE)
    failed = lab.fail(IMAGE.replace("manual", "lookup"))
    assert "line 1" in failed.text
    assert "manual" in failed.text
