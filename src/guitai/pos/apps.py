from django.apps import AppConfig


class PosConfig(AppConfig):
    name = "guitai.pos"
    label = "pos"
