"""psycopg 3 as a peer of `plinth-benches database`.

Reads a request on each line of standard input and answers it with a line on
standard output, as `benches/src/database/protocol.rs` describes.
"""

import asyncio
import platform
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import psycopg

STATEMENTS = Path(__file__).parent.parent / "statements"
ROWS = 10_000
RANGE_ROWS = 20
PIPELINE = 20
COPY_ROWS = 10_000
EVENT_TYPES = ["int8", "text", "int4", "bool"]

Book = tuple[int, str, str, int, bool, int, datetime]
Connection = psycopg.Connection[Book]
Cursor = psycopg.Cursor[Book]


def statement(name: str) -> str:
    """A statement that all peers send; binary parameters are `%b` here."""
    text = (STATEMENTS / f"{name}.sql").read_text()
    for number in range(1, 5):
        text = text.replace(f"${number}", "%b")
    return text


LIST, PRIMARY_KEY, RANGE, UPDATE, INSERT, COPY = (
    statement(name)
    for name in ("list", "primary_key", "range", "update", "insert", "copy")
)


def key(turn: int) -> int:
    """Keys far from each other, so that no page stays the only one that is read."""
    return 1 + turn * 7919 % ROWS


def event(number: int) -> tuple[int, str, int, bool]:
    """A row to insert."""
    return number, "The title of an event", 100 + number % 900, number % 3 != 0


def list_books(cursor: Cursor, _turn: int) -> None:
    rows = cursor.execute(LIST).fetchall()
    assert len(rows) == 50


def primary_key(cursor: Cursor, turn: int) -> None:
    row = cursor.execute(PRIMARY_KEY, (key(turn),)).fetchone()
    assert row


def parsed(cursor: Cursor, turn: int) -> None:
    row = cursor.execute(PRIMARY_KEY, (key(turn),), prepare=False).fetchone()
    assert row


def range_of_books(cursor: Cursor, turn: int) -> None:
    first = min(key(turn), ROWS - RANGE_ROWS)
    rows = cursor.execute(RANGE, (first, first + RANGE_ROWS - 1)).fetchall()
    assert len(rows) == RANGE_ROWS


def update(cursor: Cursor, turn: int) -> None:
    cursor.execute(UPDATE, (key(turn),))
    assert cursor.rowcount == 1


def sequential(cursor: Cursor, turn: int) -> None:
    for number in range(PIPELINE):
        primary_key(cursor, turn * PIPELINE + number)


def send_together(cursor: Cursor, first: int, count: int) -> None:
    """Sends queries in one pipeline, which one Sync ends."""
    keys = [(key(first + number),) for number in range(count)]
    cursor.executemany(PRIMARY_KEY, keys, returning=True)
    rows = [cursor.fetchone()]
    while cursor.nextset():
        rows.append(cursor.fetchone())
    assert len(rows) == count and all(rows)


def pipeline(cursor: Cursor, turn: int) -> None:
    send_together(cursor, turn * PIPELINE, PIPELINE)


def apart(cursor: Cursor, turn: int) -> None:
    primary_key(cursor, turn * 2)
    primary_key(cursor, turn * 2 + 1)


def together(cursor: Cursor, turn: int) -> None:
    send_together(cursor, turn * 2, 2)


def insert(cursor: Cursor, turn: int) -> None:
    cursor.execute(INSERT, event(turn))
    assert cursor.rowcount == 1


def copy(cursor: Cursor, turn: int) -> None:
    first = turn * COPY_ROWS
    with cursor.copy(COPY) as rows:
        rows.set_types(EVENT_TYPES)
        for number in range(first, first + COPY_ROWS):
            rows.write_row(event(number))
    assert cursor.rowcount == COPY_ROWS


class Operation(NamedTuple):
    """What is done, and how many operations one call of it counts for."""

    call: Callable[[Cursor, int], None]
    counts: int = 1


OPERATIONS = {
    "list": Operation(list_books),
    "primary-key": Operation(primary_key),
    "parsed": Operation(parsed),
    "range": Operation(range_of_books),
    "update": Operation(update),
    "sequential": Operation(sequential),
    "pipeline": Operation(pipeline),
    "apart": Operation(apart),
    "together": Operation(together),
    "insert": Operation(insert),
    "copy": Operation(copy, COPY_ROWS),
}


