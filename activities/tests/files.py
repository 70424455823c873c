"""Files as people send them, made here."""

import struct
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, ImageDraw
from reportlab.pdfgen.canvas import Canvas

from activities.tests import ole

SAMPLES = Path(__file__).parent / "samples"
WORDS = (
    "Certificate of Completion",
    "This is to certify that",
    "Ada Lovelace",
    "has successfully completed the course",
    "Rules and calculations in depth",
    "on June 3, 2025",
    "CPE credits: 24",
)


# --- sound ------------------------------------------------------------------------------------------------------------


def certificate(mode="RGB", size=(640, 400)):
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle([5, 5, size[0] - 6, size[1] - 6], outline="navy", width=4)
    for number, line in enumerate(WORDS):
        pen.text((60, 40 + 40 * number), line, fill="black", font_size=24)
    return image.convert(mode)


def saved(image, kind, **options):
    content = BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def pdf_with_words(pages=1, holder="Ada Lovelace", **options):
    content = BytesIO()
    canvas = Canvas(content, pagesize=(600, 400), **options)
    for _ in range(pages):
        for number, line in enumerate(WORDS):
            canvas.drawString(60, 340 - 40 * number, line.replace("Ada Lovelace", holder))
        canvas.showPage()
    canvas.save()
    return content.getvalue()


def mail(body="Dear Ada Lovelace,\nthank you for attending on 3 June 2025, 2 hours.", **headers):
    message = EmailMessage()
    message["From"], message["To"] = "Events <events@example.com>", "ada@example.com"
    message["Date"], message["Subject"] = "Tue, 03 Jun 2025 09:00:00 -0400", "Registration confirmation: Tech Talk"
    for name, value in headers.items():
        del message[name]
        message[name] = value
    message.set_content(body)
    return message


def mail_with(*files):
    message = mail()
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


PDF = pdf_with_words()
JPEG = saved(certificate(), "JPEG")
PNG = saved(certificate(), "PNG")
HEIC = (SAMPLES / "turned-1.heic").read_bytes()
EML = mail().as_bytes()
MSG = ole.outlook_mail(body="Thank you for attending on 3 June 2025, 2 hours.")
SOUND = {"pdf": PDF, "jpg": JPEG, "png": PNG, "heic": HEIC, "eml": EML, "msg": MSG}


def sound():
    """(name, content) of files that have to be taken."""
    yield from ((f"certificate.{suffix}", content) for suffix, content in SOUND.items())
    yield from _sound_pdfs()
    yield from _sound_pictures()
    yield from _sound_mails()


