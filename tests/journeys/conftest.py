"""What every journey starts from."""

from collections.abc import Iterator

import pytest
from redis import Redis


@pytest.fixture
def fresh_redis(redis_url: str) -> Iterator[str]:
    """Redis without what other tests left in it."""
    Redis.from_url(redis_url).flushdb()
    yield redis_url
    Redis.from_url(redis_url).flushdb()
