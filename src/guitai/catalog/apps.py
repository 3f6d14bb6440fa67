from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "guitai.catalog"
    label = "catalog"
