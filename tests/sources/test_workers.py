"""Worker processes that loop, swell and crash, and the workshop that goes on."""

import asyncio
import os
import signal
import subprocess
import sys

import psutil
import pytest

from monitor.core.errors import SourceError
from monitor.sources.workers import Workshop
from tests.sources import workers_tasks as tasks


def workshop(**arguments):
    return Workshop(**{"workers": 1, "time_limit": 10.0, "memory_limit": 300_000_000} | arguments)


def in_a_workshop(work, **arguments):
    async def run():
        async with workshop(**arguments) as shop:
            return await work(shop)

    return asyncio.run(run())


def test_a_function_is_run_elsewhere_and_its_result_comes_back():
    async def work(shop):
        return (
            await shop.run(tasks.double, 21),
            await shop.run(tasks.keywords, 5, b=3),
            await shop.run(tasks.process_id),
        )

    doubled, difference, pid = in_a_workshop(work)
    assert (doubled, difference) == (42, 2)
    assert pid != os.getpid()


def test_documents_larger_than_a_pipe_pass_in_both_directions():
    async def work(shop):
        return await shop.run(len, bytes(20_000_000)), await shop.run(tasks.large, 20_000_000)

    length, back = in_a_workshop(work)
    assert length == len(back) == 20_000_000


@pytest.mark.parametrize(
    ("task", "arguments", "reason", "words"),
    [
        (tasks.loop, (), "parse-timeout", "longer than 1 s"),
        (tasks.loop_in_c, (), "parse-timeout", "longer than 1 s"),
        (tasks.sleep, (60,), "parse-timeout", "longer than 1 s"),
        (tasks.allocate, (4 << 30,), "memory", "more than 286 MB"),
        (tasks.allocate_bit_by_bit, (), "memory", "more than 286 MB"),
        (tasks.kill, (), "memory", "ran out of memory"),
        (tasks.crash, (), "parse", "SIGSEGV"),
        (tasks.abort, (), "parse", "SIGABRT"),
        (tasks.leave, (), "parse", "exit code 3"),
        (tasks.recurse, (), "parse", "nested too deeply"),
        (tasks.overflow_the_stack, (), "parse", "SIGSEGV"),
        (tasks.unreadable, (), "not-a-feed", "this is no feed"),
    ],
)
def test_whatever_a_task_does_it_is_named_and_the_next_one_runs(task, arguments, reason, words):
    async def work(shop):
        with pytest.raises(SourceError) as caught:
            await shop.run(task, *arguments)
        return caught.value, await shop.run(tasks.double, 21)

    # Filling memory bit by bit and nesting five million lists take their time on a busy machine.
    slow = task in {tasks.allocate_bit_by_bit, tasks.overflow_the_stack}
    error, after = in_a_workshop(work, time_limit=60.0 if slow else 1.0, memory_limit=300_000_000 if task
                                 is not tasks.overflow_the_stack else 2_000_000_000)  # fmt: skip
    assert error.reason == reason
    assert words in str(error)
    assert after == 42


def test_a_limit_on_memory_leaves_room_for_what_was_asked():
    async def work(shop):
        return await shop.run(tasks.allocate, 200_000_000)

    assert in_a_workshop(work) == 200_000_000


@pytest.mark.parametrize(
    ("task", "kind", "words"),
    [
        (tasks.mistake, KeyError, "missing"),
        (tasks.picky, RuntimeError, "PickyError: takes keywords only"),
        (tasks.exit_politely, RuntimeError, "SystemExit: bye"),
        (tasks.unpicklable, Exception, "lambda"),
    ],
)
def test_a_bug_comes_through_with_the_traceback_of_the_worker(task, kind, words):
    async def work(shop):
        before = await shop.run(tasks.process_id)
        with pytest.raises(kind, match=words) as caught:
            await shop.run(task)
        return caught.value, before == await shop.run(tasks.process_id)

    error, same_worker = in_a_workshop(work)
    assert "In a worker process:\nTraceback" in error.__notes__[0]
    assert same_worker


def test_a_function_that_workers_cannot_import_is_a_bug():
    def local():
        return 1

    async def work(shop):
        with pytest.raises((AttributeError, TypeError), match="local"):
            await shop.run(local)
        return await shop.run(tasks.double, 21)

    assert in_a_workshop(work) == 42


