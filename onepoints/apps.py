from django.apps import AppConfig


class OnepointsConfig(AppConfig):
    name = "onepoints"
