"""Makes two schemas with the reference 2.x: every type and structure that it has."""

import datetime as dt
import decimal
import uuid

from exchange import FOLDER, NAME, QUESTION, answer, dj, np, rows_of

MYSQL = QUESTION["backend"] == "mysql"
schema = dj.Schema(NAME)
other = dj.Schema(NAME + "_b")


@schema
class Subject(dj.Manual):
    definition = """
    # subjects, with 'apostrophes'
    subject_id : int32  # the id
    ---
    subject_name = "x" : varchar(30)  # (cm) a name; with: colons
    sex = 'U' : enum('M', 'F', 'U')
    born : date
    index (subject_name)
    unique index (born, sex, subject_name)
    """


@schema
class Method(dj.Lookup):
    definition = """
    # ways to look at it
    method : varchar(16)
    ---
    threshold : float64
    """
    contents = [("simple", 0.5), ("complex", 2.25)]


@schema
class Code(dj.Lookup):
    definition = """
    # keys that the servers store in types of their own
    code : char(3)
    side : enum('left', 'right')
    ---
    words = '' : varchar(20)
    """
    contents = [("a", "left", "one"), ("b", "right", "two"), ("b", "left", "three")]


@schema
class Session(dj.Manual):
    definition = """
    -> Subject
    session : int16
    ---
    -> [nullable] Subject.proj(partner='subject_id')
    -> [nullable, unique] Method.proj(favourite='method')
    session_start : datetime
    """


@schema
class Alone(dj.Manual):
    definition = """
    # one row
    ---
    version : varchar(8)
    """


@schema
class Scan(dj.Imported):
    definition = """
    -> Session
    ---
    image : <blob>
    """

    class Plane(dj.Part):
        definition = """
        -> master
        plane : int8
        ---
        depth : float32  # um
        """

    def make(self, key):
        self.insert1({**key, "image": np.arange(6, dtype="float32").reshape(2, 3) * key["session"]})
        self.Plane.insert([{**key, "plane": plane, "depth": plane / 3} for plane in range(2)])


@schema
class Analysis(dj.Computed):
    definition = """
    -> Scan
    -> Method
    ---
    result : float64
    """

    def make(self, key):
        if key["method"] == "complex":
            raise ValueError("it is too complex")
        self.insert1({**key, "result": float((Scan & key).fetch1("image").sum())})


@other
class Report(dj.Manual):
    definition = """
    -> Analysis
    ---
    -> Subject.proj(reader='subject_id')
    words : varchar(255)
    """


NATIVE = (
    """
    n_tiny : tinyint unsigned
    n_small : smallint unsigned
    n_medium : mediumint
    n_int : int unsigned
    n_big : bigint unsigned
    n_time : time
    n_stamp : timestamp
    n_year : year
    n_text : text
    n_blob : longblob
    n_float : float
    n_double : double
    n_flag : tinyint(1)
    n_default = 7 : int unsigned
    """
    if MYSQL
    else """
    n_small : smallint
    n_int : integer
    n_big : bigint
    n_time : time
    n_stamp : timestamp
    n_text : text
    n_float : real
    n_default = 7 : integer
    """
)


@schema
class Kinds(dj.Manual):
    definition = f"""
    # a column of each type
    kind_id : int64
    ---
    i8 : int8
    i16 : int16
    i32 = -3 : int32
    i64 : int64
    f32 : float32
    f64 = 0.25 : float64
    flag : bool
    flag_default = 1 : bool
    name : varchar(40)
    name_default = "it's" : varchar(40)
    letters : char(4)
    choice = 'b' : enum('a', 'b', 'c d')
    money : decimal(9,4)
    day : date
    moment : datetime
    moment_now = CURRENT_TIMESTAMP : datetime
    moment_fine : datetime(6)
    words : json
    raw : bytes
    value : <blob>
    file : <attach>
    {"" if not MYSQL else "ident : uuid"}
    o_i32 = null : int32
    o_f64 = null : float64
    o_flag = null : bool
    o_name = null : varchar(40)
    o_choice = null : enum('x', 'y')
    o_money = null : decimal(5,2)
    o_day = null : date
    o_moment = null : datetime(3)
    o_words = null : json
    o_raw = null : bytes
    o_value = null : <blob>
    o_file = null : <attach>
    o_ident = null : uuid
    {NATIVE}
    """


