"""One command of `%dj`: its name, how it is used, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..arguments import Arguments, Option, read_arguments
from ..place import Place
from ..session import Session


@dataclass(frozen=True)
class Command:
    """A command. `usage` begins with its name; `run` gets the session and the arguments, and returns what to show."""

    name: str
    usage: str
    about: str
    example: str
    run: Callable[[Session, Arguments], Any]
    options: Mapping[str, Option] = field(default_factory=dict)

    def __call__(self, session: Session, text: str, place: Place) -> Any:
        """Run the command on the text that stands behind its name."""
        return self.run(session, read_arguments(text, self.options, place))

    def help(self) -> str:
        """Usage, options and an example."""
        lines = [f"%dj {self.usage}", f"    {self.about}"]
        flags = {f"--{name} {option.value}".rstrip(): option.about for name, option in self.options.items()}
        width = max(map(len, flags), default=0)
        lines += [f"    {flag:<{width}}  {about}" for flag, about in flags.items()]
        return "\n".join([*lines, "example:", *(f"    {line}" for line in self.example.splitlines())])
