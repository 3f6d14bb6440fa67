from django.apps import AppConfig


class InvoicingConfig(AppConfig):
    name = "guitai.invoicing"
    label = "invoicing"
