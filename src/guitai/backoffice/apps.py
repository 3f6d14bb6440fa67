from django.apps import AppConfig


class BackofficeConfig(AppConfig):
    name = "guitai.backoffice"
    label = "backoffice"
