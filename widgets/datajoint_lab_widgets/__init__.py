"""Live views of tables in a notebook: what `Table.view()` shows.

>>> import datajoint_lab_widgets
>>> datajoint_lab_widgets.__all__
['TableView']
"""

from __future__ import annotations

from .table_view import TableView

__all__ = ["TableView"]
