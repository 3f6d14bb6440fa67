"""What every form of the desk shares. The services judge; the forms only carry and place errors.

So a rule stands once, in its room, and says the same sentence at the desk, over REST and in files.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms

from guitai.kernel.errors import GuitaiError


class DeskForm(forms.Form):
    """A form whose refusals from the services are placed at their fields."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Several forms stand on one page: each has its own ids.
        kwargs.setdefault("auto_id", f"{type(self).__name__.lower()}_%s")
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def refuse(self, error: GuitaiError) -> None:
        """Puts a refusal where it belongs; above the form where it names no field of it."""
        faults = getattr(error, "faults", None)
        if faults:
            for fault in faults:
                self._place(fault.field, fault.sentence)
            return
        self._place(error.field, error.message)

    def _place(self, field: str, sentence: str) -> None:
        self.add_error(field if field in self.fields else None, sentence)

    def takes(self, act: Callable[[dict[str, Any]], Any]) -> bool:
        """Runs ``act`` with the cleaned values; ``False`` where the form or the service refuses.

        What is refused to the person, not to his input (403, 404), goes on to the page's guard.
        """
        if not self.is_valid():
            return False
        try:
            act(self.cleaned_data)
        except GuitaiError as error:
            if error.status in {403, 404} and not error.field:
                raise
            self.refuse(error)
            return False
        return True


def line(
    label: str, *, limit: int = 0, needed: bool = False, hint: str = "", **attrs: Any
) -> forms.CharField:
    """One line of text. ``needed`` only marks it: the service says what is missing."""
    if limit:
        attrs["maxlength"] = limit
    if needed:
        attrs["required"] = True
    return forms.CharField(
        label=label, required=False, help_text=hint, widget=forms.TextInput(attrs=attrs)
    )


def secret(label: str, *, needed: bool = False, hint: str = "", **attrs: Any) -> forms.CharField:
    """A password, PIN or key: never sent back to the page."""
    attrs.setdefault("autocomplete", "new-password")
    if needed:
        attrs["required"] = True
    return forms.CharField(
        label=label,
        required=False,
        strip=False,
        help_text=hint,
        widget=forms.PasswordInput(attrs=attrs),
    )


def choice(
    label: str, choices: Iterable[tuple[str, str]], *, needed: bool = False, hint: str = ""
) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=list(choices), required=needed, help_text=hint)


def switch(label: str, *, hint: str = "") -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, help_text=hint)


def amount(label: str, *, needed: bool = False, hint: str = "") -> forms.CharField:
    """Whole dollars as typed (``1,200`` is fine); the page turns it into an ``int``."""
    return line(label, needed=needed, hint=hint, inputmode="numeric", size=12)
