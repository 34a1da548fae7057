"""WebDataset shards in miniature."""

import io
import tarfile

from tests.engine.data.readers.snapshots import encoded


def write_shard(path, members):
    """Write a tar of (name, content) or of TarInfo without content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            name, content = member
            info = tarfile.TarInfo(name)
            content = content.encode() if isinstance(content, str) else content
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def labelled(key, colour, label, ending="cls"):
    """An image and its label."""
    return [(f"{key}.png", encoded(colour)), (f"{key}.{ending}", label)]
