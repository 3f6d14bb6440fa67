from django.apps import AppConfig


class NumberingConfig(AppConfig):
    name = "guitai.numbering"
    label = "numbering"
