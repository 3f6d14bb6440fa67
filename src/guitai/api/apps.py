from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "guitai.api"
    label = "api"
