"""Runs public packages of the existing implementation, unedited, on this library: declares, fills, queries, draws.

Runs in our interpreter with the packages on its path: `elements.py URL PREFIX FOLDER`.
"""

import json
import sys
import types
import warnings
from pathlib import Path

warnings.simplefilter("error")
warnings.filterwarnings("ignore", category=DeprecationWarning, module="(?!datajoint_lab).*")
warnings.filterwarnings("ignore", "DJ_", UserWarning)

import datajoint_lab  # noqa: E402
import datajoint_lab.compat  # noqa: E402

URL, PREFIX, FOLDER = sys.argv[1], sys.argv[2], Path(sys.argv[3])
datajoint_lab.connect(URL)

import datajoint as dj  # noqa: E402
import numpy as np  # noqa: E402

dj.config["safemode"] = False
dj.config["custom"] = {"database.prefix": PREFIX, "imaging_root_data_dir": str(FOLDER)}

from element_animal import genotyping, subject, surgery  # noqa: E402
from element_calcium_imaging import imaging_no_curation as imaging  # noqa: E402
from element_calcium_imaging import scan  # noqa: E402
from element_event import event, trial  # noqa: E402
from element_lab import lab, project  # noqa: E402
from element_session import session_with_datetime as session  # noqa: E402

assert dj.config["custom"]["database.prefix"] == PREFIX

# --- activate ------------------------------------------------------------------------------------

link = types.ModuleType("pipeline")
for name in ("Lab", "Source", "User", "Protocol", "Location", "Device"):
    setattr(link, name, getattr(lab, name))
link.Experimenter = lab.User
link.Equipment = lab.Device
link.get_imaging_root_data_dir = lambda: [FOLDER]
link.get_image_files = lambda key, pattern: sorted(FOLDER.glob(pattern))
link.get_experiment_root_data_dir = lambda: str(FOLDER)

lab.activate(PREFIX + "lab")
project.activate(PREFIX + "project", linking_module=link)
subject.activate(PREFIX + "subject", linking_module=link)
genotyping.activate(PREFIX + "genotyping", PREFIX + "subject", linking_module=link)
link.Subject, link.Project = subject.Subject, project.Project
surgery.activate(PREFIX + "surgery", linking_module=link)
session.activate(PREFIX + "session", linking_module=link)
link.Session = session.Session
trial.activate(PREFIX + "trial", PREFIX + "event", linking_module=link)
imaging.activate(PREFIX + "imaging", PREFIX + "scan", linking_module=link)

# --- insert --------------------------------------------------------------------------------------

lab.Organization.insert1(("uni", "University", "", ""))
lab.Lab.insert1(dict(lab="labA", lab_name="The lab", address="Street 1", time_zone="UTC+1"))
lab.Lab.Organization.insert1(("labA", "uni"))
lab.Location.insert1(("labA", "room", "a room"))
lab.UserRole.insert([("PI",), ("Postdoc",)])
lab.User.insert1(dict(user="ann", user_email="ann@example.org"))
lab.User.insert([("bob", "", "", "Bob")])
lab.LabMembership.insert([dict(lab="labA", user="ann", user_role="PI"), dict(lab="labA", user="bob", user_role=None)])
lab.ProtocolType.insert1(("IACUC",))
lab.Protocol.insert1(("p1", "IACUC", ""))
lab.Source.insert1(dict(source="JAX", source_name="Jackson"))
lab.Device.insert1(dict(device="scanner", modality="imaging"))
project.Project.insert1(dict(project="proj", project_title="A project", project_start_date="2020-01-01"))
project.ProjectPersonnel.insert1(("proj", "ann"))
subject.Line.insert1(dict(line="wt", is_active=True))
subject.Allele.insert1(("a1", ""))
subject.Line.Allele.insert1(("wt", "a1"))
subject.Strain.insert1(("c57", "C57Bl/6", ""))
subject.Subject.insert(
    [dict(subject=f"s{n}", sex="MFU"[n], subject_birth_date=f"2020-01-0{n + 1}") for n in range(3)],
    skip_duplicates=True,
)
subject.Subject.Protocol.insert1(("s0", "p1"))
subject.Subject.Line.insert1(("s0", "wt"))
subject.Subject.Lab.insert1(("s0", "labA", "alias"))
subject.Zygosity.insert1(("s0", "a1", "Present"))
genotyping.BreedingPair.insert1(dict(line="wt", breeding_pair="bp"))
genotyping.BreedingPair.Father.insert1(("wt", "bp", "s0"))
genotyping.BreedingPair.Mother.insert1(("wt", "bp", "s1"))
surgery.BrainRegion.insert1(("V1", "visual cortex"))
implant = dict(
    subject="s0",
    implant_date="2021-01-01",
    implant_type="fiber",
    target_region="V1",
    target_hemisphere="left",
    surgeon="bob",
)
surgery.Implantation.insert1(implant)
surgery.Implantation.Coordinate.insert1({**implant, "ap": 1.5, "ap_ref": "bregma"}, ignore_extra_fields=True)
session_key = dict(subject="s0", session_datetime="2021-02-03 10:11:12")
session.Session.insert1(session_key)
session.Session.Attribute.insert1({**session_key, "attribute_name": "x", "attribute_blob": np.arange(3)})
session.SessionDirectory.insert1({**session_key, "session_dir": "here"})
session.SessionExperimenter.insert1({**session_key, "user": "ann"})
session.ProjectSession.insert1({**session_key, "project": "proj"})

