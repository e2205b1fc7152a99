from collections.abc import Mapping

from xlsxwriter.format import Format

class Worksheet:
    def set_column(
        self, first: int, last: int, width: float | None = None, cell_format: Format | None = None
    ) -> int: ...
    def write_string(
        self, row: int, col: int, string: str, cell_format: Format | None = None
    ) -> int: ...
    def write_number(
        self, row: int, col: int, number: float, cell_format: Format | None = None
    ) -> int: ...
    def write_comment(
        self, row: int, col: int, comment: str, options: Mapping[str, object] | None = None
    ) -> int: ...
    def data_validation(
        self,
        first_row: int,
        first_col: int,
        last_row: int,
        last_col: int,
        options: Mapping[str, object],
    ) -> int: ...
    def merge_range(
        self,
        first_row: int,
        first_col: int,
        last_row: int,
        last_col: int,
        data: str,
        cell_format: Format | None = None,
    ) -> int: ...
    def freeze_panes(self, row: int, col: int) -> None: ...
    def hide(self) -> None: ...