def test_a_neighbour_that_dies_costs_nobody_else_anything():
    async def work(shop):
        jobs = []
        for _ in range(4):
            jobs += [shop.run(tasks.crash), shop.run(tasks.sleep, 0.2), shop.run(tasks.allocate, 4 << 30),
                     shop.run(tasks.sleep, 0.2), shop.run(tasks.picky), shop.run(tasks.sleep, 0.2)]  # fmt: skip
        return await asyncio.gather(*jobs, return_exceptions=True)

    results = in_a_workshop(work, workers=3)
    assert all(isinstance(result, int) for result in results[1::2])
    assert [getattr(result, "reason", type(result).__name__) for result in results[0::2]] == [
        "parse", "memory", "RuntimeError",
    ] * 4  # fmt: skip


def test_a_worker_that_was_killed_while_idle_is_replaced_without_losing_a_task():
    async def work(shop):
        results = []
        for pause in (0.3, 0.0):  # noticed before the task is handed over, and not noticed
            victim = await shop.run(tasks.process_id)
            os.kill(victim, signal.SIGKILL)
            await asyncio.sleep(pause)
            results.append((await shop.run(tasks.double, 21), await shop.run(tasks.process_id) != victim))
        return results

    assert in_a_workshop(work) == [(42, True)] * 2


def test_workers_retire_after_their_share_of_tasks():
    async def work(shop):
        return [await shop.run(tasks.process_id) for _ in range(9)]

    pids = in_a_workshop(work, tasks_per_worker=3)
    assert [len(set(pids[start : start + 3])) for start in (0, 3, 6)] == [1, 1, 1]
    assert len(set(pids)) == 3


def test_tasks_share_what_the_initializer_built():
    async def work(shop):
        return await asyncio.gather(*(shop.run(tasks.told) for _ in range(6)))

    assert in_a_workshop(work, workers=2, initializer=tasks.build, initargs=("taxonomy",)) == ["taxonomy"] * 6


def test_an_initializer_that_fails_is_heard_by_every_task_and_leaves_no_process():
    async def work(shop):
        for _ in range(3):
            with pytest.raises(ValueError, match="cannot build this"):
                await shop.run(tasks.double, 21)
        return processes()

    assert in_a_workshop(work, workers=2, initializer=tasks.build, initargs=("broken",)) == []


def processes():
    return [child for child in psutil.Process().children() if "worker_process" in " ".join(child.cmdline())]


def test_no_process_is_started_before_there_is_a_task_for_it():
    async def work(shop):
        before = len(processes())
        await shop.refresh("new")
        refreshed = len(processes())
        told = [await shop.run(tasks.told) for _ in range(3)]  # one after the other: one process does them all
        alone = len(processes())
        await asyncio.gather(*(shop.run(tasks.sleep, 0.2) for _ in range(5)))
        return before, refreshed, told, alone, len(processes())

    found = in_a_workshop(work, workers=2, initializer=tasks.build, initargs=("old",))
    assert found == (0, 0, ["new"] * 3, 1, 2)


def test_refreshing_swaps_what_tasks_share_and_costs_no_running_task():
    async def work(shop):
        running = asyncio.create_task(shop.run(tasks.told_after, 1.0))
        assert await shop.run(tasks.told) == "old"
        await shop.refresh("new")
        after = await asyncio.gather(*(shop.run(tasks.told) for _ in range(4)))
        old = await running
        later = await asyncio.gather(*(shop.run(tasks.told_after, 0.1) for _ in range(4)))
        return old, after, later

    old, after, later = in_a_workshop(work, workers=2, initializer=tasks.build, initargs=("old",))
    assert old == ("old", "old")
    assert after == ["new"] * 4
    assert later == [("new", "new")] * 4


def test_a_refresh_that_fails_leaves_everything_as_it_was():
    async def work(shop):
        await asyncio.gather(*(shop.run(tasks.told_after, 0.2) for _ in range(2)))
        with pytest.raises(ValueError, match="cannot build this"):
            await shop.refresh("broken")
        return await asyncio.gather(*(shop.run(tasks.told) for _ in range(4)))

    assert in_a_workshop(work, workers=2, initializer=tasks.build, initargs=("old",)) == ["old"] * 4


def test_refreshing_again_and_again_under_load_keeps_the_number_of_workers():
    async def work(shop):
        load = [asyncio.create_task(shop.run(tasks.told_after, 0.05)) for _ in range(40)]
        for edition in range(3):
            await shop.refresh(edition)
        results = await asyncio.gather(*load)
        pids = await asyncio.gather(*(shop.run(tasks.sleep, 0.2) for _ in range(8)))
        return results, pids, await shop.run(tasks.told)

    results, pids, last = in_a_workshop(work, workers=2, initializer=tasks.build, initargs=("first",))
    assert all(before == after for before, after in results)
    assert len(set(pids)) == 2
    assert last == 2


