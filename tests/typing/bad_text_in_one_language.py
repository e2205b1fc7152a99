"""A text without its English is not a text."""

from szunion.text import Text

label = Text("在籍")  # bad: call-arg
