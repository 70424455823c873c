"""Addresses of logging and of evidence. What counts, and for what, is asked in `submissions`."""

from django.urls import path

from activities import views

urlpatterns = [
    path("activities/log/", views.log_activity, name="log_activity"),
    path("activities/<int:pk>/change/", views.change_activity, name="change_activity"),
    path("activities/<int:pk>/remove/", views.remove_activity, name="remove_activity"),
    path("evidence/<uuid:pk>/remove/", views.remove_evidence, name="remove_evidence"),
    path("evidence/<uuid:pk>/picture", views.evidence_picture, name="evidence_picture"),
    path("evidence/<uuid:pk>/picture/<int:number>/", views.evidence_page, name="evidence_page"),
    path("evidence/<uuid:pk>/file", views.evidence_file, name="evidence_file"),
]