class Run(NamedTuple):
    """What one caller has done."""

    operations: int
    rate: float


def connect(url: str) -> Connection:
    # Every statement is prepared when it is first sent.
    return psycopg.connect(url, autocommit=True, prepare_threshold=0)


def call(operation: Operation, cursor: Cursor, caller: int, seconds: float) -> Run:
    """Calls an operation until the time is over."""
    turn = caller * ROWS
    first = turn
    began = perf_counter()
    deadline = began + seconds
    while (now := perf_counter()) < deadline:
        operation.call(cursor, turn)
        turn += 1
    operations = (turn - first) * operation.counts
    return Run(operations, operations / (now - began))


def run_threads(
    url: str, operation: Operation, callers: int, seconds: list[float]
) -> tuple[list[Run], float]:
    """Runs for each of these durations, and gives the last with its CPU time."""
    connections = [connect(url) for _ in range(callers)]
    cursors = [connection.cursor(binary=True) for connection in connections]
    runs: list[Run] = []
    cpu = 0.0
    for duration in seconds:
        runs, failures = [], []

        def caller(number: int) -> None:
            try:
                runs.append(call(operation, cursors[number], number, duration))
            except Exception as error:  # Told to whoever asked, by the caller below.
                failures.append(error)

        before = process_time()
        if callers == 1:
            caller(0)
        else:
            threads = [
                threading.Thread(target=caller, args=(number,)) for number in range(callers)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        cpu = process_time() - before
        if failures:
            raise failures[0]
    for connection in connections:
        connection.close()
    return runs, cpu


async def call_async(cursor: psycopg.AsyncCursor[Book], caller: int, seconds: float) -> Run:
    """Asks for rows by their keys until the time is over."""
    turn = caller * ROWS
    first = turn
    began = perf_counter()
    deadline = began + seconds
    while (now := perf_counter()) < deadline:
        await cursor.execute(PRIMARY_KEY, (key(turn),))
        assert await cursor.fetchone()
        turn += 1
    return Run(turn - first, (turn - first) / (now - began))


async def run_tasks(
    url: str, callers: int, seconds: list[float]
) -> tuple[list[Run], float]:
    """As `run_threads`, by tasks of one event loop."""
    connections = [
        await psycopg.AsyncConnection.connect(url, autocommit=True, prepare_threshold=0)
        for _ in range(callers)
    ]
    cursors = [connection.cursor(binary=True) for connection in connections]
    runs: list[Run] = []
    cpu = 0.0
    for duration in seconds:
        before = process_time()
        calls = (
            call_async(cursor, number, duration) for number, cursor in enumerate(cursors)
        )
        runs = await asyncio.gather(*calls)
        cpu = process_time() - before
    for connection in connections:
        await connection.close()
    return runs, cpu


def answer(url: str, mode: str, request: str) -> str:
    """Does what a line asks for, and gives the line that tells how it went."""
    verb, name, callers, warm_up, seconds = request.split()
    if verb != "run":
        raise ValueError(f"no such request: {verb}")
    count, durations = int(callers), [float(warm_up), float(seconds)]
    if mode == "tasks":
        if name != "primary-key":
            raise ValueError(f"tasks don't know {name}")
        runs, cpu = asyncio.run(run_tasks(url, count, durations))
    else:
        runs, cpu = run_threads(url, OPERATIONS[name], count, durations)
    operations = sum(run.operations for run in runs)
    rate = sum(run.rate for run in runs)
    return f"ran {operations} {rate:.3f} {cpu:.6f}"


def main() -> None:
    url, mode = sys.argv[1:]
    python, driver = platform.python_version(), psycopg.pq.__impl__
    print(f"ready psycopg {psycopg.__version__} ({driver}), Python {python}", flush=True)
    for request in sys.stdin:
        try:
            line = answer(url, mode, request)
        except Exception as error:
            # A line is one line, whatever the error's text is.
            line = f"failed {error!r}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
