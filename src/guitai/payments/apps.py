from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "guitai.payments"
    label = "payments"
