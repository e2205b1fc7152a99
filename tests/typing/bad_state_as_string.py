"""A state is a member of its enum, not a word."""

from szunion.domain.access import Role

role: Role = "C"  # bad: assignment