event.EventType.insert([("center", ""), ("left", ""), ("right", "")])
event.BehaviorRecording.insert1(session_key)
event.Event.insert(
    [
        dict(session_key, event_type=kind, event_start_time=start + n * 10)
        for n in range(3)
        for kind, start in (("left", 1), ("center", 2), ("right", 3))
    ],
    allow_direct_insert=True,
)
event.AlignmentEvent.insert1(
    dict(
        alignment_name="al",
        alignment_event_type="center",
        alignment_time_shift=0,
        start_event_type="left",
        start_time_shift=0,
        end_event_type="right",
        end_time_shift=0.5,
    )
)
trial.TrialType.insert1(("stim", ""))
trial.Trial.insert(
    [
        dict(session_key, trial_id=n, trial_type="stim", trial_start_time=n * 10, trial_stop_time=n * 10 + 9.5)
        for n in range(3)
    ],
    allow_direct_insert=True,
)

# --- query ---------------------------------------------------------------------------------------

assert (subject.Subject & "sex = 'F'").fetch1("subject") == "s1"
assert list(subject.Subject.fetch("subject", order_by="subject DESC")) == ["s2", "s1", "s0"]
assert (genotyping.BreedingPair.Father * genotyping.BreedingPair.Mother).fetch1("father", "mother") == ("s0", "s1")
assert len(subject.Subject - subject.SubjectDeath) == 3
assert (subject.Subject.Line * subject.Line).fetch1("is_active") == 1
assert (lab.LabMembership & "user_role IS NULL").fetch1("KEY") == {"lab": "labA", "user": "bob"}
counted = subject.Subject.aggr(session.Session, n="count(session_datetime)").fetch("n", order_by="subject")
assert list(counted) == [1, 0, 0]
assert session.Session.Attribute.fetch1("attribute_blob").tolist() == [0, 1, 2]
assert len(session.ProjectSession * project.Project * session.SessionDirectory) == 1
assert surgery.Implantation.Coordinate.fetch1("ap") == 1.5
keys, starts = (trial.Trial ^ session_key).fetch("KEY", "trial_start_time", order_by="trial_id")
assert [key["trial_id"] for key in keys] == [0, 1, 2] and starts.tolist() == [0, 10, 20]
inside = event.Event & {"event_type": "center"} & "event_start_time BETWEEN 5 AND 15"
assert [float(value) for value in inside.fetch("event_start_time", order_by="event_start_time DESC", limit=1)] == [12]

# --- draw ----------------------------------------------------------------------------------------

drawn = dj.Diagram(subject) + dj.Diagram(session) + dj.ERD(trial.schema)
picture = drawn.make_svg().data
assert picture.startswith("<") and "Subject" in picture and "TrialType" in picture
(dj.Diagram(imaging.Processing) - 1 + 1).save(FOLDER / "imaging.svg")

