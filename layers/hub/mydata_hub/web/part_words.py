"""The words of erasing a part: what each step does, and what none of them reaches."""

from __future__ import annotations

from typing import Final

from mydata_hub.erasure.state import PART_NOT_COVERED
from mydata_hub.erasure.state import PART_STEPS as STEP_NAMES
from mydata_hub.web.wording import mark as _

PART_STEPS: Final = {
    "hidden": _("It is gone from what your vault understands, and nobody is shown it any more"),
    "sealed_anew": _("Everything that stays is sealed under new keys"),
    "old_keys": _("The old keys are destroyed: nothing opens what was erased"),
}
PART_BEYOND: Final = {
    "exports": _("What you took out yourself"),
    "answers": _("Answers that services were given, and what they made of them"),
    "providers": _("What your card company or insurer keeps of you"),
    "copies": _("Copies that somebody made outside the hub"),
    "brought": _("The same records, if you bring them again yourself"),
    "appeals": _("Records that you showed to a reviewer, for a year after the decision"),
    "known": _("That something was collected and when: in the log and in your consents"),
}
assert tuple(PART_STEPS) == STEP_NAMES
assert tuple(PART_BEYOND) == tuple(PART_NOT_COVERED)
