"""A person's own vault: what it understands, shown to the person alone, and what they bring."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from mydata_hub.accounts.desk import Desk
from mydata_hub.appeals.opening import end_appeal, open_appeal, see_appeals
from mydata_hub.appeals.review_box import ReviewBox
from mydata_hub.config import Handler, on_first_use
from mydata_hub.oauth.clients import partner_names
from mydata_hub.observe import logger_for
from mydata_hub.offers.acceptance.ticket import issuing
from mydata_hub.offers.matching.acts import reading_acts
from mydata_hub.offers.matching.programmes import published_terms
from mydata_hub.offers.matching.reading import latest_snapshots
from mydata_hub.offers.matching.silent_match import see_offers
from mydata_hub.own_vault.importing import Letterbox
from mydata_hub.own_vault.strongroom import see_profile
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.vault.key_rows import Purpose
from mydata_hub.vault.vault_keys import VaultKeys
from mydata_hub.vault_config import MyVaultSettings
from mydata_hub.web.appealing import HANDLERS as APPEALS
from mydata_hub.web.appealing import AppealActs
from mydata_hub.web.checks import session_checks
from mydata_hub.web.dispatch import handler_for
from mydata_hub.web.life import HANDLERS as LIFE
from mydata_hub.web.own_offers import HANDLERS as OFFERS
from mydata_hub.web.render import Renderer
from mydata_hub.web.score import HANDLERS as SCORE
from mydata_hub.web.today import HANDLERS
from mydata_hub.web.wallet import HANDLERS as WALLET
from mydata_hub.web.wallet import WalletFront
from mydata_hub.wiring import blobs_for, keys_for, signer_for, tables_for


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the stores that the settings name."""
    settings, logger = MyVaultSettings.read(env), logger_for("my_vault")
    tables, clock, entropy = tables_for(settings), SystemClock(), SystemEntropy()
    vault_key = keys_for(settings, settings.vault_key)
    # What is shown comes from the profile; records stay sealed to this function.
    keys = VaultKeys(tables, vault_key, clock, purposes=frozenset({Purpose.PROFILE}))
    letterbox = Letterbox(
        tables=tables,
        blobs=blobs_for(settings, settings.segments_bucket),
        signer=signer_for(settings, settings.self_supplied_key, "ES256"),
        clock=clock,
        entropy=entropy,
    )
    box = ReviewBox(vault_key)
    offers = blobs_for(settings, settings.offers_bucket)
    key = partial(signer_for, settings)
    read = latest_snapshots(tables, offers, key(settings.offer_key, "ES256"), settings.issuer)
    front = WalletFront(
        issuer=settings.issuer,
        renderer=Renderer(),
        clock=clock,
        letterbox=letterbox,
        profile_of=lambda vault_id: see_profile(tables, keys, vault_id),
        look_of=partial(see_offers, read, logger.exception, reading_acts(tables)),
        partner_names=partial(partner_names, tables),
        terms_of=published_terms(read, logger.exception),
        ticket_for=issuing(key(settings.match_key, "ES256"), settings.issuer, clock),
        appeals=AppealActs(
            see=partial(see_appeals, letterbox, box),
            begin=partial(open_appeal, letterbox, box),
            end=partial(end_appeal, letterbox, box),
        ),
    )
    desk = Desk(tables=tables, clock=clock, entropy=entropy, issuer=settings.issuer)
    # Reading a session here does not lengthen it: this zone writes nothing of the edge's.
    handlers = {**HANDLERS, **LIFE, **SCORE, **APPEALS, **OFFERS, **WALLET}
    return handler_for("my_vault", front, handlers, session_checks(desk, slide=False))


handler = on_first_use(build)
