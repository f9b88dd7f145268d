"""Makes three schemas with the reference 0.14: every type and structure that it has, external stores included."""

import datetime as dt
import decimal
import os
import uuid

os.environ["DJ_SUPPORT_FILEPATH_MANAGEMENT"] = "TRUE"
os.environ["DJ_SUPPORT_ADAPTED_TYPES"] = "TRUE"

from exchange import FOLDER, NAME, QUESTION, answer, dj, np, rows_of

assert QUESTION["backend"] == "mysql"
store, stage = FOLDER / "store", FOLDER / "stage"
store.mkdir(exist_ok=True)
stage.mkdir(exist_ok=True)
dj.config["stores"] = {
    "raw": {"protocol": "file", "location": str(store), "stage": str(stage), "subfolding": (2, 2)},
    "flat": {"protocol": "file", "location": str(store), "subfolding": ()},
}
dj.errors._switch_filepath_types(True)
dj.errors._switch_adapted_types(True)


class Doubled(dj.AttributeAdapter):
    attribute_type = "longblob"

    def put(self, obj):
        return {"half": obj}

    def get(self, value):
        return value["half"] * 2


doubled = Doubled()
base = dj.schema(NAME)
schema = dj.schema(NAME + "_b")
last = dj.schema(NAME + "_c")


@base
class Person(dj.Lookup):
    definition = """
    # people
    person : varchar(12)  # a short name
    """
    contents = [("ann",), ("bob",)]


@base
class Subject(dj.Manual):
    definition = """
    # subjects
    subject_id : int unsigned  # the id
    ---
    -> [nullable] Person.proj(keeper='person')
    nick = '' : varchar(30)  # a name: short
    sex : enum("M", "F", 'U')
    is_active : boolean
    weight = null : float
    born = null : date
    entered = CURRENT_TIMESTAMP : timestamp
    index (nick)
    unique index (sex, nick, subject_id)
    """


@schema
class Session(dj.Manual):
    definition = """
    -> Subject
    session : smallint unsigned
    ---
    session_start : datetime
    -> Person
    notes = null : longblob
    """

    class Attribute(dj.Part):
        definition = """
        -> master
        attribute_name : varchar(32)
        ---
        attribute_value = '' : varchar(2000)
        attribute_blob = null : longblob
        """


@schema
class Parameters(dj.Lookup):
    definition = """
    parameters : tinyint
    ---
    gain : double
    """
    contents = [(1, 0.5), (2, 2.0)]


@schema
class Scan(dj.Imported):
    definition = """
    -> Session
    ---
    image : longblob  # the picture
    """

    def make(self, key):
        self.insert1(dict(key, image=np.arange(4, dtype="uint8").reshape(2, 2) + key["session"]))


@last
class Analysis(dj.Computed):
    definition = """
    -> Scan
    -> Parameters
    ---
    mean : float
    """

    class Pixel(dj.Part):
        definition = """
        -> master
        pixel : int
        ---
        value : decimal(7,3)
        """

    def make(self, key):
        image = (Scan & key).fetch1("image")
        if key["parameters"] == 2 and key["session"] == 2:
            raise ValueError("no such luck")
        self.insert1(dict(key, mean=image.mean()))
        self.Pixel.insert(dict(key, pixel=n, value=decimal.Decimal(int(v)) / 2) for n, v in enumerate(image.flat))


@last
class Kinds(dj.Manual):
    definition = """
    # a column of each type
    kind_id : bigint
    ---
    tiny : tinyint
    tiny_unsigned : tinyint unsigned
    small : smallint
    medium : mediumint
    medium_unsigned : mediumint unsigned
    plain = 4 : int
    plain_sized = 5 : int(11)
    big_unsigned : bigint unsigned
    flag : bool
    single : float
    double_unsigned : double unsigned
    exact = 1.5 : decimal(9,4)
    numeric_one : numeric(6,2)
    letters : char(6)
    words = "it's" : varchar(80)
    choice = "b c" : enum('a', "b c", 'd')
    day = "2000-01-01" : date
    moment : datetime
    moment_fine : datetime(3)
    stamp : timestamp
    clock : time
    at_year : year
    small_blob : blob
    medium_blob : mediumblob
    value = null : longblob  # anything
    ident : uuid
    o_ident = null : uuid
    file = null : attach  # a file
    twice = null : <doubled>
    """


