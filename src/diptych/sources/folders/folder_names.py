"""What folders are called that are no classes: wrappers, pieces of archives, masks, lists."""

import re
from collections.abc import Collection

from diptych.sources.parts import part_named

_WRAPPERS = frozenset(
    (
        *("archive", "archives", "data", "dataset", "datasets", "download", "downloads", "export"),
        *("image", "images", "img", "imgs", "jpegimages", "jpg", "jpeg", "png", "picture"),
        *("pictures", "pics", "photo", "photos", "rgb", "raw", "original", "originals", "input"),
        *("inputs", "frames", "classes", "files", "unzipped", "extracted", "takeout"),
        *(
            "labelled",
            "labeled",
            "newfolder",
            "untitledfolder",
            "drivedownload",
            "allimages",
            "imagedata",
            "clsloc",
        ),
    )
)
_MASKS = frozenset(
    (
        *("mask", "masks", "gt", "groundtruth", "segmentation", "segmentations", "seg", "segs"),
        *("segmentationclass", "segmentationobject", "segmentationmasks", "trimap", "trimaps"),
        *("annotation", "annotations", "label", "labels", "maskimages", "labelimages"),
    )
)
_LISTS = frozenset(
    (
        *("annotation", "annotations", "annot", "label", "labels", "xml", "xmls", "json"),
        *("imageset", "imagesets", "metadata", "meta", "doc", "docs", "documentation"),
        *("list", "lists", "split", "splits", "csv", "csvs", "txt", "text", "bbox", "bboxes"),
        *("attributes", "code", "script", "scripts", "src", "notebook", "notebooks", "log"),
        *("logs", "result", "results", "output", "outputs"),
    )
)
# Of what comes with a program or a paper: classes are called so too, where nothing else says more.
_PAGES = frozenset(
    (
        *("asset", "assets", "doc", "docs", "documentation", "figure", "figures", "figs", "static"),
        *("screenshot", "screenshots", "readmefiles", "readmeimages", "example", "examples"),
        *("sample", "samples", "demo", "demos", "notebook", "notebooks", "website", "github"),
    )
)
_NEW = re.compile(
    r"(?:new folder|untitled folder|neuer ordner|nouveau dossier|nueva carpeta|nuova cartella"
    r"|nova pasta|новая папка|新建文件夹|新しいフォルダー)(?: ?\(?\d+\)?)?"
)
_UNLABELLED = frozenset(
    (
        *("unlabelled", "unlabeled", "unsup", "unsupervised", "nolabel", "nolabels"),
        *("pred", "predict", "prediction", "predictions", "topredict", "segpred", "submission"),
    )
)
_ANY_LABEL = frozenset(("unknown", "all", "allclasses", "none", "0", *_UNLABELLED))
# A stamp of Google Drive: 20260101T000000Z.
_STAMPED = re.compile(r"(.*\d{8}t\d{6}z)(?:-\d+)*-(\d+)")
_COUNTED = re.compile(r"(.*?)[ _.-]*\((\d+)\)|(.*?)[ _.-]*(\d+)")
_PIECE = re.compile(r"(.*?)[ _.-]*(?:part|pt|piece|chunk|vol|volume)[ _.-]*(\d+)(?:of\d+)?")
_SMALL = re.compile(r"thumbs?|thumbnails?|previews?")
_FOLD = re.compile(r"(?:k?[ _-]?fold|cv|split)[ _.-]*(\d+)", re.IGNORECASE)


def is_wrapper(name: str) -> bool:
    """Whether a folder is called as one of pictures of all kinds is."""
    return plain(name) in _WRAPPERS


def is_of_masks(name: str) -> bool:
    """Whether a folder is called as one of masks is."""
    return plain(name) in _MASKS


def is_of_many_masks(name: str) -> bool:
    """The same for names that a class of something with a mask on has not."""
    return is_of_masks(name) and plain(name) not in ("mask", "seg", "gt", "label", "annotation")


def is_of_small_copies(name: str) -> bool:
    """Whether a folder is called as one of small copies of pictures is."""
    return bool(_SMALL.fullmatch(plain(name)))


def is_of_lists(name: str) -> bool:
    """Whether a folder is called as one of texts about pictures is."""
    return plain(name) in _LISTS


def is_of_pages(name: str) -> bool:
    """Whether a folder is called as one of figures is that come with a program or a paper."""
    return plain(name) in _PAGES


def is_new(name: str) -> bool:
    """Whether a folder has the name that it was made with."""
    return bool(_NEW.fullmatch(name.casefold()))


def is_unlabelled(name: str) -> bool:
    """Whether a folder is called as one of pictures without labels is."""
    return plain(name) in _UNLABELLED


def may_lack_labels(name: str) -> bool:
    """Whether a folder beside others is called as one of pictures to test or predict on is."""
    return part_named(name) in ("valid", "test") or is_unlabelled(name)


def may_be_unlabelled(name: str) -> bool:
    """Whether a folder, alone in a part, is called as no class is."""
    return plain(name) in _ANY_LABEL or is_wrapper(name)


def are_pieces(names: Collection[str], above: str) -> bool:
    """Whether folders are called as the pieces of one archive are; `above` is the folder's name.

    A number alone makes no piece: patient1 and patient2 are called so too.
    """
    lower = {name.casefold() for name in names}
    counted = any("(" in name for name in names)
    stems = set[str]()
    for name in lower:
        if (stem := _stem_of_piece(name, above, lower if counted else ())) is None:
            return False
        stems.add(stem)
    return len(names) > 1 and len(stems) == 1


def fold_of(name: str, any_number: bool = False) -> int | None:
    """Which fold a folder is called; with `any_number` the last number in its name will do."""
    match = _FOLD.fullmatch(name) or (any_number and re.search(r"(\d+)\D*$", name))
    return int(match[1]) if match else None


def plain(name: str) -> str:
    """A name in small letters, without spaces and signs."""
    return re.sub(r"[\W_]+", "", name.casefold())


def _stem_of_piece(name: str, above: str, counted: Collection[str]) -> str | None:
    if match := _STAMPED.fullmatch(name) or _PIECE.fullmatch(name):
        return plain(match[1])
    match = _COUNTED.fullmatch(name)
    stem = (match[1] if match[1] is not None else match[3]) if match else name
    # "flowers" and "flowers (1)" are what a browser makes of two downloads.
    known = is_wrapper(stem) or plain(stem) == plain(above) or stem in counted
    return plain(stem) if plain(stem) and known else None
