"""Where files of evidence are kept on an object store (EVIDENCE_STORAGE=s3://…).

A module of its own, so that a portal which keeps its files on a disk does not load the library.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage

from activities.rules import MEGABYTE
from activities.storage import PrivateFiles


class EvidenceBucket(PrivateFiles, S3Storage):
    """One PUT for each file, so that it is there whole or not at all; no access list beyond the bucket's own."""

    default_content_type = "application/octet-stream"

    def get_default_settings(self) -> dict[str, Any]:
        return {
            **super().get_default_settings(),
            "default_acl": None,
            "file_overwrite": True,  # names are random: asking for each first would only cost a call
            "max_memory_size": MEGABYTE,  # of a file on its way out; the rest waits on the disk
            "object_parameters": {"ContentType": "application/octet-stream"},
            "transfer_config": TransferConfig(multipart_threshold=64 * MEGABYTE, use_threads=False),
        }

    def __init__(self, **options: Any) -> None:
        super().__init__(client_config=_patience(own_server=bool(options.get("endpoint_url"))), **options)

    def _save(self, name: str, content: File) -> str:
        try:
            return str(super()._save(name, content))
        except (BotoCoreError, ClientError) as trouble:
            raise OSError(f"The object store did not take {name}: {trouble}") from trouble

    def _open(self, name: str, mode: str = "rb") -> File:
        try:
            return super()._open(name, mode)
        except (BotoCoreError, ClientError) as trouble:
            raise OSError(f"The object store did not give {name}: {trouble}") from trouble

    def stored_before(self, moment: datetime) -> Iterator[str]:
        """The names of all files last written before `moment`; one call for each thousand."""
        prefix = f"{self.location.strip('/')}/".lstrip("/")
        for entry in self.bucket.objects.filter(Prefix=prefix):
            if entry.last_modified < moment:
                yield entry.key.removeprefix(prefix)


def _patience(*, own_server: bool) -> Config:
    """Deadlines, since a person waits. A server of one's own seldom has a host name for each bucket."""
    return Config(
        connect_timeout=5,
        read_timeout=20,
        retries={"total_max_attempts": 2, "mode": "standard"},
        s3={"addressing_style": "path" if own_server else "auto"},
        request_checksum_calculation="when_required",  # what other makers' stores understand
        response_checksum_validation="when_required",
    )
