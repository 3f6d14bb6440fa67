"""Which characters a name may hold, so that it survives the receipt, the centre and the QR code.

Sources: product.md B.5.13 (no special symbols or emoji in product names, or orders and invoices
may fail), mof.md V23 (no control characters, no lone surrogates).
"""

import unicodedata

_NEVER = {
    "Cc": "控制字元",
    "Cf": "看不見的格式字元",
    "Cs": "不完整的字元",
    "Co": "造字（私人使用區）",
    "Cn": "未定義的字元",
    "Zl": "分行符號",
    "Zp": "分段符號",
}
_EMOJI_BLOCKS = ((0x1F000, 0x1FBFF), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF), (0x20D0, 0x20FF))


def tidy(text: str) -> str:
    """NFC, no blanks at the ends; a no-break space becomes a plain one."""
    return unicodedata.normalize("NFC", text.replace("\u00a0", " ")).strip()


def fault_of(character: str) -> str:
    """What is wrong with one character, in the person's words; empty where nothing is."""
    category = unicodedata.category(character)
    if category in _NEVER:
        return _NEVER[category]
    if any(first <= ord(character) <= last for first, last in _EMOJI_BLOCKS):
        return "表情符號"
    # A symbol outside Big5 can neither be printed by the built-in fonts of receipt printers nor
    # be spelled by the centres that speak Big5; letters outside Big5 have a font of their own.
    if category in {"So", "Sk"} and not _in_big5(character):
        return "特殊符號"
    return ""


def _in_big5(character: str) -> bool:
    try:
        character.encode("cp950")
    except UnicodeEncodeError:
        return False
    return True


def first_fault(text: str) -> tuple[int, str, str] | None:
    """``(place counted from 1, how to show the character, what is wrong)`` or ``None``."""
    for place, character in enumerate(text, start=1):
        wrong = fault_of(character)
        if wrong:
            return place, shown(character), wrong
    return None


def shown(character: str) -> str:
    """``😀（U+1F600）``; what cannot be seen is named by its code alone."""
    code = f"U+{ord(character):04X}"
    if unicodedata.category(character) in _NEVER:
        return code
    return f"{character}（{code}）"
