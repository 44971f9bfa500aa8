"""Columns of `spans`, built in C."""

_Keys = tuple[tuple[str, float], ...]
_Columns = tuple[tuple[str, str, _Keys], ...]

class Block:
    """Rows of spans, as ClickHouse's Native format has them."""

    def __init__(
        self,
        span_columns: _Columns,
        resource_columns: _Columns,
        gpu_fields: tuple[str, ...],
        bounds: tuple[int, int, int, int, int, int],
    ) -> None: ...
    def add(self, tenant: str, body: bytes) -> tuple[int, int, int, int] | None: ...
    def data(self) -> bytes: ...
    def clear(self) -> int: ...

def set_powers_of_ten(table: bytes) -> None: ...
def fail_allocation(after: int) -> None: ...
