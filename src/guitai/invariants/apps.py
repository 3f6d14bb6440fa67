from django.apps import AppConfig


class InvariantsConfig(AppConfig):
    name = "guitai.invariants"
    label = "invariants"