# --- populate ------------------------------------------------------------------------------------

rng = np.random.default_rng(0)
frames, cells = 50, 4
plane = FOLDER / "suite2p" / "plane0"
plane.mkdir(parents=True)
shifts = rng.normal(size=frames)
ops = dict(
    yoff=shifts,
    xoff=-shifts,
    badframes=np.zeros(frames, bool),
    nonrigid=True,
    block_size=[8, 8],
    nblocks=[2, 2],
    xblock=[np.array([0, 8])] * 4,
    yblock=[np.array([0, 8])] * 4,
    yoff1=rng.normal(size=(frames, 4)),
    xoff1=rng.normal(size=(frames, 4)),
    refImg=rng.random((16, 16)),
    meanImg=rng.random((16, 16)),
    Vcorr=rng.random((16, 16)),
    max_proj=rng.random((16, 16)),
    align_by_chan=1,
    functional_chan=1,
)
np.save(plane / "ops.npy", ops)
np.save(plane / "F.npy", rng.random((cells, frames)).astype("float32"))
np.save(plane / "Fneu.npy", rng.random((cells, frames)).astype("float32"))
np.save(plane / "spks.npy", rng.random((cells, frames)).astype("float32"))
np.save(plane / "iscell.npy", np.array([[1, 0.9], [0, 0.2], [1, 0.8], [1, 0.7]]))
stat = [
    dict(npix=5, med=[3, 4], xpix=np.arange(5), ypix=np.arange(5)[::-1] * np.arange(5), lam=rng.random(5))
    for _ in range(cells)
]
np.save(plane / "stat.npy", np.array(stat, dtype=object))

scan_key = dict(session_key, scan_id=0)
scan.Scan.insert1(dict(scan_key, device="scanner", acq_software="ScanImage"))
scan.ScanLocation.insert1(dict(scan_key, lab="labA", location="room"))
scan.ScanInfo.insert1(
    dict(scan_key, nfields=1, nchannels=1, ndepths=1, nframes=frames, nrois=0, fps=10, bidirectional=True),
    allow_direct_insert=True,
)
scan.ScanInfo.Field.insert1(
    dict(scan_key, field_idx=0, px_height=16, px_width=16, um_height=32, um_width=32, field_z=0),
    allow_direct_insert=True,
)
imaging.ProcessingParamSet.insert_new_params("suite2p", 0, "as it comes", {"tau": 1.0, "sets": [1, (2, 3)]})
imaging.ProcessingParamSet.insert_new_params("suite2p", 0, "as it comes", {"tau": 1.0, "sets": [1, (2, 3)]})
imaging.ProcessingTask.insert1(dict(scan_key, paramset_idx=0, processing_output_dir="suite2p", task_mode="load"))
for table in (
    imaging.Processing,
    imaging.MotionCorrection,
    imaging.Segmentation,
    imaging.Fluorescence,
    imaging.Activity,
):
    assert table.progress(display=False)[0] == 1, table
    table.populate(display_progress=False)
    assert table.progress(display=False)[0] == 0, table
assert (imaging.ProcessingParamSet & {"paramset_idx": 0}).fetch1("params") == {"tau": 1.0, "sets": [1, (2, 3)]}
assert len(imaging.Segmentation.Mask & imaging.MaskClassification.MaskType) == 3
assert imaging.Fluorescence.Trace.fetch("fluorescence", order_by="mask")[2].dtype == np.float32
assert len(imaging.MotionCorrection.Block()) == 4
traces = (imaging.Activity.Trace & {"mask": 1}).fetch1("activity_trace")
assert traces.tolist() == np.load(plane / "spks.npy")[1].tolist()
assert "Mask" in repr(imaging.Segmentation.Mask())

# --- delete --------------------------------------------------------------------------------------

(session.Session & session_key).delete()
assert len(imaging.Activity.Trace()) == len(trial.Trial()) == len(event.Event()) == 0
assert len(subject.Subject()) == 3

print(json.dumps({"tables": sorted(imaging.schema.list_tables())}))
