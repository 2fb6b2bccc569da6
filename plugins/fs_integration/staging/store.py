"""How one item is kept: a file and a manifest that is written last, so that half an item never looks whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fs_integration.errors import ConnectionSetupError, ServiceUnavailable, StagingDamaged
from fs_integration.points import point

MANIFEST = "manifest.json"
LOCAL_PROTOCOLS = ("", "file", "local")


@dataclass(frozen=True)
class Manifest:
    """What a stored item must look like.

    :param file: name of the file beside the manifest; :param rows: 0 where the item has no rows.
    :param size: bytes; :param sha256: hexadecimal.
    """

    file: str
    rows: int
    size: int
    sha256: str


class Store:
    """Items below one root, which is a local folder or any object store that offers ``pathlib``'s methods.

    :param root: ``pathlib.Path``, ``UPath``, Airflow's ``ObjectStoragePath`` or an equal.
    """

    def __init__(self, root: Any) -> None:
        self.is_local = getattr(root, "protocol", "") in LOCAL_PROTOCOLS
        self.root: Any = Path(root.path if hasattr(root, "protocol") else root) if self.is_local else root

    def put(self, folder: str, file: str, content: bytes, *, rows: int = 0) -> Manifest:
        """Replace the item in ``folder``.

        :raises ServiceUnavailable: when the store cannot take it, for example because the disk is full.
        :raises ConnectionSetupError: when the tasks have no right to write there.
        """
        manifest = Manifest(file, rows, len(content), hashlib.sha256(content).hexdigest())
        try:
            self.remove(folder)
            place = self.root / folder
            place.mkdir(parents=True, exist_ok=True)
            self._write(place / file, content)
            self._write(place / MANIFEST, json.dumps(asdict(manifest), indent=2).encode())
        except PermissionError as exc:
            raise ConnectionSetupError(
                f"Staging area: no right to write `{folder}` below `{self.root}`. "
                "Grant it to the account that runs the tasks."
            ) from exc
        except OSError as exc:
            raise ServiceUnavailable(
                f"Staging area: `{folder}` could not be written below `{self.root}`: {exc.strerror or exc}. "
                "Free space or mend the store; the next try of this task writes the folder anew."
            ) from exc
        return manifest

    def get(self, folder: str, *, sha256: str | None = None) -> tuple[bytes, Manifest]:
        """Return an item's content.

        :param sha256: what the caller was promised; None takes the manifest's word.
        :raises StagingDamaged: when the item is missing, incomplete, altered or not the promised one.
        """
        manifest = self._manifest(folder)
        try:
            content: bytes = (self.root / folder / manifest.file).read_bytes()
        except FileNotFoundError as exc:
            raise self._damaged(folder, f"file `{manifest.file}` is missing") from exc
        found = hashlib.sha256(content).hexdigest()
        if found != manifest.sha256:
            sizes = f"{manifest.size} bytes were written, {len(content)} are there"
            raise self._damaged(folder, f"`{manifest.file}` was altered ({sizes})")
        if sha256 is not None and found != sha256:
            raise self._damaged(folder, "it was written anew after this task was handed its reference")
        return content, manifest

    def has(self, folder: str) -> bool:
        """Tell whether a complete item is there."""
        return bool((self.root / folder / MANIFEST).exists())

    def remove(self, folder: str) -> None:
        """Remove a folder and all below it, manifests first; nothing there is no error."""
        place = self.root / folder
        if not place.exists():
            return
        point(f"staging.remove {place.name}")
        for manifest in [place / MANIFEST, *(item / MANIFEST for item in place.iterdir())]:
            if manifest.exists():
                manifest.unlink()
        if self.is_local:
            shutil.rmtree(place)
        else:
            place.rmdir(recursive=True)

    def _write(self, path: Any, content: bytes) -> None:
        if not self.is_local:
            point(f"staging.write {path.name}")
            path.write_bytes(content)  # object stores show a file only when it is complete
            return
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
        point(f"staging.write {path.name}")
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        point(f"staging.rename {path.name}")
        unfinished.replace(path)

    def _manifest(self, folder: str) -> Manifest:
        try:
            return Manifest(**json.loads((self.root / folder / MANIFEST).read_bytes()))
        except FileNotFoundError as exc:
            raise self._damaged(folder, "it is missing or was never finished") from exc
        except (ValueError, TypeError) as exc:
            raise self._damaged(folder, f"its {MANIFEST} cannot be read") from exc

    def _damaged(self, folder: str, what: str) -> StagingDamaged:
        return StagingDamaged(
            f"Staging area: `{folder}` below `{self.root}` is damaged: {what}. "
            "Clear the extract task of this run with all tasks after it; it stages everything anew."
        )
