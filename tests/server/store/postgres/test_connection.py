from __future__ import annotations

import pytest
from axonize_server.model import InvalidQuery, StoreUnavailable
from axonize_server.store.postgres.connection import Postgres


def test_every_statement_is_committed_at_once(postgres):
    with postgres.connection() as first:
        first.execute("CREATE TABLE committed ()")
        with postgres.connection() as second:
            second.execute("DROP TABLE committed")


def test_a_database_that_does_not_answer_is_unavailable():
    nobody = Postgres("postgresql://user@127.0.0.1:1/none")
    with pytest.raises(StoreUnavailable, match="PostgreSQL does not answer"), nobody.connection():
        pass
    assert nobody.ping() is False


def test_it_answers(postgres):
    assert postgres.ping() is True


def test_text_that_no_column_holds_is_the_askers_mistake(postgres):
    with pytest.raises(InvalidQuery, match="NUL"), postgres.connection() as connection:
        connection.execute("SELECT %s", ["a\0b"])
