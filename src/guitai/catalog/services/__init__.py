"""The verbs of the catalogue; the only writers of its tables."""

from guitai.catalog.services.files import (
    Change,
    Preview,
    RowFault,
    apply,
    export_csv,
    export_xlsx,
    preview,
    template_csv,
    template_xlsx,
    upload,
)
from guitai.catalog.services.products import add_product, update_product

__all__ = [
    "Change",
    "Preview",
    "RowFault",
    "add_product",
    "apply",
    "export_csv",
    "export_xlsx",
    "preview",
    "template_csv",
    "template_xlsx",
    "update_product",
    "upload",
]