def _sound_pdfs():
    for pages in (2, 7, 40):
        yield f"{pages} pages.pdf", pdf_with_words(pages)
    yield "compressed.pdf", pdf_with_words(pageCompression=1)
    yield "scan.pdf", saved(certificate(), "PDF")
    yield "grey scan.pdf", saved(certificate("L"), "PDF", resolution=300)
    yield "black and white.pdf", saved(certificate("1"), "PDF")
    yield "scans.pdf", saved(certificate(), "PDF", save_all=True, append_images=[certificate()] * 3)
    for name, options in {
        "owner password": {"encryption": pikepdf.Encryption(owner="owner", user="")},
        "old owner password": {
            "encryption": pikepdf.Encryption(owner="owner", user="", R=3, aes=False, metadata=False)
        },
        "object streams": {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
        "for the web": {"linearize": True},
        "qdf": {"qdf": True},
    }.items():
        yield f"{name}.pdf", resaved(PDF, **options)
    yield "rubbish at the end.pdf", PDF + b"\n<!-- sent by a gateway -->\n" * 20
    yield "no table.pdf", PDF[: PDF.rindex(b"xref\n0")]
    yield "wrong table.pdf", PDF.replace(b"xref\n0", b"xref\n5")
    yield "cut off.pdf", PDF[:-40]
    yield "links.pdf", edited(_add_links)
    yield "filled form.pdf", edited(_add_field)
    yield "e-invoice.pdf", edited(lambda pdf: attach(pdf, "factur-x.xml", b"<?xml version='1.0'?><Invoice/>"))


def _sound_pictures():
    for mode in ("L", "CMYK"):
        yield f"{mode}.jpg", saved(certificate(mode), "JPEG")
    yield "progressive.jpg", saved(certificate(), "JPEG", progressive=True, quality=95)
    yield "two frames.jpg", saved(certificate(), "MPO", save_all=True, append_images=[certificate("L").convert("RGB")])
    yield "moving.jpg", JPEG + struct.pack(">I", 24) + b"ftypmp42" + b"\x00" * 5000  # as some phones append a film
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 7.0, 2.3)})
        yield f"turned {orientation}.jpg", saved(certificate(), "JPEG", exif=exif)
        yield f"turned {orientation}.png", saved(certificate(), "PNG", exif=exif)
        yield f"turned {orientation}.heic", (SAMPLES / f"turned-{orientation}.heic").read_bytes()
    broken = Image.Exif()
    broken[0x0112] = 6
    yield (
        "broken metadata.jpg",
        saved(certificate(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff" + broken.tobytes()),
    )
    yield "two pictures.heif", (SAMPLES / "two-pictures.heic").read_bytes()
    for mode in ("1", "L", "LA", "P", "RGBA"):
        yield f"{mode}.png", saved(certificate(mode), "PNG")
    yield "16 bits.png", saved(Image.new("I;16", (300, 200), 40_000), "PNG")
    yield "moving.png", saved(certificate(), "PNG", save_all=True, append_images=[certificate("L").convert("RGB")])


def _sound_mails():
    html = mail("only the other part counts")
    html.set_content(
        "<html><head><title>x</title></head><body><p>Thank you for <b>attending</b></p></body>", subtype="html"
    )
    yield "html.eml", html.as_bytes()
    yield "with a certificate.eml", mail_with(("certificate.pdf", PDF), ("invitation.ics", b"BEGIN:VCALENDAR"))
    yield "umlauts.eml", mail("Grüße aus Köln", Subject="Bestätigung: Schulung für Ä").as_bytes()
    yield "latin.eml", EML.replace(b'charset="utf-8"', b'charset="iso-8859-1"').replace(b"thank", b"th\xe4nk")
    yield "no such charset.eml", EML.replace(b'charset="utf-8"', b'charset="x-unknown-7"')
    yield "windows.eml", EML.replace(b"\n", b"\r\n")
    yield "mailbox.eml", b"From events@example.com Tue Jun  3 09:00:00 2025\n" + EML
    yield "from a gateway.eml", b"Received: from a by b; Tue, 3 Jun 2025\n" * 30 + EML
    yield "no subject.eml", EML.replace(b"Subject: Registration confirmation: Tech Talk\n", b"")
    forwarded = mail("see below")
    forwarded.add_attachment(mail("the confirmation itself"))
    yield "forwarded.eml", forwarded.as_bytes()
    yield "far east.eml", mail("オンライン研修の受講証明書", Subject="受講証明").as_bytes()
    yield "html.msg", ole.outlook_mail(html=b"<p>Thank you for attending</p>")
    yield "with a certificate.msg", ole.outlook_mail(body="attached", files=[("certificate.pdf", PDF)])
    yield "forwarded.msg", ole.outlook_mail(files=[("inner.msg", ole.inner_mail("Confirmation", "you took part"))])
    yield "meeting.msg", ole.outlook_mail(body="2 pm", kind="IPM.Schedule.Meeting.Request")


# --- PDFs, edited -----------------------------------------------------------------------------------------------------


def resaved(content, **options):
    return _saved_pdf(pikepdf.open(BytesIO(content)), **options)


def _saved_pdf(pdf, **options):
    content = BytesIO()
    pdf.save(content, **options)
    return content.getvalue()


def edited(edit, **options):
    pdf = pikepdf.open(BytesIO(PDF))
    edit(pdf)
    return _saved_pdf(pdf, **options)


def annotation(**entries):
    return Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 50, 50], **entries)


def _add_links(pdf):
    pdf.pages[0].Annots = Array([
        annotation(A=Dictionary(S=Name.URI, URI=String("https://example.com"))),
        annotation(A=Dictionary(S=Name.GoToR, F=String("other.pdf"), D=Array([0, Name.Fit]))),
        annotation(A=Dictionary(S=Name.Named, N=Name.NextPage)),
    ])  # fmt: skip


def _add_field(pdf):
    field = pdf.make_indirect(
        Dictionary(
            Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("name"), V=String("Ada"), Rect=[0, 0, 90, 20]
        )
    )
    pdf.pages[0].Annots = Array([field])
    pdf.Root.AcroForm = Dictionary(Fields=Array([field]), NeedAppearances=True)


def attach(pdf, name, content, *, named=True, **entries):
    file = pdf.make_stream(content, Type=Name.EmbeddedFile) if named else pdf.make_stream(content)
    spec = pdf.make_indirect(Dictionary(Type=Name.Filespec, F=String(name), UF=String(name), EF=Dictionary(F=file)))
    pdf.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=Array([String(name), spec])))
    return spec
