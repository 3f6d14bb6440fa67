"""udev rules for the printers of the catalogue: who may open them, and who must leave them alone.

ModemManager sends ``AT`` to every new serial port; a receipt printer prints it.
"""

from ..knowledge import profiles

PATH = "/etc/udev/rules.d/60-guitai-agent.rules"


def vendors() -> list[str]:
    """The USB vendors of the catalogue, four hexadecimal digits each, in its order."""
    known = [f"{vendor:04x}" for each in profiles().values() for vendor, _, _ in each.usb]
    return list(dict.fromkeys(known))


def rules() -> str:
    """The rules file: the person at the screen and the groups ``dialout`` and ``lp`` may open."""
    lines = ["# 發票機的使用權限，由 guitai-agent install-service 產生。"]
    for vendor in vendors():
        lines += [
            f'SUBSYSTEM=="tty", ATTRS{{idVendor}}=="{vendor}", GROUP="dialout", MODE="0660", '
            'TAG+="uaccess", ENV{ID_MM_DEVICE_IGNORE}="1"',
            f'SUBSYSTEM=="usb", ENV{{DEVTYPE}}=="usb_device", ATTR{{idVendor}}=="{vendor}", '
            'GROUP="lp", MODE="0660", TAG+="uaccess", ENV{ID_MM_DEVICE_IGNORE}="1"',
            f'SUBSYSTEM=="usbmisc", ATTRS{{idVendor}}=="{vendor}", GROUP="lp", MODE="0660", '
            'TAG+="uaccess"',
        ]
    return "\n".join(lines) + "\n"
