from django.apps import AppConfig


class ReportingConfig(AppConfig):
    name = "guitai.reporting"
    label = "reporting"
