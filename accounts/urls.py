"""Addresses about the person that are not allauth's."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("preferences/", views.preferences, name="preferences"),
    path("security/", views.security, name="security"),
    path("security/browsers/", views.browsers, name="browsers"),
    path("security/browsers/<int:pk>/sign-out/", views.sign_out_browser, name="sign_out_browser"),
    path("security/browsers/sign-out-others/", views.sign_out_others, name="sign_out_others"),
]
