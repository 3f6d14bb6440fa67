from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "guitai.orders"
    label = "orders"