Alone.insert1({"version": "1.0"})
Subject.insert([(1, "one", "M", "2020-01-02"), (2, "", "F", "2021-12-31"), (3, "trois ü", "U", "1999-01-01")])
Session.insert(
    [
        dict(subject_id=1, session=1, partner=None, favourite=None, session_start="2024-01-01 10:11:12"),
        dict(subject_id=1, session=2, partner=2, favourite="simple", session_start="2024-01-02"),
        dict(subject_id=2, session=1, partner=1, favourite=None, session_start="2024-01-03"),
    ]
)
Scan.populate()
Analysis.populate("method='simple'")
Analysis.populate(reserve_jobs=True, suppress_errors=True)
first = Analysis.keys(order_by="KEY")[0]
Report.insert1({**first, "reader": 3, "words": "good"})

note = FOLDER / "note.txt"
note.write_bytes(b"\0 a note\n" * 5)
text_like = [
    {"a": [1, 2.5, None, "x"], "b": {"ü": True}},
    [],
    "word" if MYSQL else {"word": 1},  # the reference cannot read a text in JSON back from PostgreSQL
]
blobs = [np.arange(12.0).reshape(3, 4), {"a": 1, "b": [1, (2, 3)]}, b"\0bytes"]
for number in range(3):
    row = dict(
        kind_id=number - 1,
        i8=[-128, 0, 127][number],
        i16=[-(2**15), 0, 2**15 - 1][number],
        i64=[-(2**63), 0, 2**63 - 1][number],
        f32=[2.0**100, -0.1, 16777217.0][number],
        f64=[1e300, -0.1, 5e-324][number],
        flag=bool(number % 2),
        name=["", "añ'\\b%s", "é " if MYSQL else "𝄞 音 "][number],
        letters=["abcd", "a", ""][number],
        money=decimal.Decimal(["12345.6789", "-0.0001", "0"][number]),
        day=dt.date(1970 + number, 2, 28),
        moment=dt.datetime(2024, 2, 29, 23, 59, 58 + min(number, 1)),
        moment_fine=dt.datetime(2024, 2, 29, 23, 59, 59, [0, 1, 999999][number]),
        words=text_like[number],
        raw=[b"", b"\0\xff", bytes(range(256))][number],
        value=blobs[number],
        file=str(note),
        n_small=number,
        n_int=number,
        n_big=number,
        n_time=dt.timedelta(hours=number, seconds=1) if MYSQL else dt.time(number, 0, 1),
        n_stamp=dt.datetime(2024, 1, 1 + number, 3, 4, 5),
        n_text="text %d" % number,
        n_float=number / 3,
    )
    if MYSQL:
        row.update(
            ident=uuid.UUID(int=number),
            n_tiny=[0, 200, 255][number],
            n_int=2**32 - 1,
            n_big=2**64 - 1,
            n_medium=-(2**23),
            n_year=2000 + number,
            n_blob=[b"raw", b"\0\1", b""][number],
            n_flag=number % 2,
            n_double=number / 3,
        )
    if number == 1:
        row.update(
            o_i32=1,
            o_f64=0.1,
            o_flag=True,
            o_name="",
            o_choice="y",
            o_money="1.25",
            o_day="2000-01-01",
            o_moment=dt.datetime(2000, 1, 1, 1, 1, 1, 250000),
            o_words={"k": 1},
            o_raw=b"x",
            o_value=[1, 2],
            o_file=str(note),
        )
        if MYSQL:
            row.update(o_ident=uuid.UUID(int=7))
    Kinds.insert1(row)

tables = {
    "Subject": Subject,
    "Method": Method,
    "Code": Code,
    "Session": Session,
    "Alone": Alone,
    "Scan": Scan,
    "Scan.Plane": Scan.Plane,
    "Analysis": Analysis,
}
# The reference cannot read its own attachments back from PostgreSQL.
kinds = Kinds() if MYSQL else Kinds.proj(..., "-file", "-o_file")
dj.config["download_path"] = str(FOLDER)
answer(
    rows={**{name: rows_of(table) for name, table in tables.items()}, "Kinds": rows_of(kinds)},
    other={"Report": rows_of(Report)},
    jobs=rows_of(Analysis.jobs),
    definitions={name: table.definition for name, table in [*tables.items(), ("Kinds", Kinds)]},
)
