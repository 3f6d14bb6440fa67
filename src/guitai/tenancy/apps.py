from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "guitai.tenancy"
    label = "tenancy"
    verbose_name = "商家"
