"""Signing in: lock-out after five, second factor, nobody signs up by himself."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from axes.models import AccessAttempt
from django.test import Client
from django.urls import reverse

from guitai.kernel import clock
from guitai.tenancy.tests.shops import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = "/account/login/"


def sign_in(browser, email, password=PASSWORD, **extra):
    return browser.post(LOGIN, {"login": email, "password": password}, **extra)


def test_e_mail_and_password_open_the_desk(shop):
    browser = Client()
    answer = sign_in(browser, shop.email("accountant").upper())
    assert answer.headers["Location"] == "/desk/"
    assert "總覽" in browser.get("/desk/").content.decode()


def test_a_browser_that_asks_for_english_gets_no_half_english_page(shop):
    page = sign_in(Client(headers={"Accept-Language": "en-US,en"}), "", "").content.decode()
    assert "這個欄位是必須的。" in page
    assert "This field is required" not in page


def test_five_failures_lock_this_person_here_and_the_page_says_until_when(shop):
    browser, email = Client(), shop.email("accountant")
    for _ in range(4):
        assert sign_in(browser, email, "wrong-one").status_code == 200
    locked = sign_in(browser, email.upper(), "wrong-one")
    assert locked.status_code == 429
    last = AccessAttempt.objects.get(username=email).attempt_time
    until = clock.in_taipei(last + timedelta(minutes=15)).strftime("%H:%M")
    assert f"{until}</time></strong> 之前不能再試" in locked.content.decode()
    assert sign_in(browser, email).status_code == 429
    # Neither a colleague behind the same address nor the person elsewhere is locked out.
    assert sign_in(Client(), shop.email("clerk")).status_code == 302
    assert sign_in(Client(), email, REMOTE_ADDR="203.0.113.9").status_code == 302


def test_trying_during_the_lock_does_not_prolong_it(shop):
    browser, email = Client(), shop.email("accountant")
    for _ in range(5):
        sign_in(browser, email, "wrong-one")
    before = AccessAttempt.objects.get(username=email).attempt_time
    sign_in(browser, email, "wrong-one")
    assert AccessAttempt.objects.get(username=email).attempt_time == before
    AccessAttempt.objects.update(attempt_time=before - timedelta(minutes=15, seconds=1))
    assert sign_in(browser, email).status_code == 302


def test_the_failures_keep_no_password(shop):
    sign_in(Client(), shop.email("accountant"), "my-secret-guess")
    assert "my-secret-guess" not in repr(list(AccessAttempt.objects.values()))


def test_nobody_signs_up_by_himself(db):
    page = Client().get("/account/signup/")
    assert "不開放自行註冊" in page.content.decode()
    Client().post(
        "/account/signup/",
        {"email": "x@example.com", "password1": PASSWORD, "password2": PASSWORD},
    )
    from guitai.tenancy.models import Account

    assert not Account.objects.filter(email="x@example.com").exists()


def test_a_second_factor_is_set_up_and_asked_for(shop):
    browser, email = Client(), shop.email("accountant")
    sign_in(browser, email)
    asked = browser.get(reverse("mfa_activate_totp")).headers["Location"]
    assert asked.startswith(reverse("account_reauthenticate"))
    page = browser.post(asked, {"password": PASSWORD}, follow=True)
    secret = page.context["form"].secret
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    code = totp.format_hotp_value(totp.hotp_value(secret, counter))
    assert browser.post(reverse("mfa_activate_totp"), {"code": code}).status_code == 302
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    fresh = Client()
    assert sign_in(fresh, email).headers["Location"] == reverse("mfa_authenticate")
    assert fresh.get("/desk/").headers["Location"].startswith(LOGIN)
    wrong = fresh.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert wrong.status_code == 200
    assert (
        fresh.post(reverse("mfa_authenticate"), {"code": codes[0]}).headers["Location"] == "/desk/"
    )
    assert fresh.get("/desk/").status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "account_login", "account_reset_password", "account_reset_password_done",
        "account_change_password", "account_logout", "mfa_index",
        "account_reauthenticate", "account_inactive", "account_signup",
    ],
)  # fmt: skip
def test_every_page_around_signing_in_is_ours_and_in_chinese(shop, name):
    browser = Client()
    if name not in {"account_login", "account_reset_password", "account_signup"}:
        sign_in(browser, shop.email("accountant"))
    page = browser.get(reverse(name)).content.decode()
    assert "backoffice/desk.css" in page, name
    assert "Guitai 櫃台" in page
    assert '<html lang="zh-Hant">' in page
    assert "Menu:" not in page


def test_signing_out_needs_a_post(shop):
    browser = Client()
    sign_in(browser, shop.email("accountant"))
    browser.get("/account/logout/")
    assert browser.get("/desk/").status_code == 200
    browser.post("/account/logout/")
    assert browser.get("/desk/").status_code == 302


def test_after_signing_in_one_is_not_sent_to_a_strangers_site(shop):
    answer = Client().post(
        LOGIN + "?next=https://evil.example/",
        {"login": shop.email("accountant"), "password": PASSWORD, "next": "https://evil.example/"},
    )
    assert "evil" not in answer.headers.get("Location", "")
