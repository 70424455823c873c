"""Certificates with words in them, for tests of what is read from a file."""

from io import BytesIO

import pikepdf
from django.core.files.uploadedfile import SimpleUploadedFile

COURSE = (
    "Certificate of Completion",
    "This certifies that Robin Rivera",
    "has completed Rules and calculations in depth",
    "on March 2, 2026",
    "CPE credits: 22",
)


def certificate(*lines: str, name: str = "certificate.pdf") -> SimpleUploadedFile:
    """A PDF of one page that says these lines."""
    words = " ".join(f"({line}) Tj 0 -30 Td" for line in lines or COURSE)
    document = pikepdf.new()
    document.add_blank_page(page_size=(600, 400))
    page = document.pages[0]
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    page.Contents = document.make_stream(f"BT /F1 20 Tf 40 340 Td {words} ET".encode())
    content = BytesIO()
    document.save(content)
    return SimpleUploadedFile(name, content.getvalue(), content_type="application/pdf")
