"""How the manual is built: Sphinx, MyST, furo. ``zh`` is the source, ``en`` its mirror."""

project = "szunion"
author = "the szunion authors"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["_build", "changelog.d"]
html_theme = "furo"
html_title = "szunion"
language = "zh_CN"
myst_heading_anchors = 3
suppress_warnings = ["misc.highlighting_failure"]  # Mermaid blocks stay text for readers without it
