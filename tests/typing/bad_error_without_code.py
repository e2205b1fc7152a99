"""An error has a code."""

from szunion.errors import Conflict

raise Conflict(message="something is wrong")  # bad: call-arg
