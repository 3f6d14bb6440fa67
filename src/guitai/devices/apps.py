from django.apps import AppConfig


class DevicesConfig(AppConfig):
    name = "guitai.devices"
    label = "devices"
