from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    name = "guitai.providers"
    label = "providers"
