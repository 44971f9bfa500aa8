"""Engines with what they charge: busy and idle time of GPUs, joules, prices."""

from __future__ import annotations

from tests.ui.seeding import MODEL, Seeder

CARDS = tuple(f"GPU-{number}b5c6f1e-0f3a-4d52-9d0e-00000000000{number}" for number in range(4))
SMALL = "Qwen/Qwen3-1.7B"
MINUTE_MS = 60_000.0


def seed_costs(http: str) -> None:
    """Fill a server with two hours of two engines with prices, and one whose card has none."""
    seeder = Seeder(http)
    for minute in range(1, 120):
        busy = 100.0 if minute < 60 else 60.0  # of 120 s, more in the last hour
        _record(seeder, minute, "chat-0", "chat", MODEL, CARDS[:2], busy, 120 - busy, usd=9.8)
        _record(seeder, minute, "small-0", "search", SMALL, CARDS[2:3], 6.0, 54.0, usd=1.2)
    for minute in range(1, 5):
        _record(seeder, minute, "calls-old-0", "batch", "whisper", CARDS[3:], 30.0, 30.0, usd=0.0)
    seeder.send()


def _record(
    seeder: Seeder,
    minute: int,
    engine_id: str,
    service: str,
    model: str,
    cards: tuple[str, ...],
    busy_s: float,
    idle_s: float,
    usd: float,
) -> None:
    price = {"axonize__gpu__cost_per_hour_usd": usd} if usd else {}
    joules = {
        "axonize__gpu__energy_j": busy_s * 620,
        "axonize__gpu__idle_energy_j": idle_s * 95,
        "axonize__gpu__energy__source": "counter",
    }
    seeder.span(
        "engine.step",
        -minute * MINUTE_MS,
        1000,
        service=service,
        axonize__engine__id=engine_id,
        axonize__engine__name="vllm",
        gen_ai__request__model=model,
        axonize__step__number=200 - minute,
        axonize__step__total_tokens=round(busy_s * 900),
        axonize__step__ended_requests=round(busy_s),
        axonize__step__gpu_uuids=list(cards),
        axonize__gpu__count=len(cards),
        axonize__gpu__seconds=busy_s,
        axonize__gpu__idle_seconds=idle_s,
        **(joules if usd else {}),
        **price,
    )