@last
class Stored(dj.Manual):
    definition = """
    # what lies in stores
    stored_id : int
    ---
    array : blob@raw  # an array
    array_flat = null : blob@flat
    file = null : attach@raw
    path = null : filepath@raw
    """


note = FOLDER / "note.txt"
note.write_bytes(b"\0 a note\n" * 5)
inside = stage / "sub" / "data.bin"
inside.parent.mkdir(exist_ok=True)
inside.write_bytes(b"0123456789")

Subject.insert(
    [
        dict(subject_id=1, keeper="ann", nick="one", sex="M", is_active=True, weight=0.1, born="2020-01-02"),
        dict(subject_id=2, keeper=None, nick="", sex="F", is_active=False, weight=None, born=None),
        dict(
            subject_id=2**32 - 1,
            keeper="bob",
            nick="trois ü",
            sex="U",
            is_active=True,
            weight=16777217.0,
            born="1999-01-01",
        ),
    ]
)
Session.insert(
    [
        dict(subject_id=1, session=1, session_start="2024-01-01 10:11:12", person="ann", notes={"a": [1, 2]}),
        dict(subject_id=1, session=2, session_start="2024-01-02", person="bob", notes=None),
        dict(subject_id=2, session=1, session_start="2024-01-03", person="bob", notes="words"),
    ]
)
Session.Attribute.insert1(dict(subject_id=1, session=1, attribute_name="x", attribute_blob=np.array([1 + 2j, 0])))
Scan.populate()
Analysis.populate(reserve_jobs=True, suppress_errors=True)
blobs = [np.arange(12.0).reshape(3, 4), {"a": 1, "b": [1, (2, 3)]}, None]
for number in range(3):
    Kinds.insert1(
        dict(
            kind_id=number - 1,
            tiny=[-128, 0, 127][number],
            tiny_unsigned=[0, 1, 255][number],
            small=number,
            medium=-(2**23),
            medium_unsigned=2**24 - 1,
            big_unsigned=[0, 1, 2**64 - 1][number],
            flag=number % 2,
            single=number / 3,
            double_unsigned=number / 3,
            numeric_one="1234.56",
            letters=["abcdef", "a", ""][number],
            moment=dt.datetime(2024, 2, 29, 23, 59, 59),
            moment_fine=dt.datetime(2024, 2, 29, 23, 59, 59, number * 1000),
            stamp=dt.datetime(2024, 7, 1, 12),
            clock=dt.timedelta(hours=number, seconds=1),
            at_year=2000 + number,
            small_blob=number,
            medium_blob=[[number]],
            value=blobs[number],
            ident=uuid.UUID(int=number),
            o_ident=[None, uuid.UUID(int=9), None][number],
            file=[None, str(note), None][number],
            twice=[0, 21, 1.5][number],
        )
    )
    Stored.insert1(
        dict(
            stored_id=number,
            array=np.arange(number + 1),
            array_flat=[np.ones((2, 1)), {"k": "v"}, "text"][number],
            file=[str(note), None, None][number],
            path=[None, str(inside), None][number],
        )
    )

dj.config["download_path"] = str(FOLDER)
tables = {
    "Person": (base, Person),
    "Subject": (base, Subject),
    "Session": (schema, Session),
    "Session.Attribute": (schema, Session.Attribute),
    "Parameters": (schema, Parameters),
    "Scan": (schema, Scan),
    "Analysis": (last, Analysis),
    "Analysis.Pixel": (last, Analysis.Pixel),
    "Kinds": (last, Kinds),
    "Stored": (last, Stored),
}
answer(
    rows={name: rows_of(table) for name, (_, table) in tables.items()},
    schemas={name: where.database for name, (where, _) in tables.items()},
    jobs=rows_of(last.jobs),
    definitions={name: table.definition for name, (_, table) in tables.items()},
    stores=dj.config["stores"],
)
