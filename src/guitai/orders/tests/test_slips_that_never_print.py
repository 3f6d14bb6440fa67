"""Print jobs that nothing can make printable do not wait for ever."""

from decimal import Decimal
from uuid import UUID

import pytest

from guitai.devices import queries as devices
from guitai.devices import services as device_services
from guitai.devices.rules import Copy, JobKind
from guitai.kernel import clock
from guitai.kernel.audit import Actor
from guitai.orders import services
from guitai.orders.errors import NothingToPrint
from guitai.orders.rules import SaleLine
from guitai.orders.tests.till import NOON, make_till
from guitai.tenancy.models import BusinessEntity
from twinvoice import paper

OWNER = Actor("person", "林老闆")


@pytest.fixture(autouse=True)
def _now():
    with clock.moved(NOON):
        yield


@pytest.fixture
def till(db):
    return make_till()


def waiting(till):
    return [job.kind for job in devices.open_jobs(till.register.id)]


def test_a_void_at_the_desk_takes_back_the_proof_that_waits(till):
    sold = till.sell()
    with till.shop.tenant():
        assert waiting(till) == ["proof"]
        services.void_invoice(UUID(sold["invoice"]["id"]), reason="打錯", actor=OWNER, now=NOON)
        assert waiting(till) == []
        (job,) = devices.jobs_of(UUID(sold["invoice"]["id"]))
        assert (job.state, job.detail) == ("cancelled", "發票已作廢")


def test_a_refused_void_takes_nothing_back(till):
    sold = till.sell()
    with till.shop.tenant():
        with pytest.raises(Exception, match="原因"):
            services.void_invoice(UUID(sold["invoice"]["id"]), reason="", actor=OWNER, now=NOON)
        assert waiting(till) == ["proof"]


def test_a_proof_that_left_is_not_called_back(till):
    """What is on its way to paper is asked for, not forgotten."""
    sold = till.sell()
    with till.shop.tenant():
        (job,) = devices.open_jobs(till.register.id)
        device_services.change_state(job, "sent", "", NOON)
        services.void_invoice(UUID(sold["invoice"]["id"]), reason="打錯", actor=OWNER, now=NOON)
        assert waiting(till) == ["proof"]


def test_a_detail_too_long_for_paper_ends_with_its_reason(till):
    lines = [
        SaleLine("糖", Decimal(1), 1, "1", product_id=None) for _ in range(paper.LONGEST_DETAIL + 1)
    ]
    sold = till.sell(till.sale(*lines))
    with till.shop.tenant():
        job = device_services.queue_print(
            till.register.id, JobKind.DETAIL, UUID(sold["order"]["id"]), Copy.ORIGINAL, NOON
        )
        with pytest.raises(NothingToPrint) as refused:
            services.slip_of(job, NOON)
        kept = devices.job(till.register.id, job.id)
        assert (kept.state, kept.detail) == ("cancelled", refused.value.message)
        assert "detail" not in waiting(till)


def test_what_a_person_can_mend_waits_for_him(till):
    """Without the AES key no proof; with it the same job prints."""
    till.sell()
    with till.shop.tenant():
        BusinessEntity.objects.update(qr_key="")
        (job,) = devices.open_jobs(till.register.id)
        with pytest.raises(NothingToPrint):
            services.slip_of(job, NOON)
        assert waiting(till) == ["proof"]
