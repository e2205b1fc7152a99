"""Know the roster files of offices: reading them safely, writing those that go back."""

from szunion.adapters.roster.limits import Limits
from szunion.adapters.roster.reader import FileRosterReader, read_roster
from szunion.adapters.roster.writer import ExcelRosterWriter

__all__ = ["ExcelRosterWriter", "FileRosterReader", "Limits", "read_roster"]
