"""Lists the reference's public names, by owner."""

import inspect
import json
import os
import warnings

warnings.simplefilter("ignore")
os.environ["DJ_IGNORE_CONFIG_FILE"] = "1"

import datajoint as dj  # noqa: E402
import datajoint.heading  # noqa: E402

try:
    from datajoint.jobs import Job
except ImportError:
    Job = None


def public(owner, but=()):
    return sorted(name for name in dir(owner) if not name.startswith("_") and name not in but)


manual = public(dj.Manual)
found = {
    "datajoint": sorted(dj.__all__),
    "Schema": public(dj.Schema),
    "Table": manual,
    "AutoPopulate": public(dj.Computed, manual),
    "Part": public(dj.Part, manual),
    "Connection": public(dj.Connection),
    "Diagram": public(dj.Diagram, public(dj.Diagram.__mro__[1])),
    "Heading": public(datajoint.heading.Heading),
    "U": public(dj.U),
    "Top": public(dj.Top),
    "errors": [name for name in public(dj.errors) if inspect.isclass(getattr(dj.errors, name))],
}
if Job is not None:
    found["Job"] = public(Job, manual)
    found["Codec"] = public(dj.Codec)
    found["ObjectRef"] = public(dj.ObjectRef)
print("\n" + json.dumps(found))
