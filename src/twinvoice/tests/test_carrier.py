"""Vectors of mof-vectors.md §6, rules of mof.md §7.1 and §11."""

import pytest

from twinvoice import carrier
from twinvoice.carrier import CitizenCertificate, DonationCode, MemberCarrier, MobileBarcode
from twinvoice.faults import Fault

MOBILE = ["/TRM+O+P", "/ABC1234", "/AB.-+99", "/4WDMPUZ", "/ABC+123", "/DEF1234"]
NOT_MOBILE = [
    "ABC",
    "TRM+O+P",
    "/ABC123",
    "/ABC12345",
    "/abcdefg",
    "",
    "/ABC 123",
    "／ABC1234",
    "/ABC_123",
    "/ABC1234\n",
]


@pytest.mark.parametrize("code", MOBILE)
def test_mobile_barcodes(code):
    held = MobileBarcode(code)
    assert (held.carrier_type, held.id1, held.id2, str(held)) == ("3J0002", code, code, code)


@pytest.mark.parametrize("code", NOT_MOBILE)
def test_wrong_mobile_barcodes(code):
    with pytest.raises(Fault) as caught:
        MobileBarcode(code)
    assert caught.value.code == "TWI-CARRIER-MOBILE"


@pytest.mark.parametrize("code", ["AB12345678901234", "TP03000001234567"])
def test_citizen_certificates(code):
    assert CitizenCertificate(code).id2 == code


@pytest.mark.parametrize("code", ["ab12345678901234", "A112345678901234", "AB1234567890123", ""])
def test_wrong_citizen_certificates(code):
    with pytest.raises(Fault) as caught:
        CitizenCertificate(code)
    assert caught.value.code == "TWI-CARRIER-CITIZEN"


@pytest.mark.parametrize("code", ["919", "168001", "25885", "1234567"])
def test_donation_codes(code):
    assert str(DonationCode(code)) == code


@pytest.mark.parametrize("code", ["12", "12345678", "91A", "", "９１９"])
def test_wrong_donation_codes(code):
    with pytest.raises(Fault) as caught:
        DonationCode(code)
    assert caught.value.code == "TWI-DONATION"


def test_member_carriers():
    assert MemberCarrier("BG0001", "1234", "987654321").id2 == "987654321"
    assert MemberCarrier("EJ0113", "member-7").id2 == "member-7"


@pytest.mark.parametrize("kind", ["3J0002", "CQ0001", "EJ113", "ej0113", "", "EJ01134"])
def test_wrong_member_carrier_types(kind):
    with pytest.raises(Fault) as caught:
        MemberCarrier(kind, "x")
    assert caught.value.code == "TWI-CARRIER-TYPE"


@pytest.mark.parametrize("id2", [" a", "a ", "　a", "a\x00b", "a" * 401])
def test_wrong_member_carrier_ids(id2):
    with pytest.raises(Fault) as caught:
        MemberCarrier("EJ0113", "a", id2)
    assert (caught.value.code, caught.value.path) == ("TWI-CARRIER-ID", "Main/CarrierId2")


def test_screens_show_masks():
    assert MobileBarcode("/ABCDEFG").masked == "/AB****G"
    assert CitizenCertificate("AB12345678901234").masked == "AB************34"
    assert "phone" not in MemberCarrier("EJ0113", "0912345678", "phone").masked
    assert MemberCarrier("EJ0113", "0912345678").masked == "09*******8"
    assert MemberCarrier("EJ0113", "a").masked == "*"


def test_the_three_fields_of_an_invoice_name_a_carrier():
    assert carrier.of("3J0002", "/ABC1234", "/ABC1234") == MobileBarcode("/ABC1234")
    assert carrier.of("CQ0001", "AB12345678901234") == CitizenCertificate("AB12345678901234")
    assert carrier.of("EJ0113", "a", "b") == MemberCarrier("EJ0113", "a", "b")
    with pytest.raises(Fault) as caught:
        carrier.of("3J0002", "/ABC1234", "/ABC1235")
    assert caught.value.code == "TWI-CARRIER-ID"