def test_what_libraries_print_does_not_disturb_the_conversation(capfd):
    async def work(shop):
        return await shop.run(tasks.chatter), await shop.run(tasks.double, 21)

    assert in_a_workshop(work) == ("", 42)
    assert capfd.readouterr().out == ""


def test_workers_are_not_told_secrets(monkeypatch):
    monkeypatch.setenv("MONITOR_SMTP_PASSWORD", "hunter2")

    async def work(shop):
        return await shop.run(tasks.secrets)

    names = in_a_workshop(work)
    assert "MONITOR_SMTP_PASSWORD" not in names


def test_signals_for_the_whole_service_do_not_end_a_task():
    async def work(shop):
        return await shop.run(tasks.interrupt_the_whole_group)

    assert in_a_workshop(work) == "still here"


def test_a_caller_who_was_cancelled_frees_the_worker(tmp_path):
    mark = tmp_path / "mark"

    async def work(shop):
        task = asyncio.create_task(shop.run(tasks.leave_a_mark_after, 1.5, str(mark)))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        answer = await shop.run(tasks.double, 21)
        await asyncio.sleep(1.5)
        return answer

    assert in_a_workshop(work) == 42
    assert not mark.exists()


@pytest.mark.parametrize("after", [0.0, 0.0005, 0.001, 0.002, 0.004, 0.01, 0.1])
@pytest.mark.parametrize("leave", [True, False])
def test_what_waits_for_workers_to_start_may_be_cancelled_at_any_moment(after, leave):
    async def run():
        async with workshop(workers=3) as shop:
            jobs = [asyncio.create_task(shop.run(tasks.sleep, 60)) for _ in range(4)]
            await asyncio.sleep(after)
            if not leave:
                for job in jobs:
                    job.cancel()
                await asyncio.gather(*jobs, return_exceptions=True)
                answer = await shop.run(tasks.double, 21)
                assert answer == 42
        return await asyncio.gather(*jobs, return_exceptions=True)

    assert all(isinstance(result, asyncio.CancelledError) for result in asyncio.run(run()))
    assert processes() == []


@pytest.mark.parametrize("after", [0.0, 0.0005, 0.001, 0.002, 0.004, 0.01, 0.1])
def test_leaving_while_workers_are_being_replaced_does_not_wait_for_them(after):
    async def run():
        async with workshop(workers=3) as shop:
            await asyncio.gather(*(shop.run(tasks.crash) for _ in range(3)), return_exceptions=True)
            await asyncio.sleep(after)

    asyncio.run(run())
    assert processes() == []


def test_leaving_cancels_what_runs_and_waits_and_leaves_no_process():
    async def run():
        async with workshop(workers=2, time_limit=60.0) as shop:
            jobs = [asyncio.create_task(shop.run(tasks.loop_in_c)) for _ in range(5)]
            await asyncio.sleep(0.3)
        return await asyncio.gather(*jobs, return_exceptions=True)

    results = asyncio.run(run())
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    assert processes() == []


ORPHANING = """
import asyncio, os, signal
from monitor.sources.workers import Workshop
from tests.sources import workers_tasks as tasks

async def main():
    async with Workshop(workers=2, time_limit=1.0) as shop:
        print(*await asyncio.gather(*(shop.run(tasks.sleep, 0.2) for _ in range(2))), flush=True)
        asyncio.get_running_loop().call_later(0.5, os.kill, os.getpid(), signal.SIGKILL)
        await shop.run(tasks.loop_in_c)

asyncio.run(main())
"""


def test_workers_do_not_outlive_a_parent_that_was_killed():
    """The idle one sees its input end; the busy one, deep in C code, is ended by the kernel's alarm."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(entry or "." for entry in sys.path)}
    command = [sys.executable, "-c", ORPHANING]
    parent = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=False)
    assert parent.returncode == -signal.SIGKILL
    pids = [int(pid) for pid in parent.stdout.split()]
    assert len(set(pids)) == 2
    orphans = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    _, alive = psutil.wait_procs(orphans, timeout=30)
    assert not [orphan for orphan in alive if orphan.status() != psutil.STATUS_ZOMBIE]
