"""Addresses of what counts, of asking, and of a request."""

from django.urls import path

from submissions import views

urlpatterns = [
    path("activities/", views.activities, name="activities"),
    path("activities/<int:pk>/", views.activity, name="activity"),
    path("certifications/<int:pk>/ask/", views.ask, name="ask"),
    path("requests/", views.requests, name="requests"),
    path("requests/<int:pk>/", views.request_page, name="request"),
    path("requests/<int:pk>/answer/", views.answer, name="answer"),
    path("requests/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
]
