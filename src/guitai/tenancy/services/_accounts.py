"""Accounts behind people: found or made by e-mail."""

from guitai.tenancy.errors import BadPassword
from guitai.tenancy.models import Account
from guitai.tenancy.services import _inputs


def account_for(email: str, password: str, name: str) -> Account:
    """The account of that e-mail; a new one gets ``password``, an existing one keeps its own.

    One person may work for several merchants with one sign-in; nobody can change a stranger's
    password by inviting him.
    """
    address = _inputs.email(email)
    found = Account.objects.filter(email=address).first()
    if found is not None:
        return found
    if not password:
        raise BadPassword(field="password", detail="請設定初始密碼。")
    fresh = Account(email=address, name=name)
    fresh.set_password(_inputs.password(password, fresh))
    fresh.save()
    return fresh
