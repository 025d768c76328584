"""The function that notifies, as deployed: a sweep finds what is due and lets nobody wait."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mydata_hub.accounts.news import news_for
from mydata_hub.accounts.push_services import PushServices
from mydata_hub.accounts.subscriptions import QuietHours, keep_quiet, subscribe
from mydata_hub.config import NotifySettings
from mydata_hub.errors import BadInput, Damaged
from mydata_hub.ports.messages import Message, due_messages, send
from mydata_hub.ports.tables import Absent, Key, Put, VersionIs
from mydata_hub.wiring import tables_for

from tests.unit.accounts.conftest import World, memory_folder
from tests.unit.courier.receiver import receiving

SOURCE = Path(__file__).parents[3] / "functions" / "notify.py"
SWEEP = {"sweep": True}
LOOPBACK = PushServices.read("", loopback_allowed=True)


class Notify:
    """The function over one folder."""

    def __init__(self, folder):
        self.environment = {
            "ENGINE": f"embedded:{folder}",
            "ISSUER": "http://localhost:8787",
            "OUTBOX_TABLE": "OutboxTable",
            "NOTICES_TABLE": "NoticesTable",
            "PUSH_KEY": "push",
            "PUSH_SERVICES": "push.example",
        }
        spec = importlib.util.spec_from_file_location("functions_notify", SOURCE)
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        self.handle = self.module.build(self.environment)
        self.tables = tables_for(NotifySettings.read(self.environment))
        self.desk = World(folder).a_desk(tables=self.tables)

    def person(self, account_id, endpoint):
        keep_quiet(self.desk, account_id, QuietHours(from_hour=0, until_hour=0))
        subscribe(self.desk, account_id, endpoint, LOOPBACK)

    def news(self, account_id, ago=timedelta(minutes=15)):
        self.tables.commit(send(news_for(account_id, datetime.now(UTC) - ago)))

    def waiting(self):
        return list(due_messages(self.tables, datetime.now(UTC) + timedelta(days=1)))


@pytest.fixture
def notify():
    with memory_folder() as folder:
        made = Notify(Path(folder))
        yield made
        made.tables.close()


def test_a_sweep_tells_everybody_of_whom_there_is_news_and_leaves_what_is_not_due(notify):
    with receiving(lambda post: post.give(201)) as (url, seen):
        for name in ("jiu", "hana"):
            notify.person(name, f"{url}/{name}")
            notify.news(name)
        notify.person("minho", f"{url}/minho")
        notify.news("minho", timedelta())
        assert notify.handle(SWEEP, None) == {}
    assert len(seen.tokens) == 2
    assert [one.body["account_id"] for one in notify.waiting()] == ["minho"]


def test_other_functions_messages_are_left_to_them(notify):
    other = Message(
        message_id="m",
        topic="grant_ended",
        body={"grant_id": "g"},
        due_at=datetime.now(UTC) - timedelta(minutes=1),
    )
    notify.tables.commit(send(other))
    assert notify.handle(SWEEP, None) == {}
    assert len(notify.waiting()) == 1


def test_a_message_that_is_damaged_fails_the_run_and_holds_up_nobody(notify):
    bad = Message(
        message_id="m",
        topic="person_news",
        body={},
        due_at=datetime.now(UTC) - timedelta(hours=1),
    )
    notify.tables.commit(send(bad))
    with receiving(lambda post: post.give(201)) as (url, seen):
        notify.person("jiu", url)
        notify.news("jiu")
        with pytest.raises(Damaged):
            notify.handle(SWEEP, None)
    assert len(seen.tokens) == 1


@pytest.mark.parametrize("sort", ["push#told", "push#quiet", "push#to#x"])
def test_a_row_that_is_damaged_is_its_own_person_s_trouble_and_nobody_else_s(notify, sort):
    with receiving(lambda post: post.give(201)) as (url, seen):
        for name in ("jiu", "hana"):
            notify.person(name, f"{url}/{name}")
            notify.news(name)
        key = Key("notices", "jiu", sort)
        row = notify.tables.fetch_many(key).get(key)
        when = Absent() if row is None else VersionIs(row.version)
        notify.tables.commit(Put(key=key, values={"other": "x"}, when=when))
        with pytest.raises(Damaged):
            notify.handle(SWEEP, None)
    assert len(seen.tokens) == 1
    assert [one.body["account_id"] for one in notify.waiting()] == ["jiu"]


def test_a_setting_that_names_no_push_service_is_refused_when_the_function_is_built(notify):
    with pytest.raises(BadInput, match="push_services"):
        notify.module.build({**notify.environment, "PUSH_SERVICES": "https://push.example"})


def test_nothing_that_is_written_down_says_who_was_told_or_where(notify, capsys):
    with receiving(lambda post: post.give(500)) as (url, _):
        notify.person("jiu-kim", f"{url}/secret-address")
        notify.news("jiu-kim")
        notify.handle(SWEEP, None)
    told = capsys.readouterr()
    assert "PushesTaken" in told.out
    assert "jiu-kim" not in told.out + told.err
    assert "secret-address" not in told.out + told.err
