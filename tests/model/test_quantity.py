"""CPU, memory and durations: exact, bounded, refused in words."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.errors import QuantityError
from orchestrator.model.quantity import (
    MAX_CPU_MILLICORES,
    MAX_DURATION_S,
    MAX_MEMORY_BYTES,
    format_cpu,
    format_duration,
    format_memory,
    parse_cpu,
    parse_duration,
    parse_memory,
)
from tests.model.calm import calm


@pytest.mark.parametrize(
    ("value", "millicores"),
    [
        (2, 2000),
        (0.5, 500),
        (1.001, 1001),
        (0, 0),
        ("250m", 250),
        ("2", 2000),
        ("0.057", 57),
        ("1500.0m", 1500),
        (10**6, MAX_CPU_MILLICORES),
    ],
)
def test_cpu(value: object, millicores: int) -> None:
    assert parse_cpu(value) == millicores


@pytest.mark.parametrize(
    ("value", "memory_bytes"),
    [
        ("64Mi", 64 * 2**20),
        ("1.5Gi", 3 * 2**29),
        ("200M", 200_000_000),
        ("0.29G", 290_000_000),
        ("1k", 1000),
        ("1K", 1000),
        ("1Ki", 1024),
        ("0.1Ki", 103),
        ("8192Ti", MAX_MEMORY_BYTES),
        (134217728, 128 * 2**20),
        ("0", 0),
    ],
)
def test_memory(value: object, memory_bytes: int) -> None:
    assert parse_memory(value) == memory_bytes


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("500ms", 0.5),
        ("2s", 2.0),
        ("1m30s", 90.0),
        ("1h1m1s1ms", 3661.001),
        ("0.1s", 0.1),
        ("1.5h", 5400.0),
        ("0s", 0.0),
        (2, 2.0),
        (0.25, 0.25),
        ("8784h", MAX_DURATION_S),
    ],
)
def test_duration(value: object, seconds: float) -> None:
    assert parse_duration(value) == seconds


CPU_HINT = ' (write cores or millicores such as 0.5 or "250m")'
FINEST_CPU = " (the smallest step is 1m, a thousandth of a core)"
MEMORY_HINT = ' (write a size such as "64Mi" or "1Gi")'
DURATION_HINT = ' (write "500ms", "2s" or "1m30s")'
REFUSED: list[tuple[Callable[[object], float], object, str]] = [
    (parse_cpu, "5 apples", "'5 apples' is no cpu" + CPU_HINT),
    (parse_cpu, "", "'' is no cpu" + CPU_HINT),
    (parse_cpu, True, "true is no cpu" + CPU_HINT),
    (parse_cpu, None, "nothing is no cpu" + CPU_HINT),
    (parse_cpu, [1], "a list is no cpu" + CPU_HINT),
    (parse_cpu, {}, "a mapping is no cpu" + CPU_HINT),
    (parse_cpu, "2k", "unknown cpu unit 'k' in '2k'" + CPU_HINT),
    (parse_cpu, -1, "cpu -1 is negative" + CPU_HINT),
    (parse_cpu, "-250m", "cpu '-250m' is negative" + CPU_HINT),
    (parse_cpu, float("nan"), "cpu nan is not finite" + CPU_HINT),
    (
        parse_cpu,
        "0.5m",
        "cpu '0.5m' is finer than 1m" + FINEST_CPU,
    ),
    (
        parse_cpu,
        0.0001,
        "cpu 0.0001 is finer than 1m" + FINEST_CPU,
    ),
    (parse_cpu, 10**6 + 1, "cpu 1000001 is more than a million cores" + CPU_HINT),
    (parse_cpu, 10**5000, "cpu a number beyond all bounds is more than a million cores" + CPU_HINT),
    (parse_cpu, "9" * 90, f"'{'9' * 40}…' is no cpu" + CPU_HINT),
    (parse_cpu, "２", "'２' is no cpu" + CPU_HINT),
    (parse_memory, "64MB", "unknown memory unit 'MB' in '64MB' (use Ki, Mi, Gi, Ti or k, M, G, T)"),
    (parse_memory, "64 Mi", "'64 Mi' is no memory" + MEMORY_HINT),
    (parse_memory, "1e9", "'1e9' is no memory" + MEMORY_HINT),
    (parse_memory, "-1Gi", "memory '-1Gi' is negative" + MEMORY_HINT),
    (parse_memory, float("inf"), "memory inf is not finite" + MEMORY_HINT),
    (parse_memory, "8193Ti", "memory '8193Ti' is more than 8192Ti" + MEMORY_HINT),
    (parse_duration, "10 seconds", "'10 seconds' is no duration" + DURATION_HINT),
    (parse_duration, "10", "'10' is no duration" + DURATION_HINT),
    (parse_duration, "1m" * 5, "'1m1m1m1m1m' is no duration" + DURATION_HINT),
    (parse_duration, "1s" * 50, f"'{'1s' * 20}…' is no duration" + DURATION_HINT),
    (parse_duration, "-2s", "duration '-2s' is negative" + DURATION_HINT),
    (parse_duration, -2, "duration -2 is negative" + DURATION_HINT),
    (parse_duration, False, "false is no duration" + DURATION_HINT),
    (parse_duration, "0.5ms", "duration '0.5ms' is finer than 1ms (the smallest step is 1ms)"),
    (parse_duration, "8785h", "duration '8785h' is more than a year (8784h is the most)"),
]


@pytest.mark.parametrize(("parse", "value", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused(parse: Callable[[object], float], value: object, message: str) -> None:
    with pytest.raises(QuantityError) as error:
        parse(value)
    assert str(error.value) == message


@calm
@given(st.integers(0, MAX_CPU_MILLICORES))
def test_printed_cpu_reads_back(millicores: int) -> None:
    assert parse_cpu(format_cpu(millicores)) == millicores


@calm
@given(st.one_of(st.integers(0, MAX_MEMORY_BYTES), st.integers(0, 8192).map(lambda n: n * 2**40)))
def test_printed_memory_reads_back(memory_bytes: int) -> None:
    assert parse_memory(format_memory(memory_bytes)) == memory_bytes


@calm
@given(st.integers(0, MAX_DURATION_S * 1000).map(lambda milliseconds: milliseconds / 1000))
def test_printed_durations_read_back(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@calm
@given(st.text() | st.floats() | st.integers() | st.none() | st.booleans())
def test_any_value_is_read_or_refused(value: object) -> None:
    for parse in (parse_cpu, parse_memory, parse_duration):
        message = ""
        try:
            assert parse(value) >= 0
        except QuantityError as error:
            message = str(error)
        assert message.isprintable()


@pytest.mark.parametrize(
    ("text", "printed"),
    [("1024Mi", "1Gi"), ("1000k", "1000000"), ("1025Ki", "1025Ki"), ("0", "0")],
)
def test_memory_prints_in_the_largest_exact_unit(text: str, printed: str) -> None:
    assert format_memory(parse_memory(text)) == printed


@pytest.mark.parametrize(
    ("seconds", "printed"),
    [(0, "0s"), (0.5, "500ms"), (90, "1m30s"), (3600, "1h"), (1.5, "1500ms")],
)
def test_durations_print_short(seconds: float, printed: str) -> None:
    assert format_duration(seconds) == printed
