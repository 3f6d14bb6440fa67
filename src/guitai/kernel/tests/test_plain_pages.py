"""The pages of last resort speak the users' language."""

import pytest
from django.template.loader import render_to_string


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_it_speaks_chinese_and_says_what_to_do(name):
    page = render_to_string(f"{name}.html")
    assert 'lang="zh-Hant"' in page
    assert "請" in page or "可能" in page


@pytest.mark.django_db
def test_an_unknown_address_is_told_in_chinese(client):
    answer = client.get("/nothing-here")
    assert answer.status_code == 404
    assert "沒有這個網頁" in answer.content.decode()


@pytest.mark.django_db
def test_a_foreign_host_is_told_in_chinese(client):
    answer = client.get("/desk/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "GUITAI_HOSTS" in answer.content.decode()
