from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "guitai.kernel"
    label = "kernel"
    verbose_name = "核心"
