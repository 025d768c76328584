"""Where and when one is told of news, from the command line, over HTTP."""

from __future__ import annotations


def test_where_and_when_one_is_notified_is_seen_and_said_from_the_command_line(mydata):
    assert mydata("person", "add", "Sua", "--locale", "en").code == 0

    def sua(*command):
        return mydata("person", *command, "--as", "Sua")

    assert "It is quiet from 21:00 until 08:00." in sua("notifications").out
    assert "No browser is told of news." in sua("notifications").out
    assert sua("quiet-hours", "22", "7").out == "It is quiet from 22:00 until 07:00.\n"
    hours = sua("notifications", "--json").json()["quiet_hours"]
    assert hours == {"from_hour": 22, "until_hour": 7}
    assert sua("quiet-hours", "3", "3").out == "There are no quiet hours.\n"
    assert sua("quiet-hours", "24", "3").code == 2
    refused = sua("end-notifications", "none")
    assert refused.code == 1
    assert "there is no such subscription" in refused.err.lower()
