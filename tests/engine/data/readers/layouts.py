"""Published data sets in miniature, each in its exact layout: `make(path)` fills a folder."""

import json
import pickle
from collections import defaultdict
from io import BytesIO
from itertools import chain

import numpy as np
from scipy.io import savemat

from engine.data.splits import list_split
from engine.schema.requests import Source
from tests.making import picture


def image(path):
    """A small image of the kind that the ending says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = BytesIO()
    seed = sum(path.name.encode())
    picture((200, 40, 40), seed, 8).save(file, "PNG" if path.suffix == ".png" else "JPEG")
    path.write_bytes(file.getvalue())


def text(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))


def mat(path, **variables):
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, variables)


def structs(rows, *names):
    """A structure array, as MATLAB saves it: one row, a cell a field."""
    array = np.empty((1, len(rows)), dtype=[(name, object) for name in names])
    for number, row in enumerate(rows):
        array[0, number] = row
    return array


def cells(*values):
    array = np.empty((1, len(values)), dtype=object)
    array[0, :] = values
    return array


def flowers102(root):
    """Ten images: 1 to 4 train, 5 to 7 valid, 8 and 9 test, 10 nowhere."""
    for number in range(1, 11):
        image(root / f"jpg/image_{number:05d}.jpg")
    mat(root / "imagelabels.mat", labels=np.array([[4, 1, 102, 4, 4, 1, 1, 4, 77, 1]], np.uint8))
    mat(
        root / "setid.mat",
        trnid=np.array([[3, 1, 2, 4]], np.uint16),
        valid=np.array([[5, 6, 7]], np.uint16),
        tstid=np.array([[8, 9]], np.uint16),
    )


def food101(root, lists=("json", "txt")):
    """Two classes, of twenty training and four test images each."""
    parts = {"train": range(20), "test": range(20, 24)}
    folders = ("apple_pie", "beef_carpaccio")
    for folder in folders:
        for number in range(24):
            image(root / f"images/{folder}/{number}.jpg")
    for split, numbers in parts.items():
        entries = {folder: [f"{folder}/{n}" for n in numbers] for folder in folders}
        if "txt" in lists:
            text(root / f"meta/{split}.txt", *chain.from_iterable(entries.values()))
        if "json" in lists:
            text(root / f"meta/{split}.json", json.dumps(entries))
    text(root / "meta/classes.txt", *folders)
    text(root / "meta/labels.txt", "Apple pie", "Beef carpaccio")


def cub200(root):
    names = ["001.Black_footed_Albatross", "002.Laysan_Albatross"]
    files = [f"{names[k // 2]}/bird_{k:04d}.jpg" for k in range(4)]
    for file in files:
        image(root / "images" / file)
    text(root / "images.txt", *(f"{k} {file}" for k, file in enumerate(files, 1)))
    text(root / "image_class_labels.txt", "1 1", "2 1", "3 2", "4 2")
    text(root / "train_test_split.txt", "1 1", "2 0", "3 0", "4 1")
    text(root / "classes.txt", *(f"{k} {name}" for k, name in enumerate(names, 1)))


def sun397(root):
    """Two partitions of two classes; an image is in neither list of either."""
    folders = ["/a/abbey", "/a/apse/indoor"]
    for folder in folders:
        for number in range(3):
            image(root / folder[1:] / f"sun_{number}.jpg")
    text(root / "ClassName.txt", *folders)
    for partition in (1, 2):
        text(
            root / f"Training_{partition:02d}.txt",
            *(f"{folder}/sun_{partition % 2}.jpg" for folder in folders),
        )
        text(root / f"Testing_{partition:02d}.txt", f"{folders[1]}/sun_2.jpg")


def stanford_cars(root):
    def annotations(rows):
        boxed = [(1.0, 2.0, 30.0, 40.0, np.uint8(kind), name) for name, kind in rows]
        names = ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "fname")
        return structs(boxed, *names)

    for split, count in (("train", 3), ("test", 2)):
        for number in range(1, count + 1):
            image(root / f"cars_{split}/{number:05d}.jpg")
    names = cells("AM General Hummer SUV 2000", "Ram C/V Cargo Van Minivan 2012")
    mat(root / "devkit/cars_meta.mat", class_names=names)
    train = annotations([("00001.jpg", 2), ("00002.jpg", 1), ("00003.jpg", 2)])
    mat(root / "devkit/cars_train_annos.mat", annotations=train)
    test = annotations([("00001.jpg", 1), ("00002.jpg", 2)])
    mat(root / "cars_test_annos_withlabels.mat", annotations=test)


FACES = (
    # image, split, Blond_Hair, Male, Smiling
    ("000001.jpg", 0, 1, -1, 1),
    ("000002.jpg", 0, -1, 1, -1),
    ("000003.jpg", 1, 1, 1, 1),
    ("000004.jpg", 1, -1, -1, 1),
    ("000005.jpg", 2, -1, 1, -1),
)


def celeba(root, kind="txt"):
    for name, *_ in FACES:
        image(root / "img_align_celeba" / name)
    if kind == "txt":
        rows = (
            f"{name} {blond:2d} {male:2d} {smiles:2d}" for name, _, blond, male, smiles in FACES
        )
        text(root / "list_attr_celeba.txt", len(FACES), "Blond_Hair Male Smiling ", *rows)
        text(root / "list_eval_partition.txt", *(f"{name} {part}" for name, part, *_ in FACES))
        return
    rows = (f"{name},{blond},{male},{smiles}" for name, _, blond, male, smiles in FACES)
    text(root / "list_attr_celeba.csv", "image_id,Blond_Hair,Male,Smiling", *rows)
    partition = (f"{name},{part}" for name, part, *_ in FACES)
    text(root / "list_eval_partition.csv", "image_id,partition", *partition)


def waterbirds(root):
    rows = [
        # y, split, place
        (0, 0, 0), (1, 0, 1), (1, 0, 0), (0, 1, 1), (1, 1, 1), (0, 2, 0),
    ]  # fmt: skip
    lines = []
    for number, (y, split, place) in enumerate(rows, 1):
        file = f"00{y + 1}.Bird/bird_{number}.jpg"
        image(root / file)
        lines.append(f"{number},{file},{y},{split},{place},/forest/{number}.jpg")
    text(root / "metadata.csv", "img_id,img_filename,y,split,place,place_filename", *lines)


def imagenet(root):
    """Three of the classes, train and val in class folders."""
    for wnid in ("n01440764", "n02012849", "n03126707"):
        for number in range(2):
            image(root / "train" / wnid / f"{wnid}_{number}.JPEG")
        image(root / "val" / wnid / f"ILSVRC2012_val_{int(wnid[1:])}.JPEG")


def metashift(root, subsets=None):
    subsets = subsets or {
        "dog(chair)": {"1", "2", "3"},
        "dog(water)": {"3", "4", "5", "6", "7", "8", "9", "10", "30"},
        "cat(book)": {str(n) for n in range(20, 31)},
    }
    for name in {name for names in subsets.values() for name in names} | {"99"}:
        image(root / f"images/{name}.jpg")
    published = defaultdict(set, subsets)
    (root / "full-candidate-subsets.pkl").write_bytes(pickle.dumps(published, protocol=4))


def fiftyone(root):
    for name in ("a.jpg", "b.x.png", "c.jpg", "sub/d.jpg", "e.jpg"):
        image(root / "data" / name)
    labels = {"a": 1, "b.x": 0, "c": None, "sub/d": 1, "gone": 0}
    text(root / "labels.json", json.dumps({"classes": ["cat", "dog"], "labels": labels}))


FOLDERS = {
    "flowers102": (flowers102, "flowers-102"),
    "food101": (food101, "food-101"),
    "cub200": (cub200, "CUB_200_2011"),
    "sun397": (sun397, "SUN397"),
    "stanford_cars": (stanford_cars, "stanford_cars"),
    "celeba": (celeba, "celeba"),
    "waterbirds": (waterbirds, "waterbird_complete95_forest2water2"),
    "imagenet": (imagenet, "ILSVRC/Data/CLS-LOC"),
    "metashift": (metashift, "metashift"),
    "fiftyone": (fiftyone, "fiftyone"),
}
"""By the reader's name: what makes it, and its folder in a root that holds several data sets."""


def read(path, split="valid", **more):
    """The listing of a split as its reader has it, with every class that the data declare."""
    return list_split(Source(model="m", checkpoint="c", data=str(path), **more), split)


def listed(split):
    """What a test compares: (path, class, group) of each image."""
    return [
        (
            sample.path,
            split.classes[sample.label],
            split.groups[sample.group] if sample.group >= 0 else None,
        )
        for sample in split.samples
    ]


def skipped(split):
    return {each.path: each.reason for each in split.skipped}
